//! Where a listener stands, and the numbers in which it says so.

use std::sync::OnceLock;

use cyclone_edge_protocol::{Ago, ChannelName, ChannelSet, Cursor, EventStream, MessageId};

use crate::is_tellable;

/// Sets of 1 to 100 channels.
pub(crate) fn channels(count: usize) -> &'static ChannelSet {
    static SETS: OnceLock<Vec<ChannelSet>> = OnceLock::new();
    let name = |number| ChannelName::new(format!("c{number:02}")).unwrap();
    let set = |count| ChannelSet::new((0..count).map(name)).unwrap();
    &SETS.get_or_init(|| (1..=ChannelSet::MAX_CHANNELS).map(set).collect())[count - 1]
}

/// The first byte is a number of channels, the rest is held against a set of so many: what is read as a cursor has a
/// position for each, is within its bounds, and is written and read as the same. And whatever has positions within their
/// bounds is written and read as the same.
pub fn cursor(input: &[u8]) {
    let Some((count, rest)) = input.split_first() else { return };
    let set = channels(1 + usize::from(*count) % ChannelSet::MAX_CHANNELS);
    if let Ok(text) = str::from_utf8(rest) {
        match Cursor::parse(text, set) {
            Ok(cursor) => {
                assert!(text.len() <= Cursor::MAX_BYTES);
                check_cursor(&cursor, set);
            }
            Err(why) => assert!(is_tellable(&why)),
        }
    }
    check_cursor(&arbitrary_cursor(rest, set), set);
}

fn check_cursor(cursor: &Cursor, set: &ChannelSet) {
    assert_eq!(cursor.positions.len(), set.len());
    assert!(cursor.source.is_none_or(|source| source < set.len() && set.len() > 1));
    assert!(cursor.positions.iter().flatten().all(|id| *id <= MessageId::MAX));
    let written = cursor.to_string();
    assert!(written.len() <= Cursor::MAX_BYTES && !written.contains(['\r', '\n', '\0', ' ']), "{written:?}");
    assert_eq!(Cursor::parse(&written, set).as_ref(), Ok(cursor));
    // For a set of another size it is none.
    let others = [set.len() - 1, set.len() + 1].into_iter().filter(|count| (1..=100).contains(count));
    for other in others {
        assert!(Cursor::parse(&written, channels(other)).is_err(), "{written} of {other} channels");
    }
    for index in 0..=set.len() {
        let position = cursor.positions.get(index).copied().flatten().unwrap_or(MessageId::START);
        assert_eq!(cursor.position(index), position);
    }
}

fn arbitrary_cursor(bytes: &[u8], set: &ChannelSet) -> Cursor {
    let mut numbers = bytes.chunks(8).map(|chunk| {
        let mut number = [0; 8];
        number[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(number)
    });
    let source = numbers.next().and_then(|number| usize::try_from(number).ok()).filter(|source| *source < set.len());
    let mut position = || numbers.next().and_then(MessageId::new);
    Cursor { source: source.filter(|_| set.len() > 1), positions: set.iter().map(|_| position()).collect() }
}

/// A text is a number where it has nothing but ASCII digits, in each of the places where numbers are read.
pub fn number(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let is_number = !text.is_empty() && text.bytes().all(|byte| b"0123456789".contains(&byte));
    let number = is_number.then(|| text.parse::<u64>().ok()).flatten();

    let ago = Ago::parse(text);
    assert_eq!(ago.is_ok(), number.is_some_and(|ms| ms <= Ago::MAX_MS));
    match (ago, number) {
        (Ok(ago), Some(ms)) => {
            for now in [0, ms, ms + 1, ms + 2, 1_795_242_991_119, u64::MAX] {
                let expected = now.saturating_sub(ms).saturating_sub(1).min(MessageId::MAX.as_u64());
                assert_eq!(ago.position(now).as_u64(), expected);
            }
        }
        (ago, _) => assert!(ago.is_err_and(|why| is_tellable(&why))),
    }

    let position = Cursor::parse(text, channels(1)).ok().and_then(|cursor| cursor.positions[0]);
    let expected = number.filter(|_| text.len() <= 16).and_then(MessageId::new);
    assert_eq!(position, expected);

    if !text.contains(['\r', '\n']) {
        let mut stream = EventStream::new();
        assert_eq!(stream.push(format!("retry: {text}\n\n").as_bytes()), Ok(Vec::new()));
        assert_eq!(stream.retry_ms(), number);
    }
}
