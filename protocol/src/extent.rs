//! What is left of a channel's history, and what a listener gets of it that returns, or that begins some time ago.

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
    /// Where a listener begins that wants what came after `since`: a position of this history, which it can resume from.
    ///
    /// Who wants more than there ever was misses nothing, and stands where those do that were there before the first
    /// message; who wants less than the last message stands at the head. But of what came up to `expired` nobody can say
    /// that it never was: the history may have been over since, and have begun anew.
    #[must_use]
    pub fn begin(self, since: MessageId, expired: MessageId) -> MessageId {
        if !self.is_before(since) {
            since.min(self.head)
        } else if since < expired {
            MessageId::LOST
        } else {
            MessageId::START
        }
    }

    fn is_before(self, since: MessageId) -> bool {
        self.born == MessageId::START || since < self.born
    }

    /// What a reader gets that asks for what came after `since`, which need be no position of this history: 0 is for all that
    /// is left. A gap is what is known to be gone, or may be, up to `expired`.
    #[must_use]
    pub fn after(self, since: MessageId, expired: MessageId) -> Resume {
        let may_be_gone = since != MessageId::START && since < expired && self.is_before(since);
        Resume { start: since.min(self.head).max(self.trimmed), gap: since < self.trimmed || may_be_gone }
    }

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
    use proptest::prelude::*;

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
            ("given up", whole, 1, (0, true)),
            ("given up, trimmed since", trimmed, 1, (150, true)),
            ("given up, nothing published since", blank, 1, (0, true)),
        ];
        for (what, extent, position, expected) in cases {
            assert_eq!(resume(extent, position), expected, "{what}");
        }
    }

    #[test]
    fn a_listener_that_begins_some_time_ago_is_told_of_a_gap_only_where_something_is_gone() {
        let whole = (100, 0, 200);
        let trimmed = (100, 150, 200);
        let cases = [
            ("within history", whole, 120, (120, false)),
            ("before the channel was", whole, 99, (0, false)),
            ("after the last message", whole, 201, (200, false)),
            ("before the first message", (0, 0, 0), 99, (0, false)),
            ("within what was trimmed", trimmed, 149, (150, true)),
            ("before the channel was, trimmed since", trimmed, 99, (150, true)),
            ("at the trim mark", trimmed, 150, (150, false)),
            ("after the last message, all trimmed", (100, 200, 200), 250, (200, false)),
        ];
        for (what, extent, since, expected) in cases {
            let begin =
                Extent { born: id(extent.0), trimmed: id(extent.1), head: id(extent.2) }.begin(id(since), id(0));
            assert_eq!(resume(extent, begin.as_u64()), expected, "{what}");
        }
    }

    #[test]
    fn who_begins_before_a_history_that_may_not_be_the_first_is_told_of_a_gap() {
        let begin = |extent: (u64, u64, u64), since, expired| {
            Extent { born: id(extent.0), trimmed: id(extent.1), head: id(extent.2) }
                .begin(id(since), id(expired))
                .as_u64()
        };
        assert_eq!(begin((100, 0, 200), 50, 49), 0);
        assert_eq!(begin((100, 0, 200), 50, 51), 1, "there may have been some at 51");
        assert_eq!(begin((0, 0, 0), 50, 51), 1);
        assert_eq!(begin((100, 0, 200), 120, 130), 120, "what is there is there");
    }

    #[test]
    fn a_reader_asks_for_any_time_and_is_told_what_is_gone() {
        let (whole, trimmed, blank) = ((100, 0, 200), (100, 150, 200), (0, 0, 0));
        for (what, extent, since, expired, expected) in [
            ("within", whole, 120, 0, (120, false)),
            ("after the last message", whole, 500, 90, (200, false)),
            ("before the first message", whole, 60, 50, (60, false)),
            ("before the first message, which may not be the first", whole, 40, 50, (40, true)),
            ("all that is left", whole, 0, 50, (0, false)),
            ("all that is left of more", trimmed, 0, 0, (150, true)),
            ("before the trim mark", trimmed, 149, 0, (150, true)),
            ("at the trim mark", trimmed, 150, 0, (150, false)),
            ("nothing there", blank, 0, 50, (0, false)),
            ("nothing there lately", blank, 60, 50, (0, false)),
            ("nothing there any more", blank, 40, 50, (0, true)),
        ] {
            let extent = Extent { born: id(extent.0), trimmed: id(extent.1), head: id(extent.2) };
            let resume = extent.after(id(since), id(expired));
            assert_eq!((resume.start.as_u64(), resume.gap), expected, "{what}");
        }
    }

    proptest! {
        /// Whatever was published and trimmed, and whatever is published before the listener resumes from where it
        /// began: it gets all that came after the time, and is told of a gap when some of that is gone.
        #[test]
        fn who_begins_some_time_ago_gets_what_came_since_or_is_told(
            steps in proptest::collection::vec(1..5_u64, 0..20),
            began in 0..=20_usize,
            dropped in 0..=20_usize,
            since in 0..60_u64,
        ) {
            let ids: Vec<u64> = steps.iter().scan(0, |last, step| { *last += step; Some(*last) }).collect();
            let extent = |published: &[u64], dropped: &[u64]| Extent {
                born: id(published.first().copied().unwrap_or(0)),
                trimmed: id(dropped.last().copied().unwrap_or(0)),
                head: id(published.last().copied().unwrap_or(0)),
            };
            let (began, dropped) = (began.min(ids.len()), dropped.min(ids.len()));
            let ((before, later), (gone, left)) = (ids.split_at(began), ids.split_at(dropped));
            let gone_before = ids.split_at(dropped.min(began)).0;
            let resume = extent(&ids, gone).resume(extent(before, gone_before).begin(id(since), id(0)));
            let wanted = |from: &[u64]| from.iter().copied().filter(|id| *id > since).collect::<Vec<_>>();
            let got: Vec<u64> = left.iter().copied().filter(|id| *id > resume.start.as_u64()).collect();
            // Where a channel's clock is behind, what is published later can count as from before the time.
            let is_behind = later.iter().any(|id| *id <= since);
            if !is_behind {
                prop_assert_eq!(resume.gap, !wanted(gone).is_empty());
                prop_assert_eq!(&got, &wanted(left));
            }
            prop_assert!(wanted(left).iter().all(|id| got.contains(id)));
        }
    }
}
