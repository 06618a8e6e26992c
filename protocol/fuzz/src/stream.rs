//! Event streams: what is read from any bytes, and that what was written is read as the same.

use cyclone_edge_protocol::{
    ChannelName, Cursor, Event, EventName, EventStream, EventTooLarge, KEEP_ALIVE, Message, MessageId, Page,
    ReceivedEvent, accept, encode_greeting, encode_retry,
};

use crate::positions::channels;

/// The first byte says how the rest is cut into pieces. Events are those that the standard's own steps find in the whole
/// text, however it is cut; and a bound on their size makes no difference but to those that are larger.
pub fn event_stream(input: &[u8]) {
    let Some((seed, bytes)) = input.split_first() else { return };
    let expected = by_the_book(bytes);
    assert_eq!(read(EventStream::new(), [bytes]), Ok(expected.clone()));
    assert_eq!(read(EventStream::new(), pieces(bytes, *seed)), Ok(expected.clone()));

    let max_bytes = usize::from(*seed);
    let bounded = read(EventStream::with_max_bytes(max_bytes), [bytes]);
    assert_eq!(read(EventStream::with_max_bytes(max_bytes), pieces(bytes, *seed)), bounded);
    match bounded {
        Ok(seen) => {
            assert!(seen.events.iter().all(|event| event.data.len() <= max_bytes));
            assert_eq!(seen, expected);
        }
        // A byte that is no UTF-8 becomes three.
        Err(EventTooLarge) => assert!(3 * bytes.len() > max_bytes),
    }
}

/// What a reader has seen of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    events: Vec<ReceivedEvent>,
    last_event_id: String,
    retry_ms: Option<u64>,
}

fn read<'a>(mut stream: EventStream, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Seen, EventTooLarge> {
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(stream.push(piece)?);
    }
    Ok(Seen { events, last_event_id: stream.last_event_id().to_owned(), retry_ms: stream.retry_ms() })
}

/// Pieces of 0 to 7 bytes; one seed for each way to cut.
fn pieces(mut bytes: &[u8], seed: u8) -> impl Iterator<Item = &[u8]> {
    let mut state = u32::from(seed) + 1;
    std::iter::from_fn(move || {
        // A linear congruential generator: its upper bits are random enough.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (piece, rest) = bytes.split_at((state >> 29).try_into().map_or(0, |length: usize| length.min(bytes.len())));
        let is_end = bytes.is_empty();
        bytes = rest;
        (!is_end).then_some(piece)
    })
}

/// The standard's steps, word for word, on the whole text: "Parsing an event stream", "Interpreting an event stream".
fn by_the_book(bytes: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    // What follows the last line break is a line that has not ended.
    lines.pop();
    let mut seen = Seen::default();
    let (mut data, mut event_type, mut last_event_id) = (String::new(), String::new(), String::new());
    for line in lines {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            _ if line.is_empty() => {
                seen.last_event_id.clone_from(&last_event_id);
                let (data, event_type) = (std::mem::take(&mut data), std::mem::take(&mut event_type));
                if let Some(data) = data.strip_suffix('\n') {
                    seen.events.push(ReceivedEvent {
                        event: if event_type.is_empty() { "message".to_owned() } else { event_type },
                        data: data.to_owned(),
                        last_event_id: last_event_id.clone(),
                    });
                }
            }
            "event" => event_type = value.to_owned(),
            "data" => data = data + value + "\n",
            "id" if !value.contains('\0') => last_event_id = value.to_owned(),
            "retry" if value.chars().all(|char| char.is_ascii_digit()) => {
                seen.retry_ms = value.parse().ok().or(seen.retry_ms);
            }
            _ => {}
        }
    }
    seen
}

/// The first line is an event type, the rest a payload: it arrives whole, as one event of this type, between others.
pub fn event(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (name, data) = text.split_once('\n').unwrap_or(("", text));
    let name = EventName::new(name).ok();
    let mut out = encode_greeting(2_000, "1:5.6", true);
    for id in ["1:5.7", "1:5.8"] {
        Event { id, event: name.as_ref(), data }.encode(&mut out);
        out += KEEP_ALIVE;
    }
    out += &encode_retry(3_000);
    let seen = read(EventStream::new(), pieces(out.as_bytes(), text.len() as u8)).unwrap();
    let event_type = name.as_ref().map_or("message", EventName::as_str);
    let received = |event: &str, data: &str, id: &str| ReceivedEvent {
        event: event.to_owned(),
        // The format knows one kind of line break.
        data: data.replace("\r\n", "\n").replace('\r', "\n"),
        last_event_id: id.to_owned(),
    };
    let events = vec![
        received(EventName::HELLO, "", "1:5.6"),
        received(event_type, data, "1:5.7"),
        received(event_type, data, "1:5.8"),
    ];
    assert_eq!(seen, Seen { events, last_event_id: "1:5.8".to_owned(), retry_ms: Some(3_000) });
}

/// The input is where a listener stands, where live delivery does, up to where history is trimmed, how much is sent at
/// once and read at once, and then the distance of each message from the one before, with the length of its text. Replay
/// ends where live delivery stands, tells of a gap exactly if there is one, and brings each message that is left once and
/// in order, each with the cursor to go on from there.
pub fn replay(input: &[u8]) {
    let [position, live, trimmed, max_bytes, page_length, channel, rest @ ..] = input else { return };
    let ids: Vec<u64> = rest.chunks(2).scan(0, |id, pair| Some(next_id(id, pair[0]))).collect();
    let messages: Vec<Message> = ids.iter().zip(rest.chunks(2)).map(|(id, pair)| message(*id, pair)).collect();
    let head = ids.last().copied().unwrap_or(0);
    let [position, live, trimmed] = [position, live, trimmed].map(|byte| id(u64::from(*byte).min(head)));
    if position > live || trimmed > live {
        return;
    }
    let (set, index) = (channels(3), usize::from(*channel) % 3);
    let name: &ChannelName = set.get(index).unwrap();
    let mut cursor = Cursor { source: None, positions: vec![Some(id(0)); 3], blank_at_ms: None };
    cursor.set_position(index, position);
    let mut text = String::new();
    while cursor.position(index) != live {
        let page = page(&messages, cursor.position(index), trimmed, 1 + usize::from(*page_length));
        let before = cursor.position(index);
        assert!(accept(before, &page).is_some_and(|news| news.gap.is_some() == page.gap));
        text += &cyclone_edge_protocol::replay(&mut cursor, index, name, &page, live, 1 + usize::from(*max_bytes));
        assert!(cursor.position(index) > before, "replay makes progress");
    }
    let seen = read(EventStream::new(), [text.as_bytes()]).unwrap();
    let mut events = seen.events.into_iter().peekable();
    let begins = position.max(trimmed);
    if position < trimmed {
        let gap = events.next().unwrap();
        assert_eq!((gap.event.as_str(), position_of(&gap, index)), (EventName::GAP, trimmed));
        assert_eq!(gap.data, serde_json::json!({ "channels": [name.as_str()] }).to_string());
    }
    for expected in messages.iter().filter(|message| message.id > begins && message.id <= live) {
        let event = events.next().unwrap();
        assert_eq!((event.data.as_str(), position_of(&event, index)), (expected.data.as_str(), expected.id));
    }
    assert_eq!(events.next(), None);
}

fn id(number: u64) -> MessageId {
    MessageId::new(number).unwrap()
}

fn next_id(id: &mut u64, distance: u8) -> u64 {
    *id += 1 + u64::from(distance % 16);
    *id
}

fn message(number: u64, pair: &[u8]) -> Message {
    let length = usize::from(pair.get(1).copied().unwrap_or(0));
    Message { id: id(number), event: None, data: "line\n".repeat(1 + length / 5)[..length].to_owned() }
}

/// As a channel answers who asks for what comes after a position.
fn page(messages: &[Message], after: MessageId, trimmed: MessageId, length: usize) -> Page {
    let start = after.max(trimmed);
    let left: Vec<Message> = messages.iter().filter(|message| message.id > start).cloned().collect();
    let messages: Vec<Message> = left.iter().take(length).cloned().collect();
    let end = messages.last().map_or(start, |message| message.id);
    Page { start, gap: after < trimmed, messages, end }
}

/// The position of an event that has to be from this channel of three.
fn position_of(event: &ReceivedEvent, index: usize) -> MessageId {
    let cursor = Cursor::parse(&event.last_event_id, channels(3)).unwrap();
    assert_eq!(cursor.source, Some(index));
    cursor.position(index)
}
