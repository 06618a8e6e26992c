//! How messages of one channel are ordered and named.

use core::fmt;

/// The id of a message: unique and increasing within its channel, and near the time of its publish.
///
/// The unit is milliseconds since the Unix epoch. Ids of different channels are never compared. As a listener's
/// position, an id means "has seen all up to this one"; [`Self::START`] means "has seen nothing".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "hub", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct MessageId(u64);

impl MessageId {
    /// The position before every message.
    pub const START: Self = Self(0);
    /// A position of no history: who holds it is told of a gap.
    pub const LOST: Self = Self(1);
    /// The largest id: every id is exact as a JavaScript number and as a JSON number.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Takes a number as an id, unless it is larger than [`Self::MAX`].
    #[must_use]
    pub fn new(value: u64) -> Option<Self> {
        (value <= Self::MAX.0).then_some(Self(value))
    }

    /// The id of the message after `previous`, published at `now_ms`.
    ///
    /// A clock that stands still or goes back still gives increasing ids; one that ran ahead is waited for.
    #[must_use]
    pub fn following(previous: Self, now_ms: u64) -> Self {
        Self(previous.0.saturating_add(1).max(now_ms)).min(Self::MAX)
    }

    /// The id as a number.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_tells_the_time_when_the_clock_runs() {
        assert_eq!(MessageId::following(MessageId(1_000), 5_000), MessageId(5_000));
        assert_eq!(MessageId::following(MessageId::START, 5_000), MessageId(5_000));
    }

    #[test]
    fn ids_go_on_when_the_clock_stands_still_or_goes_back() {
        let mut id = MessageId::START;
        let mut seen = Vec::new();
        for now in [5_000, 5_000, 5_000, 10, 0, 4_999, 5_004, 5_005] {
            id = MessageId::following(id, now);
            seen.push(id.as_u64());
        }
        assert_eq!(seen, [5_000, 5_001, 5_002, 5_003, 5_004, 5_005, 5_006, 5_007]);
    }

    #[test]
    fn numbers_that_javascript_would_round_are_no_ids() {
        assert_eq!(MessageId::new(1 << 53), None);
        assert_eq!(MessageId::new((1 << 53) - 1), Some(MessageId::MAX));
    }

    proptest! {
        #[test]
        fn ids_increase_under_any_clock(clock in proptest::collection::vec(0..=(1_u64 << 52), 1..200)) {
            let mut previous = MessageId::START;
            for now in clock {
                let id = MessageId::following(previous, now);
                prop_assert!(id > previous);
                prop_assert!(id.as_u64() >= now);
                prop_assert_eq!(MessageId::new(id.as_u64()).unwrap(), id);
                previous = id;
            }
        }
    }
}
