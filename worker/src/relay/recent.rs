//! The last messages delivered, kept while a listener is being caught up.
//!
//! A relay asks the channel for history, and while it waits the channel goes on publishing: without these messages a
//! listener of a busy channel would chase the head and never be live.

use std::collections::{BTreeMap, VecDeque};

use cyclone_edge_protocol::{ChannelName, Message, MessageId, Page};

/// The most bytes kept of one channel.
const MAX_BYTES: usize = 256 * 1024;
/// The most channels that messages are kept of. Listeners of others are caught up from history alone.
const MAX_CHANNELS: usize = 64;

/// Messages delivered lately, by channel.
#[derive(Default)]
pub(super) struct Recent(BTreeMap<ChannelName, Tail>);

/// The end of a channel's history, whole from `after` on.
struct Tail {
    after: MessageId,
    messages: VecDeque<Message>,
    bytes: usize,
}

impl Recent {
    /// Keeps messages that follow `after`.
    pub(super) fn extend(&mut self, channel: &ChannelName, after: MessageId, messages: &[Message]) {
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
    pub(super) fn page(&self, channel: &ChannelName, after: MessageId) -> Option<Page> {
        let tail = self.0.get(channel)?;
        let end = tail.messages.back().map_or(tail.after, |message| message.id);
        if !(tail.after..=end).contains(&after) {
            return None;
        }
        let messages: Vec<Message> = tail.messages.iter().filter(|message| message.id > after).cloned().collect();
        Some(Page { start: after, gap: false, messages, end })
    }

    /// Forgets a channel whose history has a hole now, or that is not followed any more.
    pub(super) fn forget(&mut self, channel: &ChannelName) {
        self.0.remove(channel);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
