//! What a client says in the topic `*`, which is that of the connection itself: no channel can be called so.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The topic.
pub(super) const CONTROL: &str = "*";

/// A message in the topic.
#[derive(Deserialize)]
pub(super) struct Control<'a> {
    /// What the client shows from now on, in place of what it showed before.
    pub(super) authorize: Option<Shown>,
    /// A message to publish, as `POST /publish` takes it as JSON.
    #[serde(borrow)]
    pub(super) publish: Option<&'a RawValue>,
}

/// What a client shows.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Shown {
    /// A key or a token to publish with.
    #[serde(default)]
    pub(super) key: String,
    /// A token to subscribe with.
    pub(super) token: Option<String>,
}

impl Shown {
    /// The most bytes that each of the two may have: a session keeps them.
    const MAX_BYTES: usize = 16 * 1024;

    /// Whether it is small enough to be kept.
    pub(super) fn is_small(&self) -> bool {
        self.key.len() <= Self::MAX_BYTES && self.token.as_ref().is_none_or(|token| token.len() <= Self::MAX_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_a_message_are_read_as_they_are_written() {
        let control: Control<'_> = serde_json::from_str(
            r#"{"authorize": {"key": "k"}, "publish": {"channel": "cats", "message": [1,  2]}, "other": 1}"#,
        )
        .unwrap_or_else(|why| unreachable!("{why}"));
        assert_eq!(control.publish.map(RawValue::get), Some(r#"{"channel": "cats", "message": [1,  2]}"#));
        assert!(control.authorize.is_some_and(|shown| shown.key == "k" && shown.token.is_none()));
    }

    #[test]
    fn what_is_shown_has_a_bound() {
        let shown = |bytes: usize| Shown { key: "k".repeat(bytes), token: None };
        assert!(shown(Shown::MAX_BYTES).is_small());
        assert!(!shown(Shown::MAX_BYTES + 1).is_small());
    }
}
