//! The last messages delivered, kept while a listener is being caught up.
//!
//! A relay asks the channel for history, and while it waits the channel goes on publishing: without these messages a
//! listener of a busy channel would chase the head and never be live.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use crate::{ChannelName, Message, MessageId, Page};

/// The most bytes kept of one channel.
const MAX_BYTES: usize = 256 * 1024;
/// The most channels that messages are kept of. Listeners of others are caught up from history alone.
const MAX_CHANNELS: usize = 64;

/// Messages delivered lately, by channel.
#[derive(Clone, Debug, Default)]
pub struct Recent(BTreeMap<ChannelName, Tail>);

/// The end of a channel's history, whole from `after` on.
#[derive(Clone, Debug)]
struct Tail {
    after: MessageId,
    messages: VecDeque<Message>,
    bytes: usize,
}

impl Recent {
    /// Keeps messages that follow `after`.
    pub fn extend(&mut self, channel: &ChannelName, after: MessageId, messages: &[Message]) {
        if self.0.len() >= MAX_CHANNELS && !self.0.contains_key(channel) {
            return;
        }
        let tail = self.0.entry(channel.clone());
        let tail = tail.or_insert_with(|| Tail { after, messages: VecDeque::new(), bytes: 0 });
        for message in messages {
            tail.bytes += message.bytes();
            tail.messages.push_back(message.clone());
        }
        while tail.bytes > MAX_BYTES
            && let Some(oldest) = tail.messages.pop_front()
        {
            tail.bytes -= oldest.bytes();
            tail.after = oldest.id;
        }
    }

    /// What follows a position, if that is known whole.
    #[must_use]
    pub fn page(&self, channel: &ChannelName, after: MessageId) -> Option<Page> {
        let tail = self.0.get(channel)?;
        let end = tail.messages.back().map_or(tail.after, |message| message.id);
        if !(tail.after..=end).contains(&after) {
            return None;
        }
        let messages: Vec<Message> = tail.messages.iter().filter(|message| message.id > after).cloned().collect();
        Some(Page { start: after, gap: false, messages, end })
    }

    /// Forgets a channel whose history has a hole now, or that is not followed any more.
    pub fn forget(&mut self, channel: &ChannelName) {
        self.0.remove(channel);
    }

    /// Forgets everything: nobody is about to join.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn id(value: u64) -> MessageId {
        MessageId::new(value).unwrap()
    }

    fn messages(ids: &[u64], bytes: usize) -> Vec<Message> {
        ids.iter().map(|number| Message { id: id(*number), event: None, data: "x".repeat(bytes) }).collect()
    }

    fn channel(name: &str) -> ChannelName {
        ChannelName::new(name).unwrap()
    }

    fn page(recent: &Recent, after: u64) -> Option<(Vec<u64>, u64)> {
        let page = recent.page(&channel("a"), id(after))?;
        assert_eq!((page.start, page.gap), (id(after), false));
        Some((page.messages.iter().map(|message| message.id.as_u64()).collect(), page.end.as_u64()))
    }

    #[test]
    fn what_follows_a_position_is_known_from_where_the_keeping_began() {
        let mut recent = Recent::default();
        recent.extend(&channel("a"), id(5), &messages(&[6, 8], 1));
        recent.extend(&channel("a"), id(8), &messages(&[9], 1));
        assert_eq!(page(&recent, 4), None, "what came before is not kept");
        assert_eq!(page(&recent, 5), Some((vec![6, 8, 9], 9)));
        assert_eq!(page(&recent, 7), Some((vec![8, 9], 9)));
        assert_eq!(page(&recent, 9), Some((vec![], 9)));
        assert_eq!(page(&recent, 10), None, "who is ahead is told nothing");
    }

    #[test]
    fn what_does_not_fit_is_forgotten_from_the_oldest_on() {
        let mut recent = Recent::default();
        recent.extend(&channel("a"), id(0), &messages(&[1, 2, 3], MAX_BYTES / 2));
        assert_eq!(page(&recent, 1), None);
        assert_eq!(page(&recent, 2), Some((vec![3], 3)));
        recent.extend(&channel("a"), id(3), &messages(&[4], 2 * MAX_BYTES));
        assert_eq!(page(&recent, 3), None);
        assert_eq!(page(&recent, 4), Some((vec![], 4)));
    }

    #[test]
    fn a_channel_can_be_forgotten_and_so_many_are_kept() {
        let mut recent = Recent::default();
        for number in 0..=MAX_CHANNELS {
            recent.extend(&channel(&number.to_string()), id(0), &messages(&[1], 1));
        }
        assert!(recent.page(&channel("0"), id(0)).is_some());
        assert!(recent.page(&channel(&MAX_CHANNELS.to_string()), id(0)).is_none());
        recent.forget(&channel("0"));
        assert!(recent.page(&channel("0"), id(0)).is_none());
    }
}
