//! How a relay joins what channels send it without a hole or a double.
//!
//! A channel sends a relay its messages in batches; each batch says after which id it begins. Batches can be repeated
//! (an answer was lost) and can jump ahead (the channel lost its memory of what the relay has).

use crate::MessageId;

/// What a relay does with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Deliver the messages whose ids are above the relay's position; there may be none.
    Deliver,
    /// Messages between the relay's position and the batch are missing: ask for them.
    Behind,
}

/// Holds a batch that begins after `after` against the relay's `position` in the channel.
#[must_use]
pub fn accept(position: MessageId, after: MessageId) -> Acceptance {
    if position >= after { Acceptance::Deliver } else { Acceptance::Behind }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(value: u64) -> MessageId {
        MessageId::new(value).unwrap()
    }

    #[test]
    fn batches_that_follow_or_overlap_are_delivered_and_holes_are_noticed() {
        assert_eq!(accept(id(5), id(5)), Acceptance::Deliver);
        assert_eq!(accept(id(7), id(5)), Acceptance::Deliver);
        assert_eq!(accept(id(4), id(5)), Acceptance::Behind);
    }

    proptest! {
        /// Whatever batches arrive, in whatever order and however often: nothing is delivered twice or out of order,
        /// and once the relay's questions are answered it has everything.
        #[test]
        fn any_schedule_of_batches_delivers_each_message_once(batches in proptest::collection::vec((0..30_u64, 0..8_u64), 0..60)) {
            let head = 30;
            let mut position = id(0);
            let mut delivered = Vec::new();
            let mut receive = |after: u64, last: u64, position: &mut MessageId| match accept(*position, id(after)) {
                Acceptance::Behind => false,
                Acceptance::Deliver => {
                    for message in (after + 1..=last).map(id).filter(|message| *message > *position).collect::<Vec<_>>() {
                        delivered.push(message.as_u64());
                        *position = message;
                    }
                    true
                }
            };
            for (after, count) in batches {
                let last = (after + count).min(head);
                if !receive(after, last, &mut position) {
                    let known = position.as_u64();
                    prop_assert!(receive(known, last, &mut position));
                }
            }
            let known = position.as_u64();
            prop_assert!(receive(known, head, &mut position));
            prop_assert_eq!(delivered, (1..=head).collect::<Vec<_>>());
        }
    }
}
