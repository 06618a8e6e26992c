//! What is left of a channel's history, and what a returning listener gets of it.

use crate::MessageId;

/// How far a channel's history reaches. All three are [`MessageId::START`] before the first message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The first id that this history ever gave: a cursor from before it belongs to a history that was wiped.
    pub born: MessageId,
    /// Up to which id messages have been trimmed.
    pub trimmed: MessageId,
    /// The last id given.
    pub head: MessageId,
}

/// Where a listener is taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The position after which the listener gets everything.
    pub start: MessageId,
    /// Messages that the listener has not seen may be gone: it is told with `sse.gap`.
    pub gap: bool,
}

impl Extent {
    /// Takes up a listener that comes with `position`.
    #[must_use]
    pub fn resume(self, position: MessageId) -> Resume {
        // Position START is what a listener holds that was there before the first message.
        let of_this_history = position == MessageId::START || (self.born..=self.head).contains(&position);
        if of_this_history && position >= self.trimmed {
            Resume { start: position, gap: false }
        } else {
            Resume { start: self.trimmed, gap: true }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn id(value: u64) -> MessageId {
        MessageId::new(value).unwrap()
    }

    fn resume(extent: (u64, u64, u64), position: u64) -> (u64, bool) {
        let extent = Extent { born: id(extent.0), trimmed: id(extent.1), head: id(extent.2) };
        let resume = extent.resume(id(position));
        (resume.start.as_u64(), resume.gap)
    }

    #[test]
    fn a_listener_is_taken_up_where_it_stands_or_told_of_the_gap() {
        let whole = (100, 0, 200);
        let trimmed = (100, 150, 200);
        let blank = (0, 0, 0);
        let all_trimmed = (100, 200, 200);
        let cases = [
            ("up to date", whole, 200, (200, false)),
            ("behind", whole, 120, (120, false)),
            ("there before the first message", whole, 0, (0, false)),
            ("there before the first message, trimmed since", trimmed, 0, (150, true)),
            ("at the trim mark", trimmed, 150, (150, false)),
            ("before the trim mark", trimmed, 149, (150, true)),
            ("up to date with nothing left", all_trimmed, 200, (200, false)),
            ("from a wiped history", whole, 99, (0, true)),
            ("from a wiped history, nothing published since", blank, 99, (0, true)),
            ("from a history whose clock ran ahead", whole, 201, (0, true)),
        ];
        for (what, extent, position, expected) in cases {
            assert_eq!(resume(extent, position), expected, "{what}");
        }
    }
}
