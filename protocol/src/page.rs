//! A piece of a channel's history, as it travels from a channel to a relay and to listeners that resume.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{Message, MessageId};

/// Messages of one channel that follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Where the piece begins: the position asked for, or the trim mark where that position is not to be had.
    pub start: MessageId,
    /// Messages between the position asked for and `start` may be gone.
    pub gap: bool,
    /// In the order of their ids, all above `start`.
    pub messages: Vec<Message>,
    /// The position of who has this piece: the last message's id, or the channel's head if there are no more.
    pub end: MessageId,
}

impl Page {
    /// The messages above one position and up to another.
    #[must_use]
    pub fn between(&self, after: MessageId, until: MessageId) -> &[Message] {
        let from = self.messages.partition_point(|message| message.id <= after);
        let to = self.messages.partition_point(|message| message.id <= until);
        self.messages.get(from..to).unwrap_or_default()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_page_leaves_out_its_first_position_and_includes_its_last() {
        let id = |id| MessageId::new(id).unwrap();
        let messages = [2, 5, 9].map(|number| Message { id: id(number), event: None, data: String::new() });
        let page = Page { start: id(1), gap: false, messages: messages.to_vec(), end: id(9) };
        for (after, until, expected) in
            [(0, 10, &[2, 5, 9][..]), (2, 9, &[5, 9]), (2, 8, &[5]), (5, 5, &[]), (9, 20, &[]), (9, 2, &[])]
        {
            let part = page.between(id(after), id(until)).iter().map(|message| message.id.as_u64());
            assert_eq!(part.collect::<Vec<_>>(), expected, "({after}, {until}]");
        }
    }
}
