//! Which topics a connection has, and what their services keep for it.

use std::collections::BTreeMap;

use cyclone_edge_protocol::sockjs::Topic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The open topics of a connection: no more than there are services, since others cannot be subscribed to.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Open(BTreeMap<Topic, Value>);

impl Open {
    /// Opens a topic; whether it was closed before.
    pub(super) fn insert(&mut self, topic: &Topic) -> bool {
        let is_new = !self.has(topic);
        if is_new {
            self.0.insert(topic.clone(), Value::Null);
        }
        is_new
    }

    /// Closes a topic; whether it was open.
    pub(super) fn remove(&mut self, topic: &Topic) -> bool {
        self.0.remove(topic).is_some()
    }

    pub(super) fn has(&self, topic: &Topic) -> bool {
        self.0.contains_key(topic)
    }

    pub(super) fn state(&self, topic: &Topic) -> Option<&Value> {
        self.0.get(topic)
    }

    /// Keeps something for a topic that is open.
    pub(super) fn set_state(&mut self, topic: &Topic, state: Value) {
        if let Some(kept) = self.0.get_mut(topic) {
            *kept = state;
        }
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_open_from_its_first_sub_to_its_first_uns() {
        let Some(ann) = Topic::of_name("ann") else { unreachable!() };
        let mut open = Open::default();
        assert!(!open.has(&ann) && !open.remove(&ann));
        assert!(open.insert(&ann) && !open.insert(&ann) && open.has(&ann));
        open.set_state(&ann, Value::from(5));
        assert!(!open.insert(&ann), "a second sub");
        assert_eq!(open.state(&ann), Some(&Value::from(5)), "changes nothing");
        assert!(open.remove(&ann) && !open.remove(&ann));
        open.set_state(&ann, Value::from(6));
        assert!(!open.has(&ann) && open.state(&ann).is_none());
    }

    #[test]
    fn what_is_kept_reads_back() {
        let mut open = Open::default();
        for name in ["ann", "b, c"] {
            let Some(topic) = Topic::of_name(name) else { unreachable!() };
            open.insert(&topic);
            open.set_state(&topic, Value::from(name));
        }
        let text = serde_json::to_string(&open).unwrap_or_default();
        assert_eq!(text, r#"{"ann":"ann","b%2C%20c":"b, c"}"#);
        let again: Open = serde_json::from_str(&text).unwrap_or_default();
        assert!(again.topics().eq(open.topics()));
    }
}
