//! Several topics over one connection, as websocket-multiplex 0.1 has them: `sub,topic`, `msg,topic,payload`, `uns,topic`.
//!
//! The client subscribes, both sides send messages, and either side ends it with `uns`. A topic has no comma, since the
//! client writes names as JavaScript's `escape` does; a payload may have any. There is no answer to `sub`, and what cannot
//! be read is ignored, as the reference server does.

use alloc::{string::String, vec::Vec};
use core::{fmt, iter};

/// One frame, of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it asks for or tells.
    pub action: Action,
    /// Of which topic.
    pub topic: Topic,
    /// What follows the topic. Only that of a message means something to websocket-multiplex.
    pub payload: &'a str,
}

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `sub`: the client wants the topic.
    Subscribe,
    /// `msg`: a message, in either direction.
    Message,
    /// `uns`: the topic is over, in either direction.
    Unsubscribe,
}

impl Action {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "sub",
            Self::Message => "msg",
            Self::Unsubscribe => "uns",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Subscribe, Self::Message, Self::Unsubscribe].into_iter().find(|action| action.as_str() == text)
    }
}

impl<'a> Frame<'a> {
    /// Reads a frame; `None` for what is none.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(3, ',');
        let action = Action::parse(parts.next()?)?;
        let topic = Topic::new(parts.next()?)?;
        Some(Self { action, topic, payload: parts.next().unwrap_or_default() })
    }

    /// A message of a topic.
    #[must_use]
    pub fn message(topic: Topic, payload: &'a str) -> Self {
        Self { action: Action::Message, topic, payload }
    }

    /// The end of a topic.
    #[must_use]
    pub fn unsubscribe(topic: Topic) -> Self {
        Self { action: Action::Unsubscribe, topic, payload: "" }
    }
}

impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.action.as_str(), self.topic)?;
        // A message has a payload even when that is empty: the client of websocket-multiplex takes either.
        if self.action == Action::Message || !self.payload.is_empty() { write!(f, ",{}", self.payload) } else { Ok(()) }
    }
}

/// A topic as it is written in frames: 1 to 1024 bytes without a comma.
///
/// The client knows its topics by this text, so answers carry it unchanged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "hub", derive(serde::Serialize, serde::Deserialize), serde(into = "String", try_from = "String"))]
pub struct Topic(String);

impl Topic {
    /// The longest topic, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a topic as it is written; `None` where that breaks a rule.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        ((1..=Self::MAX_BYTES).contains(&text.len()) && !text.contains(',')).then_some(Self(text))
    }

    /// The topic of a name, written as JavaScript's `escape` writes it (ECMAScript, B.2.1.1); `None` where that is too long.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let mut text = String::new();
        for unit in name.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if is_kept(byte) => text.push(byte.into()),
                Ok(byte) => text.push_str(&alloc::format!("%{byte:02X}")),
                Err(_) => text.push_str(&alloc::format!("%u{unit:04X}")),
            }
        }
        Self::new(text)
    }

    /// The name that `escape` made this of, as `unescape` reads it (ECMAScript, B.2.1.2); `None` where that is no text,
    /// because it has half of a character.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let mut rest = self.0.as_str();
        let units = iter::from_fn(|| {
            let (unit, length) = escaped(rest)?;
            rest = rest.get(length..)?;
            Some(unit)
        });
        let units: Vec<u16> = units.flat_map(Unit::encode).collect();
        String::from_utf16(&units).ok()
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What `escape` leaves as it is.
fn is_kept(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"@*_+-./".contains(&byte)
}

/// What stands at the beginning of an escaped text.
enum Unit {
    Escaped(u16),
    Plain(char),
}

impl Unit {
    fn encode(self) -> Vec<u16> {
        match self {
            Self::Escaped(unit) => [unit].into(),
            Self::Plain(plain) => plain.encode_utf16(&mut [0; 2]).to_vec(),
        }
    }
}

/// Reads `%uXXXX`, `%XX`, or a character that stands for itself, and tells how many bytes that took.
fn escaped(text: &str) -> Option<(Unit, usize)> {
    let first = text.chars().next()?;
    let digits = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let long = || text.starts_with("%u").then(|| digits(2, 6)).flatten().map(|unit| (Unit::Escaped(unit), 6));
    let short = || text.starts_with('%').then(|| digits(1, 3)).flatten().map(|unit| (Unit::Escaped(unit), 3));
    long().or_else(short).or(Some((Unit::Plain(first), first.len_utf8())))
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> Self {
        topic.0
    }
}

impl TryFrom<String> for Topic {
    type Error = InvalidTopic;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text).ok_or(InvalidTopic)
    }
}

/// A text is no topic: it is empty, too long, or has a comma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTopic;

impl fmt::Display for InvalidTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a topic")
    }
}

impl core::error::Error for InvalidTopic {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    fn actions() -> impl Strategy<Value = Action> {
        prop_oneof![Just(Action::Subscribe), Just(Action::Message), Just(Action::Unsubscribe)]
    }

    fn parts(text: &str) -> Option<(Action, String, String)> {
        let frame = Frame::parse(text)?;
        Some((frame.action, frame.topic.into(), frame.payload.into()))
    }

    #[test]
    fn a_frame_is_an_action_a_topic_and_the_rest() {
        for (text, action, topic, payload) in [
            ("sub,ann", Action::Subscribe, "ann", ""),
            ("sub,ann,5", Action::Subscribe, "ann", "5"),
            ("uns,ann", Action::Unsubscribe, "ann", ""),
            ("msg,ann,hi", Action::Message, "ann", "hi"),
            ("msg,ann,a,b,,c", Action::Message, "ann", "a,b,,c"),
            ("msg,ann,", Action::Message, "ann", ""),
            ("msg,ann", Action::Message, "ann", ""),
            ("msg,a%20b,\n", Action::Message, "a%20b", "\n"),
        ] {
            assert_eq!(parts(text), Some((action, topic.into(), payload.into())), "{text}");
        }
    }

    #[test]
    fn what_is_no_frame_is_none() {
        for text in
            ["", ",", "sub", "sub,", "sub,,x", "SUB,ann", "subscribe,ann", " sub,ann", "ann,sub", "msg", "xyz,a,b"]
        {
            assert_eq!(parts(text), None, "{text}");
        }
        let long = |length: usize| alloc::format!("sub,{}", "t".repeat(length));
        assert!(Frame::parse(&long(Topic::MAX_BYTES)).is_some());
        assert_eq!(Frame::parse(&long(Topic::MAX_BYTES + 1)), None);
    }

    #[test]
    fn topics_are_names_as_javascript_escapes_them() {
        for (name, topic) in [
            ("ann", "ann"),
            ("a b", "a%20b"),
            ("a,b", "a%2Cb"),
            ("50%", "50%25"),
            ("@*_+-./", "@*_+-./"),
            ("ä", "%E4"),
            ("€", "%u20AC"),
            ("\u{1f642}", "%uD83D%uDE42"),
        ] {
            let written = Topic::of_name(name).unwrap();
            assert_eq!(written.as_str(), topic);
            assert_eq!(written.name().as_deref(), Some(name));
        }
    }

    #[test]
    fn what_escape_would_not_have_written_is_read_as_it_stands() {
        for (topic, name) in [
            ("a b", Some("a b")),
            ("%", Some("%")),
            ("%4", Some("%4")),
            ("%zz", Some("%zz")),
            ("%u12", Some("%u12")),
            ("%u12g4", Some("%u12g4")),
            ("%+1", Some("%+1")),
            ("%e4", Some("ä")),
            ("%C3%A4", Some("Ã¤")),
            ("ä€", Some("ä€")),
            ("%uD83D", None),
            ("%uDE42%uD83D", None),
        ] {
            assert_eq!(Topic::new(topic).unwrap().name().as_deref(), name, "{topic}");
        }
    }

    proptest! {
        #[test]
        fn every_name_survives_being_a_topic(name in ".{1,64}") {
            let topic = Topic::of_name(&name).unwrap();
            prop_assert_eq!(topic.name(), Some(name));
        }

        #[test]
        fn every_frame_reads_back_as_it_was(name in ".{1,16}", payload in ".{0,16}", action in actions()) {
            let topic = Topic::of_name(&name).unwrap();
            let frame = Frame { action, topic, payload: &payload };
            let text = frame.to_string();
            prop_assert_eq!(Frame::parse(&text), Some(frame));
        }

        #[test]
        fn any_text_is_a_frame_that_reads_back_or_none(text in "(sub|msg|uns),.{0,40}") {
            if let Some(frame) = Frame::parse(&text) {
                let again = frame.to_string();
                prop_assert_eq!(Frame::parse(&again), Some(frame));
            }
        }
    }
}
