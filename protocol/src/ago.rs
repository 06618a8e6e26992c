//! How long ago a listener asked first.
//!
//! A listener learns from the greeting where it stands. One whose first answer was held back on the way has not: it says
//! how long ago it asked, and begins there and not with what is published from now on.

use core::fmt;

use crate::{MessageId, number::whole_number};

/// A time before now, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ago {
    ms: u64,
}

impl Ago {
    /// The longest time: an hour. Who was away for longer has a cursor, or begins anew.
    pub const MAX_MS: u64 = 3_600_000;

    /// Reads a whole number of milliseconds.
    ///
    /// # Errors
    /// When the text is no such number, or one above [`Self::MAX_MS`].
    pub fn parse(text: &str) -> Result<Self, InvalidAgo> {
        let ms = whole_number(text).filter(|ms| *ms <= Self::MAX_MS);
        ms.map(|ms| Self { ms }).ok_or(InvalidAgo)
    }

    /// The position of who lacks what was published in this time and has what was published before: ids tell the time.
    ///
    /// What was published in the millisecond in which the time begins belongs to it. In a channel whose ids ran ahead of
    /// the clock the listener gets some more, never less.
    #[must_use]
    pub fn position(self, now_ms: u64) -> MessageId {
        MessageId::new(now_ms.saturating_sub(self.ms).saturating_sub(1)).unwrap_or(MessageId::MAX)
    }
}

/// The text is no time that a listener can begin at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAgo;

impl fmt::Display for InvalidAgo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`ago` is a whole number of milliseconds from 0 to {}", Ago::MAX_MS)
    }
}

impl core::error::Error for InvalidAgo {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_is_a_whole_number_up_to_an_hour() {
        for (text, ms) in [("0", 0), ("1500", 1_500), ("007", 7), ("3600000", 3_600_000)] {
            assert_eq!(Ago::parse(text), Ok(Ago { ms }), "{text:?}");
        }
        for text in ["", "-1", "+1", " 1", "1.5", "1e3", "x", "٣", "3600001", "99999999999999999999999"] {
            assert_eq!(Ago::parse(text), Err(InvalidAgo), "{text:?}");
        }
    }

    #[test]
    fn what_was_published_when_the_time_begins_belongs_to_it() {
        let published = MessageId::following(MessageId::START, 5_000);
        let position = |text: &str| Ago::parse(text).unwrap().position(6_000);
        assert!(position("1000") < published);
        assert_eq!(position("999"), published);
        assert_eq!(Ago::parse("3600000").unwrap().position(10), MessageId::START);
    }

    proptest! {
        #[test]
        fn nothing_published_within_the_time_is_left_out(
            previous in 0..(1_u64 << 52), published in 0..(1_u64 << 52), passed in 0..5_000_u64, ms in 0..5_000_u64,
        ) {
            let id = MessageId::following(MessageId::new(previous).unwrap(), published);
            let position = Ago { ms }.position(published + passed);
            prop_assert!(passed > ms || position < id);
        }
    }
}
