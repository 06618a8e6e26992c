//! The forms in which a message is published: a URL-encoded form, as Cyclone-SSE took it, or JSON.
//!
//! Both are read strictly: what cannot be understood whole is refused whole, so that nothing half-understood is
//! published. Fields that are not known are ignored.

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};
use core::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, value::RawValue};

use crate::{ChannelName, ChannelSet, EventName, InvalidChannelSet, InvalidEventName, NotUtf8, form::pairs};

/// A request to publish, before anybody checked the key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublishForm {
    /// What the publisher gave as its key, where it did so in the body.
    pub key: Option<String>,
    /// Where the message goes.
    pub channels: ChannelSet,
    /// The event type; `None` is the default type.
    pub event: Option<EventName>,
    /// The payload: at least one character, at most `max_message_bytes`.
    pub message: String,
}

impl fmt::Debug for PublishForm {
    /// Leaves the key out: it is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishForm")
            .field("channels", &self.channels)
            .field("event", &self.event)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl PublishForm {
    /// Reads an `application/x-www-form-urlencoded` body: `key`, `channel` (repeatable), `event`, `message`.
    ///
    /// # Errors
    /// Says what is missing, repeated, too large, or no UTF-8.
    pub fn from_form(body: &[u8], max_message_bytes: usize) -> Result<Self, InvalidPublishForm> {
        let mut channels = Vec::new();
        let (mut key, mut event, mut message) = (None, None, None);
        for pair in pairs(body) {
            match pair.name.as_str() {
                "key" => set_once(&mut key, pair.value()?, "key")?,
                "event" => set_once(&mut event, pair.value()?, "event")?,
                "message" => set_once(&mut message, pair.value()?, "message")?,
                "channel" if channels.len() == MAX_CHANNEL_FIELDS => return Err(InvalidChannelSet::TooMany.into()),
                "channel" => channels.push(pair.value()?),
                _ => {}
            }
        }
        Self::checked(key, &channels, event, message, max_message_bytes)
    }

    /// Reads an `application/json` body: an object with `channel` (a text or an array of texts), `message` (a text, or
    /// any other JSON, which is published as it is written) and the optional texts `key` and `event`.
    ///
    /// # Errors
    /// Says what is missing, of the wrong type, too large, or no JSON.
    pub fn from_json(body: &[u8], max_message_bytes: usize) -> Result<Self, InvalidPublishForm> {
        let body: JsonBody<'_> = serde_json::from_str(text_of(body)?).map_err(|error| malformed_json(&error))?;
        let channels = match body.channel {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) if names.len() > MAX_CHANNEL_FIELDS => {
                return Err(InvalidChannelSet::TooMany.into());
            }
            Some(Value::Array(names)) => names
                .into_iter()
                .map(|name| text(name, "channel", "a text or an array of texts"))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(InvalidPublishForm::WrongType("channel", "a text or an array of texts")),
        };
        let optional_text = |value: Option<Value>, field| match value {
            None | Some(Value::Null) => Ok(None),
            Some(value) => text(value, field, "a text").map(Some),
        };
        let key = optional_text(body.key, "key")?;
        let event = optional_text(body.event, "event")?;
        let message = body.message.map(json_message).transpose()?;
        Self::checked(key, &channels, event, message, max_message_bytes)
    }

    fn checked(
        key: Option<String>,
        channels: &[String],
        event: Option<String>,
        message: Option<String>,
        max_message_bytes: usize,
    ) -> Result<Self, InvalidPublishForm> {
        let names = channels.iter().map(|name| ChannelName::new(name.as_str()).map_err(InvalidChannelSet::from));
        let channels = match ChannelSet::new(names.collect::<Result<Vec<_>, _>>()?) {
            Err(InvalidChannelSet::Empty) => return Err(InvalidPublishForm::Missing("channel")),
            channels => channels?,
        };
        // An HTML form with no type chosen sends an empty field.
        let event = event.filter(|event| !event.is_empty()).map(EventName::new).transpose()?;
        // Cyclone-SSE answers an empty message as it answers none.
        let message = message.filter(|message| !message.is_empty()).ok_or(InvalidPublishForm::Missing("message"))?;
        if message.len() > max_message_bytes {
            return Err(InvalidPublishForm::MessageTooLarge { max_bytes: max_message_bytes });
        }
        Ok(Self { key, channels, event, message })
    }
}

/// Repeated names are one channel; but a body that repeats them without end is refused.
const MAX_CHANNEL_FIELDS: usize = 10 * ChannelSet::MAX_CHANNELS;

#[derive(Deserialize)]
struct JsonBody<'a> {
    key: Option<Value>,
    channel: Option<Value>,
    event: Option<Value>,
    #[serde(default, borrow, deserialize_with = "some_raw")]
    message: Option<&'a RawValue>,
}

/// `null` is a message; only an absent field is none.
fn some_raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn json_message(raw: &RawValue) -> Result<String, InvalidPublishForm> {
    let raw = raw.get();
    if raw.starts_with('"') {
        serde_json::from_str(raw).map_err(|error| malformed_json(&error))
    } else {
        Ok(raw.to_owned())
    }
}

/// JSON is UTF-8, also in fields that are ignored: there the parser would not look.
fn text_of(body: &[u8]) -> Result<&str, InvalidPublishForm> {
    str::from_utf8(body).map_err(|error| {
        let (read, _) = body.split_at(error.valid_up_to());
        let line = 1 + read.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + read.iter().rev().take_while(|byte| **byte != b'\n').count();
        InvalidPublishForm::MalformedJson { line, column }
    })
}

/// The parser's own words could repeat the input; where it stumbled says enough.
fn malformed_json(error: &serde_json::Error) -> InvalidPublishForm {
    InvalidPublishForm::MalformedJson { line: error.line(), column: error.column() }
}

fn text(value: Value, field: &'static str, expected: &'static str) -> Result<String, InvalidPublishForm> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(InvalidPublishForm::WrongType(field, expected)),
    }
}

fn set_once(field: &mut Option<String>, value: String, name: &'static str) -> Result<(), InvalidPublishForm> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(InvalidPublishForm::Repeated(name)),
    }
}

/// Why a body is no request to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidPublishForm {
    /// The form is not UTF-8.
    NotUtf8(NotUtf8),
    /// The body is no JSON object of the right form; where reading it failed.
    MalformedJson {
        /// One-based line of the body.
        line: usize,
        /// One-based column of that line, in bytes.
        column: usize,
    },
    /// This field is needed.
    Missing(&'static str),
    /// This field may be given once.
    Repeated(&'static str),
    /// This field must be what is said.
    WrongType(&'static str, &'static str),
    /// The channels are no channel set.
    Channels(InvalidChannelSet),
    /// The event type is none.
    Event(InvalidEventName),
    /// The message is larger than allowed.
    MessageTooLarge {
        /// What is allowed.
        max_bytes: usize,
    },
}

impl From<InvalidChannelSet> for InvalidPublishForm {
    fn from(why: InvalidChannelSet) -> Self {
        Self::Channels(why)
    }
}

impl From<NotUtf8> for InvalidPublishForm {
    fn from(why: NotUtf8) -> Self {
        Self::NotUtf8(why)
    }
}

impl From<InvalidEventName> for InvalidPublishForm {
    fn from(why: InvalidEventName) -> Self {
        Self::Event(why)
    }
}

impl fmt::Display for InvalidPublishForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8(why) => why.fmt(f),
            Self::MalformedJson { line, column } => {
                write!(f, "the body is no JSON object as expected: reading failed at line {line}, column {column}")
            }
            Self::Missing(field) => write!(f, "the field `{field}` is missing or empty"),
            Self::Repeated(field) => write!(f, "the field `{field}` is given more than once"),
            Self::WrongType(field, expected) => write!(f, "the field `{field}` must be {expected}"),
            Self::Channels(why) => why.fmt(f),
            Self::Event(why) => why.fmt(f),
            Self::MessageTooLarge { max_bytes } => write!(f, "a message has at most {max_bytes} bytes"),
        }
    }
}

impl core::error::Error for InvalidPublishForm {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Channels(why) => Some(why),
            Self::Event(why) => Some(why),
            Self::NotUtf8(why) => Some(why),
            _ => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::InvalidChannelName;
    use proptest::prelude::*;

    const LIMIT: usize = 64;

    fn form(body: &str) -> Result<PublishForm, InvalidPublishForm> {
        PublishForm::from_form(body.as_bytes(), LIMIT)
    }

    fn json(body: &str) -> Result<PublishForm, InvalidPublishForm> {
        PublishForm::from_json(body.as_bytes(), LIMIT)
    }

    #[test]
    fn the_form_of_cyclone_sse_is_read() {
        let read = form("key=s%26cret&channel=base&channel=a+b&message=%5B123%2C+124%5D&uuid=1").unwrap();
        assert_eq!(read.key.as_deref(), Some("s&cret"));
        assert_eq!(read.channels.to_list(), "a b,base");
        assert_eq!(read.message, "[123, 124]");
        assert_eq!(read.event, None);
        assert_eq!(form("channel=a&message=1&event=").unwrap().event, None);
    }

    #[test]
    fn json_takes_one_channel_or_several_and_any_message() {
        let read = json(r#"{"key":"k","channel":["b","a","b"],"event":"price","message":"line\nline"}"#).unwrap();
        assert_eq!(read.channels.to_list(), "a,b");
        assert_eq!(read.message, "line\nline");
        assert_eq!(read.event, Some(EventName::new("price").unwrap()));
        for message in [r#"{"b":1.50,"a":[null,1e400]}"#, "[1, 2]", "null", "false", "12345678901234567890"] {
            let read = json(&format!(r#"{{"channel":"a","message":{message}}}"#)).unwrap();
            assert_eq!(read.message, message, "published as it is written");
        }
    }

    #[test]
    fn each_bad_form_is_named() {
        use InvalidPublishForm as Why;
        let cases = [
            ("", Why::Missing("channel")),
            ("message=a", Why::Missing("channel")),
            ("channel=a", Why::Missing("message")),
            ("channel=a&message=", Why::Missing("message")),
            ("channel=a&message", Why::Missing("message")),
            ("channel=a&message=1&message=2", Why::Repeated("message")),
            ("channel=a&message=1&key=1&key=1", Why::Repeated("key")),
            ("channel=a&message=1&event=1&event=1", Why::Repeated("event")),
            ("channel=&message=1", Why::Channels(InvalidChannelName::Empty.into())),
            ("channel=a%0ab&message=1", Why::Channels(InvalidChannelName::ControlCharacter.into())),
            ("channel=a%2Cb&message=1", Why::Channels(InvalidChannelName::Comma.into())),
            ("channel=%ff&message=1", Why::NotUtf8(NotUtf8)),
            ("channel=a&message=%C3%28", Why::NotUtf8(NotUtf8)),
            ("channel=a&message=%ED%A0%80", Why::NotUtf8(NotUtf8)),
            ("channel=a&message=1&event=sse.gap", Why::Event(InvalidEventName::Reserved)),
        ];
        for (body, why) in cases {
            assert_eq!(form(body), Err(why), "{body:?}");
        }
        assert_eq!(form(&format!("channel=a&message={}", "x".repeat(65))), Err(Why::MessageTooLarge { max_bytes: 64 }));
        assert!(form(&format!("channel=a&message={}", "x".repeat(64))).is_ok());
        let many = "channel=a&".repeat(2_000);
        assert_eq!(form(&many), Err(Why::Channels(InvalidChannelSet::TooMany)));
    }

    #[test]
    fn each_bad_json_is_named() {
        use InvalidPublishForm as Why;
        let cases = [
            (r#"{"message":1}"#, Why::Missing("channel")),
            (r#"{"channel":[],"message":1}"#, Why::Missing("channel")),
            (r#"{"channel":"a"}"#, Why::Missing("message")),
            (r#"{"channel":"a","message":""}"#, Why::Missing("message")),
            (r#"{"channel":1,"message":1}"#, Why::WrongType("channel", "a text or an array of texts")),
            (r#"{"channel":["a",1],"message":1}"#, Why::WrongType("channel", "a text or an array of texts")),
            (r#"{"channel":"a","message":1,"event":1}"#, Why::WrongType("event", "a text")),
            (r#"{"channel":"a","message":1,"key":["k"]}"#, Why::WrongType("key", "a text")),
            (r#"{"channel":"a*","message":1}"#, Why::Channels(InvalidChannelName::Pattern.into())),
        ];
        for (body, why) in cases {
            assert_eq!(json(body), Err(why), "{body:?}");
        }
        for body in [
            "",
            "{",
            "[]x",
            "\"a\"",
            r#"{"channel":"a","message":"\ud800"}"#,
            r#"{"channel":"a","channel":"b","message":1}"#,
            "\u{feff}{}",
        ] {
            assert!(matches!(json(body), Err(Why::MalformedJson { .. })), "{body:?}");
        }
        for (body, line, column) in [
            (&b"{\"channel\":\"\xff\",\"message\":1}"[..], 1, 13),
            (b"{\"channel\":\"a\",\"message\":1,\n\"ignored\":\"a\xff\"}", 2, 13),
        ] {
            assert_eq!(PublishForm::from_json(body, LIMIT), Err(Why::MalformedJson { line, column }));
        }
    }

    #[test]
    fn json_nested_without_end_is_refused_and_not_followed() {
        let deep = format!(r#"{{"channel":{}"#, "[".repeat(200_000));
        assert!(matches!(json(&deep), Err(InvalidPublishForm::MalformedJson { .. })));
        let deep = format!(r#"{{"channel":"a","message":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
        assert!(json(&deep).is_err());
    }

    #[test]
    fn a_form_does_not_print_its_key() {
        assert!(!format!("{:?}", form("key=hush&channel=a&message=1").unwrap()).contains("hush"));
    }

    proptest! {
        #[test]
        fn any_message_survives_the_form(message in ".{1,16}", channel in "[^\\p{Cc},*]{1,40}") {
            use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
            prop_assume!(message.len() <= LIMIT);
            let body = format!("message={}&channel={}", utf8_percent_encode(&message, NON_ALPHANUMERIC), utf8_percent_encode(&channel, NON_ALPHANUMERIC));
            let read = form(&body).unwrap();
            prop_assert_eq!(read.message, message);
            prop_assert_eq!(read.channels.to_list(), channel);
        }

        #[test]
        fn no_body_makes_the_readers_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = PublishForm::from_form(&body, LIMIT);
            let _ = PublishForm::from_json(&body, LIMIT);
        }
    }
}
