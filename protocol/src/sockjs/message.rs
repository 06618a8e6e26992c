//! Messages, which are texts as JavaScript has them: it allows surrogates without a partner, which Unicode does not.

use alloc::{
    borrow::{Cow, ToOwned},
    string::String,
    vec::Vec,
};
use core::{fmt, ops::Deref};

use serde::de::{Deserialize, Deserializer, Visitor};

use super::frame::{push_code_unit, push_escaped, quote};

/// A message from a client. As a text it has U+FFFD in the place of surrogates without a partner; sent on as it is, it
/// keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    text: String,
    /// The JSON string, where it says more than the text.
    quoted: Option<String>,
}

impl Message {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The message as an owned text.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Reads a text in which a surrogate without a partner has three bytes, as if it were a character (WTF-8).
    fn from_wtf8(bytes: &[u8]) -> Self {
        if let Ok(text) = str::from_utf8(bytes) {
            return Self::from(text);
        }
        let (mut text, mut quoted) = (String::with_capacity(bytes.len()), String::from("\""));
        let mut rest = bytes;
        while !rest.is_empty() {
            let (good, after) = first_good(rest);
            good.chars().for_each(|char| push_escaped(&mut quoted, char));
            text.push_str(good);
            rest = after;
            if let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, after @ ..] = rest {
                push_code_unit(&mut quoted, 0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f));
                text.push(char::REPLACEMENT_CHARACTER);
                rest = after;
            } else if let [_, after @ ..] = rest {
                push_escaped(&mut quoted, char::REPLACEMENT_CHARACTER);
                text.push(char::REPLACEMENT_CHARACTER);
                rest = after;
            }
        }
        quoted.push('"');
        Self { text, quoted: Some(quoted) }
    }
}

/// The longest text at the beginning, and what follows it.
fn first_good(bytes: &[u8]) -> (&str, &[u8]) {
    match str::from_utf8(bytes) {
        Ok(text) => (text, &[]),
        Err(error) => {
            let (good, rest) = bytes.split_at(error.valid_up_to());
            (str::from_utf8(good).unwrap_or_default(), rest)
        }
    }
}

impl Deref for Message {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self { text, quoted: None }
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for bytes, serde_json reads a string with its surrogates.
        deserializer.deserialize_bytes(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Message;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Message, E> {
        Ok(Message::from_wtf8(bytes))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Message, E> {
        Ok(String::from_utf8(bytes).map_or_else(|error| Message::from_wtf8(error.as_bytes()), Message::from))
    }

    fn visit_str<E>(self, text: &str) -> Result<Message, E> {
        Ok(Message::from(text))
    }
}

/// What can be sent as a message.
pub trait Quote {
    /// The message as a JSON string, escaped as the protocol has it.
    fn quoted(&self) -> Cow<'_, str>;
}

impl Quote for str {
    fn quoted(&self) -> Cow<'_, str> {
        quote(self).into()
    }
}

impl Quote for String {
    fn quoted(&self) -> Cow<'_, str> {
        quote(self).into()
    }
}

impl Quote for Message {
    fn quoted(&self) -> Cow<'_, str> {
        self.quoted.as_deref().map_or_else(|| quote(&self.text).into(), Cow::from)
    }
}

impl<T: Quote + ?Sized> Quote for &T {
    fn quoted(&self) -> Cow<'_, str> {
        (**self).quoted()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn read(json: &str) -> Message {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_surrogate_without_a_partner_is_kept() {
        let message = read(r#""a\ud800b\udfff\udbff\"""#);
        assert_eq!(message.as_str(), "a\u{fffd}b\u{fffd}\u{fffd}\"");
        assert_eq!(message.quoted(), r#""a\ud800b\udfff\udbff\"""#);
    }

    #[test]
    fn surrogates_that_are_partners_are_one_character() {
        let message = read(r#""\ud83d\ude42""#);
        assert_eq!((message.as_str(), message.quoted().as_ref()), ("🙂", "\"🙂\""));
    }

    #[test]
    fn every_surrogate_comes_back() {
        for unit in 0xd800..=0xdfff_u32 {
            let mut json = String::from("\"");
            push_code_unit(&mut json, unit);
            json.push('"');
            assert_eq!(read(&json).quoted(), json);
        }
    }
}
