//! How a relay joins what channels send it without a hole or a double.
//!
//! A channel sends a relay its messages in pages; each says after which id it begins. Pages can be repeated (an answer
//! was lost) and can jump ahead (the channel lost its memory of what the relay has).

use crate::{Message, MessageId, Page};

/// What a relay at some position takes from a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News<'a> {
    /// Messages up to this id are lost to the relay's listeners; they are told before they get the rest.
    pub gap: Option<MessageId>,
    /// The messages that the relay does not have yet, in the order of their ids.
    pub messages: &'a [Message],
}

/// Holds a page against a relay's `position` in the channel.
///
/// `None` means that messages between the two are missing, which history still has: the relay asks for them.
#[must_use]
pub fn accept(position: MessageId, page: &Page) -> Option<News<'_>> {
    let is_ahead = position < page.start;
    if is_ahead && !page.gap {
        return None;
    }
    let gap = is_ahead.then_some(page.start);
    Some(News { gap, messages: page.between(position.max(page.start), MessageId::MAX) })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(value: u64) -> MessageId {
        MessageId::new(value).unwrap()
    }

    /// The messages after one number and up to another, of a channel in which every number is one.
    fn page(after: u64, last: u64, gap: bool) -> Page {
        let message = |number| Message { id: id(number), event: None, data: String::new() };
        Page { start: id(after), gap, messages: (after + 1..=last).map(message).collect(), end: id(last) }
    }

    fn numbers(messages: &[Message]) -> Vec<u64> {
        messages.iter().map(|message| message.id.as_u64()).collect()
    }

    #[test]
    fn pages_that_follow_or_overlap_are_taken_and_holes_are_noticed() {
        let cases = [
            ("follows", 5, page(5, 7, false), Some((None, vec![6, 7]))),
            ("overlaps", 6, page(5, 7, false), Some((None, vec![7]))),
            ("is known", 9, page(5, 7, false), Some((None, vec![]))),
            ("is ahead", 4, page(5, 7, false), None),
            ("is ahead because history was trimmed", 4, page(5, 7, true), Some((Some(id(5)), vec![6, 7]))),
            ("tells of a gap that another told of", 6, page(5, 7, true), Some((None, vec![7]))),
        ];
        for (what, position, page, expected) in cases {
            let news = accept(id(position), &page).map(|news| (news.gap, numbers(news.messages)));
            assert_eq!(news, expected, "{what}");
        }
    }

    proptest! {
        /// Whatever pages arrive, in whatever order and however often: nothing is delivered twice or out of order,
        /// and once the relay's questions are answered it has everything.
        #[test]
        fn any_schedule_of_pages_delivers_each_message_once(pages in proptest::collection::vec((0..30_u64, 0..8_u64), 0..60)) {
            let head = 30;
            let mut delivered: Vec<u64> = Vec::new();
            let mut receive = |page: Page| {
                let position = delivered.last().copied().unwrap_or(0);
                match accept(id(position), &page) {
                    Some(news) => {
                        delivered.extend(numbers(news.messages));
                        Ok(())
                    }
                    None => Err(position),
                }
            };
            for (after, count) in pages {
                let last = (after + count).min(head);
                if let Err(position) = receive(page(after, last, false)) {
                    prop_assert_eq!(receive(page(position, last, false)), Ok(()));
                }
            }
            if let Err(position) = receive(page(head, head, false)) {
                prop_assert_eq!(receive(page(position, head, false)), Ok(()));
            }
            prop_assert_eq!(delivered, (1..=head).collect::<Vec<_>>());
        }
    }
}
