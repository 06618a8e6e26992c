//! What makes a publish safe to repeat: a key that the publisher chose for it.
//!
//! After the `Idempotency-Key` header of draft-ietf-httpapi-idempotency-key-header, but for one thing: the key is the
//! text as it comes, not a quoted string, as most services take it.

use alloc::string::String;
use core::fmt;

/// A key of a publish: 1 to 256 bytes of UTF-8 without control characters.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The longest key, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 256;

    /// Checks a key.
    ///
    /// # Errors
    /// When it is empty, too long, or holds a control character.
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidIdempotencyKey> {
        let key = key.into();
        let is_key = (1..=Self::MAX_BYTES).contains(&key.len()) && !key.chars().any(char::is_control);
        if is_key { Ok(Self(key)) } else { Err(InvalidIdempotencyKey) }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidIdempotencyKey;

    fn try_from(key: String) -> Result<Self, Self::Error> {
        Self::new(key)
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

/// The text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidIdempotencyKey;

impl fmt::Display for InvalidIdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an idempotency key has 1 to {} bytes without control characters", IdempotencyKey::MAX_BYTES)
    }
}

impl core::error::Error for InvalidIdempotencyKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_short_text_as_it_comes() {
        for key in ["1", "\"quoted\"", "ключ", "a b", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::new(key).map(|key| key.as_str().to_owned()), Ok(key.to_owned()));
        }
        for key in ["", "a\nb", "\0", "\u{7f}", &"x".repeat(257)] {
            assert_eq!(IdempotencyKey::new(key), Err(InvalidIdempotencyKey), "{key:?}");
        }
    }
}
