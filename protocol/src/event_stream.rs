//! The reader of an event stream: bytes in, in pieces of any size; events out.
//!
//! Implements "Parsing an event stream" and "Interpreting an event stream" of the WHATWG HTML standard, chapter
//! Server-sent events. Connecting and reconnecting are the caller's.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;

use crate::number::whole_number;

/// An event as a listener receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedEvent {
    /// The type; `message` where the stream named none.
    pub event: String,
    /// The payload, its lines joined by LF.
    pub data: String,
    /// The last event id at the time of the event.
    pub last_event_id: String,
}

/// An incremental parser for one connection.
#[derive(Clone, Debug)]
pub struct EventStream {
    max_bytes: usize,
    at_start: bool,
    /// The line before ended with CR: an LF that follows belongs to the same line break.
    after_cr: bool,
    /// The bytes of a line that has not ended yet.
    line: Vec<u8>,
    event: String,
    data: String,
    /// What an `id:` of the current block set; it counts from the block's end on.
    id: String,
    last_event_id: String,
    retry_ms: Option<u64>,
}

impl Default for EventStream {
    fn default() -> Self {
        Self::new()
    }
}

impl EventStream {
    /// The most bytes of one event, unless [`Self::with_max_bytes`] says otherwise.
    pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

    /// A parser at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_max_bytes(Self::MAX_EVENT_BYTES)
    }

    /// A parser at the start of a stream whose listener comes back with a last event id.
    #[must_use]
    pub fn resume(last_event_id: &str) -> Self {
        let (id, last) = (last_event_id.to_owned(), last_event_id.to_owned());
        Self { id, last_event_id: last, ..Self::new() }
    }

    /// A parser that holds at most `max_bytes` of an unfinished event.
    #[must_use]
    pub fn with_max_bytes(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            at_start: true,
            after_cr: false,
            line: Vec::new(),
            event: String::new(),
            data: String::new(),
            id: String::new(),
            last_event_id: String::new(),
            retry_ms: None,
        }
    }

    /// Reads on, and returns the events that these bytes complete.
    ///
    /// # Errors
    /// When an unfinished event grows past its bound. The stream is of no use after that.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<ReceivedEvent>, EventTooLarge> {
        let mut events = Vec::new();
        for &byte in bytes {
            let continues_crlf = core::mem::replace(&mut self.after_cr, byte == b'\r') && byte == b'\n';
            match byte {
                b'\n' if continues_crlf => {}
                b'\r' | b'\n' => {
                    let line = core::mem::take(&mut self.line);
                    self.end_line(&line, &mut events);
                    // Keep the allocation for the next line.
                    self.line = line;
                    self.line.clear();
                }
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.len() > self.max_bytes {
                return Err(EventTooLarge);
            }
        }
        Ok(events)
    }

    /// The last event id: what a reconnecting listener sends as `Last-Event-ID`.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The reconnection time that the stream asked for, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    fn end_line(&mut self, line: &[u8], events: &mut Vec<ReceivedEvent>) {
        // "If the stream starts with a BYTE ORDER MARK, it is stripped."
        let starts = core::mem::take(&mut self.at_start);
        let line = if starts { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        // A line break is never part of a longer UTF-8 sequence, so decoding by line decodes the stream.
        let line = String::from_utf8_lossy(line);
        if line.is_empty() {
            events.extend(self.dispatch());
        } else if let Some((field, value)) = line.split_once(':') {
            // "If the line starts with a U+003A COLON character, ignore the line": its field is empty, and no field is.
            self.field(field, value.strip_prefix(' ').unwrap_or(value));
        } else {
            self.field(&line, "");
        }
    }

    fn field(&mut self, field: &str, value: &str) {
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            // "If the field value does not contain U+0000 NULL": otherwise the field is ignored.
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            // "If the field value consists of only ASCII digits".
            "retry" => self.retry_ms = whole_number(value).or(self.retry_ms),
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<ReceivedEvent> {
        self.last_event_id.clone_from(&self.id);
        let event = core::mem::take(&mut self.event);
        let mut data = core::mem::take(&mut self.data);
        // "If the data buffer is an empty string": every data field, even an empty one, leaves a line break in it.
        data.pop()?;
        let event = if event.is_empty() { "message".to_owned() } else { event };
        Some(ReceivedEvent { event, data, last_event_id: self.last_event_id.clone() })
    }
}

/// An event is larger than the parser's bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLarge;

impl fmt::Display for EventTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event of the stream is larger than allowed")
    }
}

impl core::error::Error for EventTooLarge {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn received(event: &str, data: &str, last_event_id: &str) -> ReceivedEvent {
        ReceivedEvent { event: event.into(), data: data.into(), last_event_id: last_event_id.into() }
    }

    /// Reads the stream whole and cut at every byte, and insists that it makes no difference.
    fn read(bytes: &[u8]) -> Vec<ReceivedEvent> {
        let whole = EventStream::new().push(bytes).unwrap();
        for split in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(split);
            let mut stream = EventStream::new();
            let mut events = stream.push(head).unwrap();
            events.extend(stream.push(tail).unwrap());
            assert_eq!(events, whole, "cut at {split}");
        }
        let mut stream = EventStream::new();
        let bytewise: Vec<_> = bytes.iter().flat_map(|byte| stream.push(&[*byte]).unwrap()).collect();
        assert_eq!(bytewise, whole);
        whole
    }

    #[test]
    fn the_examples_of_the_standard_read_as_it_says() {
        assert_eq!(read(b"data: YHOO\ndata: +2\ndata: 10\n\n"), [received("message", "YHOO\n+2\n10", "")]);
        assert_eq!(
            read(b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
            [
                received("message", "first event", "1"),
                received("message", "second event", ""),
                received("message", " third event", "")
            ]
        );
        assert_eq!(read(b"data\n\ndata\ndata\n\ndata:"), [received("message", "", ""), received("message", "\n", "")]);
        assert_eq!(
            read(b"data:test\n\ndata: test\n\n"),
            [received("message", "test", ""), received("message", "test", "")]
        );
    }

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        for text in
            ["data: a\ndata: b\n\n", "data: a\rdata: b\r\r", "data: a\r\ndata: b\r\n\r\n", "data: a\rdata: b\n\r"]
        {
            assert_eq!(read(text.as_bytes()), [received("message", "a\nb", "")], "{text:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_stripped_only_at_the_start() {
        assert_eq!(read("\u{feff}data: a\n\n".as_bytes()), [received("message", "a", "")]);
        assert_eq!(read("\u{feff}\u{feff}data: a\n\n".as_bytes()), []);
        assert_eq!(read("data: a\n\n\u{feff}data: b\n\n".as_bytes()), [received("message", "a", "")]);
    }

    #[test]
    fn broken_utf8_becomes_replacement_characters() {
        assert_eq!(read(b"data: a\xffb\xe2\x82\n\n"), [received("message", "a\u{fffd}b\u{fffd}", "")]);
    }

    #[test]
    fn ids_with_nul_and_retries_that_are_no_numbers_are_ignored() {
        let mut stream = EventStream::new();
        let events = stream.push(b"id: 4\nid: 5\0\nretry: 10\nretry: 1x\nretry:\nretry: -1\ndata: a\n\n").unwrap();
        assert_eq!(events, [received("message", "a", "4")]);
        assert_eq!(stream.retry_ms(), Some(10));
    }

    #[test]
    fn an_id_counts_from_the_end_of_its_block_on() {
        let mut stream = EventStream::new();
        stream.push(b"id: 1\n\nid: 2\n").unwrap();
        assert_eq!(stream.last_event_id(), "1");
        stream.push(b"\n").unwrap();
        assert_eq!(stream.last_event_id(), "2");
    }

    #[test]
    fn a_listener_that_comes_back_keeps_its_id_until_it_gets_another() {
        let mut stream = EventStream::resume("7");
        assert_eq!(stream.last_event_id(), "7");
        let events = stream.push(b"data: a\n\nid\ndata: b\n\n").unwrap();
        assert_eq!(events, [received("message", "a", "7"), received("message", "b", "")]);
    }

    #[test]
    fn a_type_does_not_outlive_its_block() {
        assert_eq!(read(b"event: x\n\ndata: a\n\n"), [received("message", "a", "")]);
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut stream = EventStream::with_max_bytes(100);
        assert_eq!(stream.push(&[b'x'; 101]), Err(EventTooLarge));
        let mut stream = EventStream::with_max_bytes(100);
        assert_eq!(stream.push(&b"data: 1234567890\n".repeat(20)), Err(EventTooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic_or_depend_on_chunks(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd')], 0..120),
            cut in 0..120_usize,
        ) {
            let whole = EventStream::new().push(&bytes).unwrap();
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let mut stream = EventStream::new();
            let mut events = stream.push(head).unwrap();
            events.extend(stream.push(tail).unwrap());
            prop_assert_eq!(events, whole);
        }
    }
}
