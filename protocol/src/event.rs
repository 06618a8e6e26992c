//! SSE framing: how an event becomes bytes.
//!
//! Implements the writer's side of "Parsing an event stream" and "Interpreting an event stream" in the WHATWG HTML
//! standard, chapter Server-sent events.

use alloc::{borrow::ToOwned, format, string::String};
use core::fmt::{self, Write as _};

/// The comment that keeps a quiet stream open, and by whose failing write a hub finds listeners that went away.
pub const KEEP_ALIVE: &str = ": sse ping\n\n";

/// What makes the greeting an event where a listener asks for it, for those who see neither bytes nor ids without one.
const HELLO: &str = "event: sse.hello\ndata: \n";

/// What ends the stream of a listener whose token has expired. It has no `id:`, so the listener's cursor stays.
pub const EXPIRED: &str = "event: sse.expired\ndata: {}\n\n";

/// One event, ready to be framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `id:`, which must hold no line break and no NUL; cursors never do.
    pub id: &'a str,
    /// The event type; `None` is the default type, `message`.
    pub event: Option<&'a EventName>,
    /// The payload, of any number of lines.
    pub data: &'a str,
}

impl Event<'_> {
    /// Appends the event as one block, closed by an empty line.
    ///
    /// CR, LF and CRLF in the payload all separate lines, and a reader gets LF for each: the format knows no other way
    /// to carry them. Everything else, NUL and BOM included, arrives as it was.
    pub fn encode(&self, out: &mut String) {
        let _ = writeln!(out, "id: {}", self.id);
        if let Some(event) = self.event {
            let _ = writeln!(out, "event: {}", event.as_str());
        }
        // A reader removes one space after the colon, so there always is one.
        for line in lines(self.data) {
            let _ = writeln!(out, "data: {line}");
        }
        out.push('\n');
    }
}

/// Splits at LF, CRLF and CR; a text that ends with a line break has an empty last line.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\r', '\n']) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at(end);
        rest = after.strip_prefix("\r\n").or_else(|| after.get(1..));
        Some(line)
    })
}

/// What a stream starts with: when to reconnect, and the cursor to resume from if nothing else arrives.
///
/// The `id:`-only block makes a reader set its last event id without dispatching an event. One that `says_hello` is an
/// event, in the same block: Firefox forgets the id of a block without data.
#[must_use]
pub fn encode_greeting(retry_ms: u64, cursor: &str, says_hello: bool) -> String {
    let hello = if says_hello { HELLO } else { "" };
    format!("retry: {retry_ms}\nid: {cursor}\n{hello}\n")
}

/// All that a listener gets which cannot be served now: when to reconnect.
#[must_use]
pub fn encode_retry(retry_ms: u64) -> String {
    format!("retry: {retry_ms}\n\n")
}

/// The type of an event: 1 to 256 bytes of UTF-8 without control characters, not beginning with `sse.`.
///
/// Types that begin with `sse.` are the hub's own, such as `sse.gap`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "hub", derive(serde::Serialize, serde::Deserialize), serde(into = "String", try_from = "String"))]
pub struct EventName(String);

impl EventName {
    /// The longest type, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 256;
    /// The type of the event that tells of a gap.
    pub const GAP: &str = "sse.gap";
    /// The type of the event that follows the greeting.
    pub const HELLO: &str = "sse.hello";
    /// The type of the event that ends the stream of a listener whose token has expired.
    pub const EXPIRED: &str = "sse.expired";
    /// How the hub's own types begin.
    pub const RESERVED_PREFIX: &str = "sse.";

    /// Checks a type that a publisher chose.
    ///
    /// # Errors
    /// Says which rule the type breaks.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidEventName> {
        let name = name.into();
        if name.is_empty() || name.len() > Self::MAX_BYTES {
            Err(InvalidEventName::Length)
        } else if name.chars().any(char::is_control) {
            Err(InvalidEventName::ControlCharacter)
        } else if name.starts_with(Self::RESERVED_PREFIX) {
            Err(InvalidEventName::Reserved)
        } else {
            Ok(Self(name))
        }
    }

    /// `sse.gap`: messages are missing between the cursor that a listener came with and the one that this event has.
    #[must_use]
    pub fn gap() -> Self {
        Self(Self::GAP.to_owned())
    }

    /// The type as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EventName {
    type Error = InvalidEventName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<EventName> for String {
    fn from(name: EventName) -> Self {
        name.0
    }
}

/// Why a text is no event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidEventName {
    /// It is empty or longer than [`EventName::MAX_BYTES`].
    Length,
    /// It holds a control character (Unicode category Cc).
    ControlCharacter,
    /// It begins with [`EventName::RESERVED_PREFIX`].
    Reserved,
}

impl fmt::Display for InvalidEventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "an event type has 1 to {} bytes", EventName::MAX_BYTES),
            Self::ControlCharacter => f.write_str("an event type must not hold control characters"),
            Self::Reserved => f.write_str("event types that begin with `sse.` are the hub's own"),
        }
    }
}

impl core::error::Error for InvalidEventName {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::EventStream;
    use proptest::prelude::*;

    fn frame(event: Option<&EventName>, data: &str) -> String {
        let mut out = String::new();
        Event { id: "7", event, data }.encode(&mut out);
        out
    }

    #[test]
    fn payloads_are_framed_line_by_line() {
        let cases = [
            ("hello", "data: hello\n"),
            (" leading space", "data:  leading space\n"),
            ("", "data: \n"),
            ("a\nb", "data: a\ndata: b\n"),
            ("a\rb", "data: a\ndata: b\n"),
            ("a\r\nb", "data: a\ndata: b\n"),
            ("a\n\rb", "data: a\ndata: \ndata: b\n"),
            ("\n", "data: \ndata: \n"),
            ("a\r\n", "data: a\ndata: \n"),
            ("a\0b", "data: a\0b\n"),
            ("\u{feff}bom", "data: \u{feff}bom\n"),
            ("🦀 Ж", "data: 🦀 Ж\n"),
            ("id: 9\n\nevent: x", "data: id: 9\ndata: \ndata: event: x\n"),
        ];
        for (data, framed) in cases {
            assert_eq!(frame(None, data), format!("id: 7\n{framed}\n"), "{data:?}");
        }
    }

    #[test]
    fn a_custom_type_stands_before_the_payload() {
        assert_eq!(frame(Some(&EventName::new("price").unwrap()), "1"), "id: 7\nevent: price\ndata: 1\n\n");
    }

    #[test]
    fn the_greeting_sets_the_cursor_and_dispatches_nothing() {
        let mut stream = EventStream::new();
        assert_eq!(stream.push(encode_greeting(2_000, "1:5.6", false).as_bytes()).unwrap(), []);
        assert_eq!(stream.last_event_id(), "1:5.6");
        assert_eq!(stream.retry_ms(), Some(2_000));
    }

    #[test]
    fn the_hello_is_an_event_with_the_cursor_of_the_greeting() {
        let mut stream = EventStream::new();
        let events = stream.push(encode_greeting(2_000, "1:5.6", true).as_bytes()).unwrap();
        let seen: Vec<_> = events.iter().map(|event| [&event.event, &event.data, &event.last_event_id]).collect();
        assert_eq!(seen, [[EventName::HELLO, "", "1:5.6"]]);
    }

    #[test]
    fn a_listener_that_is_sent_away_keeps_its_cursor() {
        let mut stream = EventStream::new();
        assert_eq!(stream.push(encode_greeting(2_000, "7", false).as_bytes()).unwrap(), []);
        assert_eq!(stream.push(encode_retry(3_000).as_bytes()).unwrap(), []);
        assert_eq!((stream.last_event_id(), stream.retry_ms()), ("7", Some(3_000)));
    }

    #[test]
    fn a_publisher_cannot_forge_the_hubs_own_types_or_break_out_of_the_field() {
        for (name, why) in [
            ("sse.gap", InvalidEventName::Reserved),
            ("", InvalidEventName::Length),
            ("a\nid: 1", InvalidEventName::ControlCharacter),
            (&"x".repeat(257), InvalidEventName::Length),
        ] {
            assert_eq!(EventName::new(name), Err(why));
        }
    }

    proptest! {
        /// decode(encode(x)) == x, but for the line breaks that the format makes equal, at every split of the bytes.
        #[test]
        fn what_was_framed_reads_back(data in "(\\PC|\r|\n|\0|\u{feff}|\u{10ffff}){0,60}", name in "[^\\p{Cc}]{1,20}") {
            prop_assume!(!name.starts_with("sse."));
            let name = EventName::new(name).unwrap();
            let framed = frame(Some(&name), &data);
            let expected = data.replace("\r\n", "\n").replace('\r', "\n");
            for split in 0..=framed.len() {
                let (head, tail) = framed.as_bytes().split_at(split);
                let mut stream = EventStream::new();
                let mut events = stream.push(head).unwrap();
                events.extend(stream.push(tail).unwrap());
                prop_assert_eq!(events.len(), 1);
                let event = events.pop().unwrap();
                prop_assert_eq!(&event.data, &expected);
                prop_assert_eq!(&event.event, name.as_str());
                prop_assert_eq!(&event.last_event_id, "7");
            }
        }
    }
}
