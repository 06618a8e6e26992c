//! What happened in a run: all that was published, and all that each listener saw. Times are microseconds since the run
//! began.

use std::collections::BTreeMap;

/// A run.
#[derive(Clone, Debug, Default)]
pub(super) struct Transcript {
    /// How many messages a channel keeps at least.
    pub(super) retention: u64,
    /// Whether a listener of a single channel may be held by a relay too, since its channel is full.
    pub(super) hands_over: bool,
    pub(super) published: Vec<Published>,
    pub(super) listeners: Vec<Heard>,
}

/// A message, and what its publisher knows of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    pub(super) number: u32,
    pub(super) channels: Vec<String>,
    /// When it was sent for the first time.
    pub(super) sent_at: u64,
    /// How often it was sent.
    pub(super) attempts: u32,
    /// The ids by channel that the hub acknowledged, in every answer that it gave.
    pub(super) acknowledged: Vec<(String, u64)>,
    /// When the last answer came that acknowledged it.
    pub(super) answered_at: u64,
}

/// What a listener saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    pub(super) name: String,
    /// In the order of the cursor's positions.
    pub(super) channels: Vec<String>,
    /// Where it stood when it was greeted for the first time, or where it chose to begin; empty before that.
    pub(super) first: Vec<u64>,
    /// When it asked, as far as it did not choose where to begin.
    pub(super) asked_at: Option<u64>,
    /// When it was greeted.
    pub(super) greeted_at: u64,
    pub(super) sights: Vec<Sight>,
    /// Where it stands.
    pub(super) last: Vec<u64>,
    /// Whether it left before the run ended: what came later is not for it.
    pub(super) left: bool,
    /// How often it came back.
    pub(super) reconnects: u64,
}

/// An event that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) at: u64,
    pub(super) channel: String,
    pub(super) id: u64,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The message with this number.
    Message(u32),
    /// `sse.gap`; the listener stood here before.
    Gap { from: u64 },
    /// Something that was never published, or not so.
    Garbled(String),
}

impl Heard {
    /// Where the listener began in a channel; `None` where it never was told.
    pub(super) fn began(&self, channel: &str) -> Option<u64> {
        self.position_of(channel, &self.first)
    }

    /// Where the listener stands in a channel.
    pub(super) fn stands(&self, channel: &str) -> Option<u64> {
        self.position_of(channel, &self.last)
    }

    fn position_of(&self, channel: &str, positions: &[u64]) -> Option<u64> {
        positions.get(self.channels.iter().position(|name| name == channel)?).copied()
    }

    /// Whether it stands at these positions in its channels, or beyond.
    pub(super) fn has_reached(&self, ends: &BTreeMap<String, u64>) -> bool {
        self.channels.iter().all(|channel| self.stands(channel) >= ends.get(channel).copied())
    }
}
