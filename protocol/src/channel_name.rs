//! What a channel may be called.

use alloc::string::String;
use core::fmt;

/// The name of a channel: 1 to 256 bytes of UTF-8 without control characters, comma or `*`.
///
/// A comma separates names in lists (query, `data-sse-channels`); `*` is reserved for patterns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "hub", derive(serde::Serialize, serde::Deserialize), serde(into = "String", try_from = "String"))]
pub struct ChannelName(String);

impl ChannelName {
    /// The longest name, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 256;

    /// Checks a name.
    ///
    /// # Errors
    /// Says which rule the name breaks.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidChannelName> {
        let name = name.into();
        if name.is_empty() {
            Err(InvalidChannelName::Empty)
        } else if name.len() > Self::MAX_BYTES {
            Err(InvalidChannelName::TooLong)
        } else if name.chars().any(char::is_control) {
            Err(InvalidChannelName::ControlCharacter)
        } else if name.contains(',') {
            Err(InvalidChannelName::Comma)
        } else if name.contains('*') {
            Err(InvalidChannelName::Pattern)
        } else {
            Ok(Self(name))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ChannelName {
    type Error = InvalidChannelName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<ChannelName> for String {
    fn from(name: ChannelName) -> Self {
        name.0
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no channel name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidChannelName {
    /// It has no characters.
    Empty,
    /// It is longer than [`ChannelName::MAX_BYTES`].
    TooLong,
    /// It holds a control character (Unicode category Cc).
    ControlCharacter,
    /// It holds the separator of lists.
    Comma,
    /// It holds `*`, which is reserved for patterns.
    Pattern,
}

impl fmt::Display for InvalidChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a channel name must not be empty"),
            Self::TooLong => write!(f, "a channel name has at most {} bytes", ChannelName::MAX_BYTES),
            Self::ControlCharacter => f.write_str("a channel name must not hold control characters"),
            Self::Comma => f.write_str("a channel name must not hold a comma"),
            Self::Pattern => f.write_str("a channel name must not hold `*`, which is reserved for patterns"),
        }
    }
}

impl core::error::Error for InvalidChannelName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_1_to_256_bytes_are_taken_as_they_are() {
        for name in ["a", "Новости", "with space", "a/b?c=d&e", "🦀", "data.*".trim_end_matches(".*"), &"x".repeat(256)]
        {
            assert_eq!(ChannelName::new(name).map(|name| name.as_str().to_owned()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn each_rule_is_named_when_it_is_broken() {
        let cases: [(&str, InvalidChannelName); 9] = [
            ("", InvalidChannelName::Empty),
            (&"x".repeat(257), InvalidChannelName::TooLong),
            (&"я".repeat(129), InvalidChannelName::TooLong),
            ("a\nb", InvalidChannelName::ControlCharacter),
            ("\0", InvalidChannelName::ControlCharacter),
            ("a\u{7f}", InvalidChannelName::ControlCharacter),
            ("a\u{85}b", InvalidChannelName::ControlCharacter),
            ("a,b", InvalidChannelName::Comma),
            ("news.*", InvalidChannelName::Pattern),
        ];
        for (name, why) in cases {
            assert_eq!(ChannelName::new(name), Err(why), "{name:?}");
        }
    }
}
