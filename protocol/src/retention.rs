//! When history is trimmed, by count and by age, and when a channel without any gives its storage back.

use crate::MessageId;

/// How much history a channel keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The last so many messages are kept.
    pub max_messages: u64,
    /// Messages published longer ago than this are dropped, in milliseconds.
    pub max_age_ms: u64,
}

impl Retention {
    /// Whether `count` messages are so many that trimming is due.
    ///
    /// Trimming waits until a tenth too many are there, so that it happens in batches: each row is written once and
    /// deleted once, but the statement runs rarely. What waits is still served.
    #[must_use]
    pub fn is_due(self, count: u64) -> bool {
        count > self.max_messages.saturating_add(self.max_messages / 10)
    }

    /// The last id that is too old at `now_ms`: messages up to it are dropped.
    #[must_use]
    pub fn expired(self, now_ms: u64) -> MessageId {
        MessageId::new(now_ms.saturating_sub(self.max_age_ms).saturating_sub(1)).unwrap_or(MessageId::MAX)
    }

    /// When to trim by age next, where `oldest` is the oldest message left, in milliseconds since the epoch.
    ///
    /// That is when it expires, but never sooner than after a tenth of the age, or a second: trimming runs in batches.
    #[must_use]
    pub fn next_trim(self, oldest: MessageId, now_ms: u64) -> u64 {
        let expires = oldest.as_u64().saturating_add(self.max_age_ms).saturating_add(1);
        expires.max(now_ms.saturating_add((self.max_age_ms / 10).max(1_000)))
    }

    /// When a channel without history gives its storage back that was noted as left at `vacated_ms`, in milliseconds since
    /// the epoch.
    ///
    /// That is when a listener that left then, or up to [`Self::tolerance_ms`] later, and comes back, could not count on
    /// history any more; and no sooner than when a channel that begins anew gives higher ids than `head`, the last one.
    #[must_use]
    pub fn gives_back(self, vacated_ms: u64, head: MessageId) -> u64 {
        let noted_ms = vacated_ms.max(head.as_u64());
        noted_ms.saturating_add(self.max_age_ms).saturating_add(self.tolerance_ms()).saturating_add(1)
    }

    /// For how long it need not be noted again that a channel was left: each time is a row written.
    #[must_use]
    pub fn tolerance_ms(self) -> u64 {
        self.max_age_ms / 10
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn trimming_by_count_waits_for_a_batch() {
        let retention = Retention { max_messages: 100, max_age_ms: 1 };
        assert!(!retention.is_due(100));
        assert!(!retention.is_due(110));
        assert!(retention.is_due(111));
        assert!(Retention { max_messages: 1, max_age_ms: 1 }.is_due(2));
        assert!(Retention { max_messages: 9, max_age_ms: 1 }.is_due(10));
    }

    #[test]
    fn a_message_lives_for_the_whole_of_its_age() {
        let retention = Retention { max_messages: 1, max_age_ms: 1_000 };
        let message = MessageId::new(5_000).unwrap();
        assert!(retention.expired(6_000) < message);
        assert_eq!(retention.expired(6_001), message);
        assert_eq!(retention.expired(10), MessageId::START);
    }

    #[test]
    fn trimming_by_age_waits_for_a_batch() {
        let retention = Retention { max_messages: 1, max_age_ms: 100_000 };
        let oldest = MessageId::new(5_000).unwrap();
        assert_eq!(retention.next_trim(oldest, 5_000), 105_001, "when the oldest expires");
        assert_eq!(retention.next_trim(oldest, 100_000), 110_000, "a tenth of the age from now");
        assert_eq!(Retention { max_age_ms: 1_000, ..retention }.next_trim(oldest, 9_000), 10_000, "a second from now");
    }

    #[test]
    fn a_channel_that_begins_anew_gives_higher_ids_than_before() {
        let retention = Retention { max_messages: 1, max_age_ms: 1_000 };
        let head = MessageId::new(9_000).unwrap();
        for vacated_ms in [0, 8_000, 9_000, 20_000] {
            let due = retention.gives_back(vacated_ms, head);
            assert!(due > vacated_ms + 1_000, "not while history could still be asked for");
            assert!(MessageId::following(MessageId::START, due) > head);
        }
    }

    proptest! {
        #[test]
        fn what_is_due_has_expired(published in 0..(1_u64 << 52), age in 0..(1_u64 << 40), now in 0..(1_u64 << 52)) {
            let retention = Retention { max_messages: 1, max_age_ms: age };
            let message = MessageId::new(published).unwrap();
            let due = retention.next_trim(message, now);
            prop_assert!(retention.expired(due) >= message);
            prop_assert!(due > now);
        }
    }
}
