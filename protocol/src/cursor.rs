//! Where a listener stands, as the SSE `id:` carries it.
//!
//! Users treat a cursor as opaque. Its form, for those who build hubs and clients:
//!
//! ```text
//! cursor   = [ source ":" ] position *( "." position ) [ "@" time ]
//! source   = index of the channel that this event is from, in the order of the channel set
//! position = 1*16DIGIT      ; id of the last message that the listener has of this channel, 0 for none yet
//!          / "-"            ; unknown: begin with what is published from now on, or as long ago as the listener says
//! time     = 1*16DIGIT      ; when a position was 0 that still is, in milliseconds since the Unix epoch
//! ```
//!
//! There is one position for each channel, in the order of [`ChannelSet`](crate::ChannelSet). With one channel the
//! source is left out, so the cursor is the message id itself.
//!
//! An id tells how old it is; 0 does not. A channel that had no message then may have had some since, and be as new again
//! after its history was over: hence the time.

use alloc::{vec, vec::Vec};
use core::fmt;

use crate::{ChannelSet, MessageId, number::whole_number};

/// One position per channel of a set, and which of them moved last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The index of the channel that the event with this cursor is from; `None` outside an event.
    pub source: Option<usize>,
    /// As many as the set has channels; `None` where the listener has no position yet.
    pub positions: Vec<Option<MessageId>>,
    /// When the channels were without a message in which the position is [`MessageId::START`], in milliseconds since the
    /// Unix epoch; `None` where nobody says.
    pub blank_at_ms: Option<u64>,
}

impl Cursor {
    /// The most bytes that a cursor can have: three for the source, and 17 for each channel and for the time.
    pub const MAX_BYTES: usize = 3 + 17 * (ChannelSet::MAX_CHANNELS + 1);

    /// The cursor of a listener that has no position in any of `channels`.
    #[must_use]
    pub fn unknown(channels: &ChannelSet) -> Self {
        Self { source: None, positions: vec![None; channels.len()], blank_at_ms: None }
    }

    /// Reads a cursor that was made for `channels`.
    ///
    /// # Errors
    /// When the text is no cursor, or one for another number of channels.
    pub fn parse(text: &str, channels: &ChannelSet) -> Result<Self, InvalidCursor> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidCursor);
        }
        let (text, blank_at_ms) = match text.split_once('@') {
            Some((text, time)) => (text, Some(parse_number(time)?)),
            None => (text, None),
        };
        let (source, positions) = match text.split_once(':') {
            Some(_) if channels.single().is_some() => return Err(InvalidCursor),
            Some((source, positions)) => (Some(parse_index(source, channels)?), positions),
            None => (None, text),
        };
        let positions = positions.split('.').map(parse_position).collect::<Result<Vec<_>, _>>()?;
        if positions.len() != channels.len() {
            return Err(InvalidCursor);
        }
        let cursor = Self { source, positions, blank_at_ms };
        Ok(if cursor.is_blank_anywhere() { cursor } else { Self { blank_at_ms: None, ..cursor } })
    }

    fn is_blank_anywhere(&self) -> bool {
        self.positions.contains(&Some(MessageId::START))
    }

    /// Gives up positions before every message that were right longer ago than `max_age_ms`, or, by a clock that was ahead,
    /// will be then: what was published since may have come and gone, and the channel be as new again. Who holds them is
    /// told of a gap.
    pub fn expire(&mut self, now_ms: u64, max_age_ms: u64) {
        if self.blank_at_ms.is_some_and(|at_ms| at_ms.abs_diff(now_ms) > max_age_ms) {
            let blank = self.positions.iter_mut().filter(|position| **position == Some(MessageId::START));
            blank.for_each(|position| *position = Some(MessageId::LOST));
        }
    }

    /// The position in the channel at a place in the order, [`MessageId::START`] where there is none.
    #[must_use]
    pub fn position(&self, index: usize) -> MessageId {
        self.positions.get(index).copied().flatten().unwrap_or(MessageId::START)
    }

    /// Moves the position in the channel at a place in the order.
    pub fn set_position(&mut self, index: usize, position: MessageId) {
        if let Some(current) = self.positions.get_mut(index) {
            *current = Some(position);
        }
    }
}

fn parse_index(text: &str, channels: &ChannelSet) -> Result<usize, InvalidCursor> {
    let index = parse_number(text).and_then(|index| usize::try_from(index).map_err(|_| InvalidCursor))?;
    if index < channels.len() { Ok(index) } else { Err(InvalidCursor) }
}

fn parse_position(text: &str) -> Result<Option<MessageId>, InvalidCursor> {
    if text == "-" {
        return Ok(None);
    }
    parse_number(text).and_then(|number| MessageId::new(number).map(Some).ok_or(InvalidCursor))
}

/// As many digits as the largest id has.
fn parse_number(text: &str) -> Result<u64, InvalidCursor> {
    whole_number(text).filter(|_| text.len() <= 16).ok_or(InvalidCursor)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = self.source.filter(|_| self.positions.len() > 1) {
            write!(f, "{source}:")?;
        }
        for (index, position) in self.positions.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            match position {
                Some(id) => id.fmt(f)?,
                None => f.write_str("-")?,
            }
        }
        match self.blank_at_ms.filter(|_| self.is_blank_anywhere()) {
            Some(at_ms) => write!(f, "@{at_ms}"),
            None => Ok(()),
        }
    }
}

/// The text is no cursor of the channels concerned. A hub then treats the listener as a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor;

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a cursor of these channels")
    }
}

impl core::error::Error for InvalidCursor {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::ChannelName;
    use proptest::prelude::*;

    fn channels(count: usize) -> ChannelSet {
        ChannelSet::new((0..count).map(|n| ChannelName::new(format!("c{n:02}")).unwrap())).unwrap()
    }

    #[test]
    fn the_cursor_of_one_channel_is_the_message_id() {
        let cursor = Cursor { source: Some(0), positions: vec![MessageId::new(1_732_000_000_123)], blank_at_ms: None };
        assert_eq!(cursor.to_string(), "1732000000123");
        assert_eq!(Cursor::parse("1732000000123", &channels(1)).unwrap().positions, cursor.positions);
        assert_eq!(Cursor::parse("0:1732000000123", &channels(1)), Err(InvalidCursor));
    }

    #[test]
    fn the_cursor_of_several_names_the_source_and_every_position() {
        let cursor =
            Cursor { source: Some(1), positions: vec![MessageId::new(7), MessageId::new(9), None], blank_at_ms: None };
        assert_eq!(cursor.to_string(), "1:7.9.-");
        assert_eq!(Cursor::parse("1:7.9.-", &channels(3)), Ok(cursor));
    }

    #[test]
    fn a_position_before_every_message_is_given_up_when_messages_may_have_come_and_gone_since() {
        let expired = |text: &str, now_ms| {
            let mut cursor = Cursor::parse(text, &channels(3)).unwrap();
            cursor.expire(now_ms, 500);
            cursor.to_string()
        };
        for (text, now_ms, expected) in [
            ("0.7.-@1000", 1_500, "0.7.-@1000"),
            ("0.7.-@1000", 1_501, "1.7.-"),
            ("0.7.-@1000", 500, "0.7.-@1000"),
            ("0.7.-@1000", 499, "1.7.-"),
            ("2:0.7.0@1000", 1_501, "2:1.7.1"),
            ("0.7.-", u64::MAX, "0.7.-"),
            ("5.7.-@1000", u64::MAX, "5.7.-"),
        ] {
            assert_eq!(expired(text, now_ms), expected, "{text} at {now_ms}");
        }
    }

    #[test]
    fn what_is_no_cursor_of_the_set_is_refused() {
        for text in [
            "",
            "x",
            "-1",
            "+1",
            "1.",
            ".1",
            "1.2.3",
            "2:1.2",
            "a:1.2",
            ":1.2",
            "1:1:2",
            "1 .2",
            "9007199254740992.1",
            "00000000000000001.1",
            "0.1@",
            "0.1@x",
            "0@1.1",
            "0.1@1@1",
            "0.1@00000000000000001",
        ] {
            assert_eq!(Cursor::parse(text, &channels(2)), Err(InvalidCursor), "{text:?}");
        }
        assert_eq!(Cursor::parse(&"1.".repeat(100_000), &channels(100)), Err(InvalidCursor));
    }

    #[test]
    fn the_longest_cursor_fits_its_bound() {
        let positions = [vec![Some(MessageId::MAX); 99], vec![Some(MessageId::START)]].concat();
        let cursor = Cursor { source: Some(99), positions, blank_at_ms: Some(9_999_999_999_999_999) };
        assert!(cursor.to_string().len() <= Cursor::MAX_BYTES);
        assert_eq!(Cursor::parse(&cursor.to_string(), &channels(100)), Ok(cursor));
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_as_itself(
            positions in proptest::collection::vec(proptest::option::of(prop_oneof![Just(0), 0..(1_u64 << 53)]), 2..=100),
            blank_at_ms in proptest::option::of(0..10_000_000_000_000_000_u64),
            source in proptest::option::of(0..2_usize),
        ) {
            let positions: Vec<_> = positions.into_iter().map(|id| id.and_then(MessageId::new)).collect();
            let blank_at_ms = blank_at_ms.filter(|_| positions.contains(&Some(MessageId::START)));
            let cursor = Cursor { source, positions, blank_at_ms };
            let channels = channels(cursor.positions.len());
            prop_assert_eq!(Cursor::parse(&cursor.to_string(), &channels), Ok(cursor));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*", count in 1..5_usize) {
            let _ = Cursor::parse(&text, &channels(count));
        }
    }
}
