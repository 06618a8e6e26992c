//! How much is measured.

use serde::{Deserialize, Serialize};

use crate::task::{Mix, Task};

/// The numbers of a run of the benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    /// Whether the hub is also measured with all legs of one kind.
    pub(crate) forced_legs: bool,
    /// Listeners of a broadcast.
    pub(crate) broadcast: u32,
    /// Listeners of one channel, for the first plot.
    pub(crate) sizes: Vec<u32>,
    /// How many messages each broadcast has.
    pub(crate) messages: u32,
    /// Messages per second to `listeners`, for the second plot.
    pub(crate) rates: Vec<u32>,
    pub(crate) rate_seconds: u32,
    /// How many listen where messages are many.
    pub(crate) listeners: u32,
    /// Messages per second that are sustained for `sustained_seconds`.
    pub(crate) sustained_rate: u32,
    pub(crate) sustained_seconds: u32,
    pub(crate) flat_out_seconds: u32,
    /// Listeners that are only there.
    pub(crate) idle: u32,
    /// When what was needed only while they connected has been given back.
    pub(crate) settling_seconds: u32,
    /// Silences after which a channel may have been evicted.
    pub(crate) silences: Vec<u32>,
    pub(crate) publish_seconds: u32,
    /// Messages whose processor time is taken, one by one.
    pub(crate) single_messages: u32,
    /// Messages whose processor time is taken, at the sustained rate.
    pub(crate) coalesced_messages: u32,
    /// How many join, and leave.
    pub(crate) joining: u32,
    /// How many are there already when they join.
    pub(crate) present: Vec<u32>,
    /// Over how many channels `joining` listeners are spread.
    pub(crate) channels: Vec<u32>,
    /// How often a server is started in each round: a start takes little time, and scatters.
    pub(crate) starts: u32,
    /// Whether it is looked where the hub spends its time.
    pub(crate) profiles: bool,
}

impl Plan {
    /// About half an hour.
    pub(crate) fn full() -> Self {
        Self {
            rounds: 3,
            forced_legs: true,
            broadcast: 3_600,
            sizes: vec![100, 500, 1_000, 2_000, 4_000, 8_000],
            messages: 10,
            rates: vec![10, 50, 100, 200, 500, 1_000],
            rate_seconds: 5,
            listeners: 1_000,
            sustained_rate: 500,
            sustained_seconds: 20,
            flat_out_seconds: 6,
            idle: 2_000,
            settling_seconds: 2,
            silences: vec![8, 9, 10, 11, 12, 15],
            publish_seconds: 5,
            single_messages: 20,
            coalesced_messages: 1_500,
            joining: 1_000,
            present: vec![0, 7_000],
            channels: vec![1, 10, 100, 1_000],
            starts: 3,
            profiles: true,
        }
    }

    /// About four minutes.
    pub(crate) fn quick() -> Self {
        Self {
            rounds: 1,
            sizes: vec![100, 1_000, 4_000],
            messages: 5,
            rates: vec![50, 500],
            rate_seconds: 3,
            sustained_seconds: 5,
            flat_out_seconds: 4,
            idle: 1_000,
            silences: vec![12],
            publish_seconds: 3,
            single_messages: 20,
            coalesced_messages: 1_000,
            joining: 500,
            present: vec![0, 3_500],
            channels: vec![1, 500],
            ..Self::full()
        }
    }

    /// Some seconds.
    pub(crate) fn smoke() -> Self {
        Self {
            rounds: 1,
            forced_legs: false,
            broadcast: 20,
            sizes: vec![10],
            messages: 2,
            rates: vec![10],
            rate_seconds: 1,
            listeners: 20,
            sustained_rate: 50,
            sustained_seconds: 1,
            flat_out_seconds: 1,
            idle: 20,
            settling_seconds: 0,
            // Too short to be evicted in.
            silences: vec![1],
            publish_seconds: 1,
            single_messages: 5,
            coalesced_messages: 10,
            joining: 10,
            present: vec![0, 10],
            channels: vec![10],
            starts: 1,
            profiles: false,
        }
    }

    /// One broadcast for each mix.
    pub(crate) fn broadcasts(&self) -> impl Iterator<Item = Task> {
        Mix::ALL.into_iter().map(|mix| self.broadcast(mix))
    }

    pub(crate) fn broadcast(&self, mix: Mix) -> Task {
        Task::Broadcast { mix, listeners: self.broadcast, messages: self.messages }
    }

    pub(crate) fn size(&self, listeners: u32) -> Task {
        Task::Broadcast { mix: Mix::Single, listeners, messages: self.messages }
    }

    pub(crate) fn rate(&self, per_second: u32) -> Task {
        Task::Rate { listeners: self.listeners, per_second, seconds: self.rate_seconds }
    }

    pub(crate) fn sustained(&self) -> Task {
        Task::Rate { listeners: self.listeners, per_second: self.sustained_rate, seconds: self.sustained_seconds }
    }

    pub(crate) fn flat_out(&self) -> Task {
        Task::FlatOut { listeners: self.listeners, seconds: self.flat_out_seconds }
    }

    pub(crate) fn publish(&self) -> Task {
        Task::FlatOut { listeners: 0, seconds: self.publish_seconds }
    }

    pub(crate) fn spread(&self, channels: u32) -> Task {
        Task::Spread { listeners: self.joining, channels, seconds: self.rate_seconds }
    }
}
