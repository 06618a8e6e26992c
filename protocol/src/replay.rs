//! What a listener is sent: messages and gaps as events, each with the cursor of who has it.

use alloc::{string::String, string::ToString};

use crate::{ChannelName, ChannelSet, Cursor, Event, EventName, Message, MessageId, Page};

/// Appends messages of the channel at `index` as events, and moves the cursor along.
pub fn encode_messages(out: &mut String, cursor: &mut Cursor, index: usize, messages: &[Message]) {
    cursor.source = Some(index);
    for message in messages {
        cursor.set_position(index, message.id);
        Event { id: &cursor.to_string(), event: message.event.as_ref(), data: &message.data }.encode(out);
    }
}

/// Appends `sse.gap`, whose data is `{"channels": [...]}`, and moves the cursor to `position`: what was published up to
/// there may be lost to the listener.
pub fn encode_gap(out: &mut String, cursor: &mut Cursor, index: usize, channel: &ChannelName, position: MessageId) {
    cursor.source = Some(index);
    cursor.set_position(index, position);
    let data = serde_json::json!({ "channels": [channel.as_str()] }).to_string();
    Event { id: &cursor.to_string(), event: Some(&EventName::gap()), data: &data }.encode(out);
}

/// A channel in which a listener does not stand where live delivery does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The place of the channel in the set.
    pub index: usize,
    /// Its name.
    pub channel: ChannelName,
    /// Where the listener stands.
    pub position: MessageId,
    /// Where live delivery stands.
    pub live: MessageId,
}

/// The first channel of a set in which a listener does not stand where live delivery does; `None` when it may join.
///
/// `live` says where live delivery stands. A channel that it does not know is left out.
pub fn first_lag(
    channels: &ChannelSet,
    cursor: &Cursor,
    live: impl Fn(&ChannelName) -> Option<MessageId>,
) -> Option<Lag> {
    channels.iter().enumerate().find_map(|(index, channel)| {
        let (position, live) = (cursor.position(index), live(channel)?);
        (position != live).then(|| Lag { index, channel: channel.clone(), position, live })
    })
}

/// Frames what a listener that is behind in a channel gets of a page, and moves its cursor to where it stands then.
///
/// A listener is replayed to as far as `live`, up to where the live ones have been delivered: what comes after that is
/// delivered to it when it has joined them. Stops early once the text has `max_bytes`.
pub fn replay(
    cursor: &mut Cursor,
    index: usize,
    channel: &ChannelName,
    page: &Page,
    live: MessageId,
    max_bytes: usize,
) -> String {
    let mut text = String::new();
    if page.gap {
        encode_gap(&mut text, cursor, index, channel, page.start.min(live));
    }
    let position = cursor.position(index);
    let mut end = page.end.min(live).max(position);
    for message in page.between(position, live) {
        if text.len() >= max_bytes {
            end = cursor.position(index);
            break;
        }
        encode_messages(&mut text, cursor, index, core::slice::from_ref(message));
    }
    cursor.set_position(index, end);
    cursor.source = None;
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::EventStream;
    use proptest::prelude::*;

    fn id(value: u64) -> MessageId {
        MessageId::new(value).unwrap()
    }

    fn page(start: u64, gap: bool, ids: &[u64], end: u64) -> Page {
        let message = |number: &u64| Message { id: id(*number), event: None, data: number.to_string() };
        Page { start: id(start), gap, messages: ids.iter().map(message).collect(), end: id(end) }
    }

    fn cursor(position: u64) -> Cursor {
        Cursor { source: None, positions: vec![Some(id(3)), Some(id(position))], blank_at_ms: None }
    }

    /// What a listener of channels `a` and `b` sees: event type, data and cursor; and where it stands then.
    fn seen(position: u64, page: &Page, live: u64, max_bytes: usize) -> (Vec<String>, String) {
        let mut cursor = cursor(position);
        let text = replay(&mut cursor, 1, &ChannelName::new("b").unwrap(), page, id(live), max_bytes);
        let events = EventStream::new().push(text.as_bytes()).unwrap().into_iter();
        (
            events.map(|event| format!("{} {} {}", event.event, event.data, event.last_event_id)).collect(),
            cursor.to_string(),
        )
    }

    #[test]
    fn a_listener_gets_what_it_lacks_up_to_where_the_live_ones_stand() {
        let page = page(5, false, &[6, 8], 9);
        let all = ["message 6 1:3.6".to_owned(), "message 8 1:3.8".to_owned()];
        assert_eq!(seen(5, &page, 9, 1_000), (all.to_vec(), "3.9".to_owned()));
        assert_eq!(seen(6, &page, 9, 1_000), (all[1..].to_vec(), "3.9".to_owned()), "what it has is left out");
        assert_eq!(
            seen(5, &page, 7, 1_000),
            (all[..1].to_vec(), "3.7".to_owned()),
            "what is to be delivered is left out"
        );
        assert_eq!(seen(9, &page, 9, 1_000), (vec![], "3.9".to_owned()));
    }

    #[test]
    fn a_gap_is_told_of_before_the_rest_also_to_a_listener_from_another_history() {
        let gap = r#"sse.gap {"channels":["b"]} 1:3.5"#.to_owned();
        for position in [1, 99] {
            let events = vec![gap.clone(), "message 6 1:3.6".to_owned()];
            assert_eq!(seen(position, &page(5, true, &[6], 6), 6, 1_000), (events, "3.6".to_owned()));
        }
    }

    #[test]
    fn a_listener_may_join_when_it_stands_where_live_delivery_does_in_every_channel() {
        let channels = ChannelSet::parse(["a,b,c"]).unwrap();
        let live = |channel: &ChannelName| {
            [("a", 3), ("b", 7)].iter().find(|(name, _)| *name == channel.as_str()).map(|(_, live)| id(*live))
        };
        let lag = |b: Option<u64>| {
            let cursor =
                Cursor { source: None, positions: vec![Some(id(3)), b.map(id), Some(id(1))], blank_at_ms: None };
            first_lag(&channels, &cursor, live).map(|lag| (lag.index, lag.position.as_u64(), lag.live.as_u64()))
        };
        assert_eq!(lag(Some(7)), None);
        assert_eq!(lag(Some(5)), Some((1, 5, 7)));
        assert_eq!(lag(Some(9)), Some((1, 9, 7)), "ahead is not where live delivery stands either");
        assert_eq!(lag(None), Some((1, 0, 7)));
    }

    #[test]
    fn a_text_that_is_long_enough_ends_after_a_whole_message() {
        let (events, end) = seen(5, &page(5, false, &[6, 7, 8], 8), 8, 1);
        assert_eq!((events, end), (vec!["message 6 1:3.6".to_owned()], "3.6".to_owned()));
    }

    proptest! {
        /// However history is cut into pages and however live delivery advances meanwhile, a listener that is replayed
        /// to until it stands where the live ones do has had each message once.
        #[test]
        fn replay_and_live_delivery_join(
            begin in 0..20_u64,
            steps in proptest::collection::vec((1..6_u64, 0..4_u64, 1..80_usize), 30..60),
        ) {
            let channel = ChannelName::new("b").unwrap();
            let channels = ChannelSet::parse(["a,b"]).unwrap();
            let (mut cursor, mut live) = (cursor(begin), 20_u64);
            let mut text = String::new();
            for (length, published, max_bytes) in steps {
                let position = cursor.position(1).as_u64();
                if position == live {
                    break;
                }
                // The page is read, then something is published, then the page is replayed.
                let end = (position + length).min(live);
                let page = page(position, false, &(position + 1..=end).collect::<Vec<_>>(), end);
                live = (live + published).min(40);
                text += &replay(&mut cursor, 1, &channel, &page, id(live), max_bytes);
                prop_assert_eq!(Cursor::parse(&cursor.to_string(), &channels), Ok(cursor.clone()));
            }
            let reached = cursor.position(1).as_u64();
            let events = EventStream::new().push(text.as_bytes()).unwrap();
            let numbers: Vec<u64> = events.iter().map(|event| event.data.parse().unwrap()).collect();
            prop_assert_eq!(numbers, (begin + 1..=reached).collect::<Vec<_>>());
        }
    }
}
