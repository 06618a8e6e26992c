//! The function of a page that the transports htmlfile and jsonp call.

use alloc::string::String;
use core::fmt;

use crate::pairs;

/// A name that is safe to write into a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback(String);

/// Why there is none; it is answered with 500 and this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidCallback {
    /// No name was given.
    Missing,
    /// It has other characters than `[a-zA-Z0-9-_.]`, or too many.
    Invalid,
}

impl Callback {
    /// A longer name is invalid.
    pub const MAX_BYTES: usize = 256;

    /// Reads the parameter `c`, or `callback`, of a query.
    pub fn of_query(query: &str) -> Result<Self, InvalidCallback> {
        let named = |name| pairs(query.as_bytes()).find(|pair| pair.name == name);
        let pair = named("c").or_else(|| named("callback")).ok_or(InvalidCallback::Missing)?;
        let name = pair.value().map_err(|_| InvalidCallback::Invalid)?;
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        match name.len() {
            0 => Err(InvalidCallback::Missing),
            1..=Self::MAX_BYTES if name.bytes().all(is_safe) => Ok(Self(name)),
            _ => Err(InvalidCallback::Invalid),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InvalidCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "\"callback\" parameter required",
            Self::Invalid => "invalid \"callback\" parameter",
        })
    }
}

impl core::error::Error for InvalidCallback {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_percent_decoded() {
        for query in ["c=%63allback", "c=callback", "a=b&callback=callback"] {
            assert_eq!(Callback::of_query(query).unwrap().as_str(), "callback");
        }
        assert_eq!(Callback::of_query("c=_jp.a-B0_").unwrap().as_str(), "_jp.a-B0_");
    }

    #[test]
    fn a_callback_has_no_characters_that_are_script() {
        for query in ["c=%20", "c=*", "c=abc(", "c=abc%28", "c=%ff", "c=%C3%A9"] {
            assert_eq!(Callback::of_query(query), Err(InvalidCallback::Invalid), "{query}");
        }
        for query in ["", "a=b", "c="] {
            assert_eq!(Callback::of_query(query), Err(InvalidCallback::Missing), "{query}");
        }
    }
}
