//! How an event is printed: its data, or a line of JSON with all that is known of it.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use cyclone_edge_protocol::{ChannelName, ChannelSet, Cursor};
use serde::{Deserialize, Serialize};

/// The type of the event with which the hub says that messages are gone.
const GAP: &str = "sse.gap";

/// How types begin that are the hub's own.
const HUBS_OWN: &str = "sse.";

/// An event as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) event: String,
    pub(super) data: String,
}

/// The printer of a listener.
#[derive(Debug)]
pub(super) struct Printer<W> {
    out: W,
    json: bool,
    /// How many more events are printed; `None` without end.
    left: Option<u64>,
    channels: ChannelSet,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    id: &'a str,
    event: &'a str,
    data: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
struct Gap {
    channels: Vec<String>,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(out: W, json: bool, count: Option<u64>, channels: ChannelSet) -> Self {
        Self { out, json, left: count, channels }
    }

    /// Prints an event at once, and says whether it was the last one that is wanted.
    ///
    /// A gap is printed as JSON only, told to people on the standard error, and does not count.
    pub(super) fn print(&mut self, event: &Event) -> io::Result<ControlFlow<()>> {
        let is_gap = event.event == GAP;
        if is_gap {
            eprintln!("warning: {}", told(event));
        }
        let is_wanted = !event.event.starts_with(HUBS_OWN);
        if self.json && (is_gap || is_wanted) {
            let channel = self.channel_of(event).filter(|_| !is_gap).map(ChannelName::as_str);
            let line = Line { id: &event.id, event: &event.event, data: &event.data, channel };
            let line = serde_json::to_string(&line)?;
            writeln!(self.out, "{line}")?;
        } else if is_wanted {
            writeln!(self.out, "{}", event.data)?;
        }
        self.out.flush()?;
        let Some(left) = self.left.as_mut().filter(|_| is_wanted) else { return Ok(ControlFlow::Continue(())) };
        *left = left.saturating_sub(1);
        Ok(if *left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// The channel that an event is from, which its id tells where there are several.
    fn channel_of(&self, event: &Event) -> Option<&ChannelName> {
        let source = || Cursor::parse(&event.id, &self.channels).ok()?.source;
        self.channels.single().or_else(|| self.channels.get(source()?))
    }
}

fn told(gap: &Event) -> String {
    let channels = serde_json::from_str(&gap.data).map_or(Vec::new(), |Gap { channels }| channels);
    format!("messages of {} are gone", if channels.is_empty() { "a channel".to_owned() } else { channels.join(", ") })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn event(id: &str, event: &str, data: &str) -> Event {
        Event { id: id.to_owned(), event: event.to_owned(), data: data.to_owned() }
    }

    /// What is printed of events until it is enough, and how many that takes.
    fn print(channels: &str, json: bool, count: Option<u64>, events: &[Event]) -> (String, usize) {
        let mut printer = Printer::new(Vec::new(), json, count, ChannelSet::parse([channels]).unwrap());
        let printed = events.iter().position(|event| printer.print(event).unwrap().is_break());
        (String::from_utf8(printer.out).unwrap(), printed.map_or(events.len(), |last| last + 1))
    }

    #[test]
    fn the_data_is_printed_and_nothing_of_the_hubs_own() {
        let events = [
            event("1", "message", "one"),
            event("2", "born", "two\nlines"),
            event("2", "sse.expired", "{}"),
            event("3", GAP, r#"{"channels":["cats"]}"#),
        ];
        assert_eq!(print("cats", false, None, &events), ("one\ntwo\nlines\n".to_owned(), 4));
    }

    #[test]
    fn a_line_of_json_tells_the_channel() {
        let events = [
            event("1:7.9", "message", "a \"b\"\nc"),
            event("7.9", "born", ""),
            event("x", GAP, r#"{"channels":["cats"]}"#),
        ];
        let (lines, _) = print("cats,dogs", true, None, &events);
        let expected = [
            r#"{"id":"1:7.9","event":"message","data":"a \"b\"\nc","channel":"dogs"}"#,
            r#"{"id":"7.9","event":"born","data":""}"#,
            r#"{"id":"x","event":"sse.gap","data":"{\"channels\":[\"cats\"]}"}"#,
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
        let (line, _) = print("cats", true, None, &[event("7", "message", "m")]);
        assert_eq!(line, "{\"id\":\"7\",\"event\":\"message\",\"data\":\"m\",\"channel\":\"cats\"}\n");
    }

    #[test]
    fn it_ends_after_as_many_events_as_are_wanted_and_a_gap_is_none() {
        let events =
            [event("1", GAP, "{}"), event("2", "message", "a"), event("3", "x", "b"), event("4", "message", "c")];
        assert_eq!(print("cats", false, Some(2), &events), ("a\nb\n".to_owned(), 3));
    }

    #[test]
    fn a_gap_is_told_with_its_channels() {
        assert_eq!(told(&event("", GAP, r#"{"channels":["a","b"]}"#)), "messages of a, b are gone");
        assert_eq!(told(&event("", GAP, "?")), "messages of a channel are gone");
    }
}
