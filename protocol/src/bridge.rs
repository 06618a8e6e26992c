//! How channels look to a client of SockJS that speaks websocket-multiplex: a topic is a channel, and each of its messages
//! brings as JSON what an event stream would bring.
//!
//! ```text
//! topic   = channel [ "," cursor ]                 ; as JavaScript's `escape` writes it
//! payload = {"id": cursor, "event": type, "data": text}
//! ```
//!
//! `id` is the cursor of one channel: what a client gives to go on after this message. Types that begin with `sse.` are the
//! hub's own; a message without a type has no `event`.

use alloc::{string::String, string::ToString, vec, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ChannelName, ChannelSet, Cursor, EventName, InvalidChannelName, Message, MessageId, Page,
    sockjs::{Frame, Topic},
};

/// What a client subscribes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The channel.
    pub channel: ChannelName,
    /// Where the client stands in it; `None` when it begins with what is published from now on.
    pub position: Option<MessageId>,
}

impl Wanted {
    /// Reads a topic, with a cursor in it or, as `sub,cats,CURSOR`, after it. A cursor that cannot be read counts as none; one
    /// from before every message is given up when it is older than `max_age_ms`, as [`Cursor::expire`] does.
    ///
    /// # Errors
    /// When the channel has no valid name.
    pub fn of(topic: &Topic, payload: &str, now_ms: u64, max_age_ms: u64) -> Result<Self, InvalidChannelName> {
        // No name of a channel has a comma.
        let name = topic.name().unwrap_or_default();
        let (name, cursor) = name.split_once(',').unwrap_or((&name, payload));
        let channel = ChannelName::new(name)?;
        let position = ChannelSet::new([channel.clone()]).ok().and_then(|channels| {
            let mut cursor = Cursor::parse(cursor, &channels).ok()?;
            cursor.expire(now_ms, max_age_ms);
            cursor.positions.first().copied().flatten()
        });
        Ok(Self { channel, position })
    }
}

/// A channel that a session follows for its client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The topic, as the client wrote it.
    pub topic: Topic,
    /// Its channel.
    pub channel: ChannelName,
    /// Up to where the client has been sent messages; `None` until the channel says where it begins.
    pub position: Option<MessageId>,
    /// The client came with the position, and no page has shown yet whether history reaches back to it.
    pub is_resuming: bool,
    /// The client has been told that it is subscribed.
    pub is_greeted: bool,
    /// Which follow this is, the largest number of the session so far.
    pub epoch: u64,
    /// When the client's time is over, in milliseconds since the Unix epoch; `None` for never.
    pub ends_at_ms: Option<u64>,
}

impl Subscription {
    /// A subscription that begins now.
    #[must_use]
    pub fn new(topic: Topic, wanted: Wanted, epoch: u64, ends_at_ms: Option<u64>) -> Self {
        let Wanted { channel, position } = wanted;
        Self { topic, channel, position, is_resuming: position.is_some(), is_greeted: false, epoch, ends_at_ms }
    }

    /// Whether the client's time is over.
    #[must_use]
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.ends_at_ms.is_some_and(|ends_at_ms| ends_at_ms <= now_ms)
    }

    /// Has it begin at a position, unless it has one. Returns the greeting, the first time: the channel is followed, and its
    /// `id` is a cursor to come back with.
    pub fn begin(&mut self, position: MessageId, now_ms: u64) -> Option<String> {
        let position = *self.position.get_or_insert(position);
        let cursor = Cursor { source: None, positions: vec![Some(position)], blank_at_ms: Some(now_ms) };
        let is_first = !core::mem::replace(&mut self.is_greeted, true);
        is_first.then(|| self.frame(Some(&cursor.to_string()), Some("sse.hello"), ""))
    }

    /// Takes what is new of a page: frames for the client, after which it stands at the page's end. `None` means that
    /// messages before the page are missing, which history still has.
    pub fn take(&mut self, page: &Page) -> Option<Vec<String>> {
        let position = self.position.unwrap_or(page.start);
        let mut frames = Vec::new();
        // A client that comes back may have a position of a history that was wiped: any before the page's end, or after it.
        let is_gap = page.gap && (self.is_resuming || position < page.start);
        if position < page.start && !page.gap {
            return None;
        }
        let position = if is_gap { page.start } else { position };
        if is_gap {
            let channels = serde_json::json!({ "channels": [self.channel.as_str()] }).to_string();
            frames.push(self.frame(Some(&position.to_string()), Some(EventName::gap().as_str()), &channels));
        }
        let news = page.between(position, MessageId::MAX);
        frames.extend(news.iter().map(|message| self.message(message)));
        self.position = Some(news.last().map_or(position, |last| last.id));
        self.is_resuming = false;
        Some(frames)
    }

    fn message(&self, message: &Message) -> String {
        let event = message.event.as_ref().map(EventName::as_str);
        self.frame(Some(&message.id.to_string()), event, &message.data)
    }

    /// The subscription's time is over: what the client is told before the end.
    #[must_use]
    pub fn expired(&self) -> String {
        self.frame(None, Some("sse.expired"), "")
    }

    fn frame(&self, id: Option<&str>, event: Option<&str>, data: &str) -> String {
        told(&self.topic, id, event, data)
    }
}

/// What is told in a topic, as a frame.
#[must_use]
pub fn told(topic: &Topic, id: Option<&str>, event: Option<&str>, data: &str) -> String {
    #[derive(Serialize)]
    struct Told<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<&'a str>,
        data: &'a str,
    }
    // Texts are always JSON.
    let payload = serde_json::to_string(&Told { id, event, data }).unwrap_or_default();
    Frame::message(topic.clone(), &payload).to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;
    const NOW: u64 = 1_795_242_990_000;

    fn id(id: u64) -> MessageId {
        MessageId::new(id).unwrap()
    }

    fn topic(text: &str) -> Topic {
        Topic::new(text).unwrap()
    }

    fn wanted(text: &str, payload: &str) -> Option<(String, Option<u64>)> {
        let wanted = Wanted::of(&topic(text), payload, NOW, DAY_MS).ok()?;
        Some((wanted.channel.into(), wanted.position.map(MessageId::as_u64)))
    }

    fn subscription(position: Option<u64>) -> Subscription {
        let wanted = Wanted { channel: ChannelName::new("cats").unwrap(), position: position.map(id) };
        Subscription::new(topic("cats"), wanted, 1, None)
    }

    fn page(start: u64, gap: bool, messages: &[u64], end: u64) -> Page {
        let message = |number: &u64| Message { id: id(*number), event: None, data: number.to_string() };
        Page { start: id(start), gap, messages: messages.iter().map(message).collect(), end: id(end) }
    }

    fn take(subscription: &mut Subscription, page: &Page) -> Option<Vec<String>> {
        let frames = subscription.take(page)?;
        let told = |frame: &String| {
            let frame = Frame::parse(frame).unwrap();
            let payload: serde_json::Value = serde_json::from_str(frame.payload).unwrap();
            let [id, event, data] =
                ["id", "event", "data"].map(|field| payload[field].as_str().unwrap_or("-").to_string());
            if event == "-" { alloc::format!("{id}={data}") } else { alloc::format!("{event} {id}") }
        };
        Some(frames.iter().map(told).collect())
    }

    #[test]
    fn a_topic_is_a_channel_and_where_the_client_stands_in_it() {
        for (text, payload, channel, position) in [
            ("cats", "", "cats", None),
            ("cats", "5", "cats", Some(5)),
            ("cats%2C5", "", "cats", Some(5)),
            ("cats%2C5", "6", "cats", Some(5)),
            ("cats%2C", "6", "cats", None),
            ("cats%2Cwhat", "", "cats", None),
            ("cats%2C1.2", "", "cats", None),
            ("cats", "-", "cats", None),
            ("cats%20and%20dogs", "", "cats and dogs", None),
            ("%u20AC%2C7", "", "€", Some(7)),
            ("cats", "0", "cats", Some(0)),
            ("cats%2C0@1795242985871", "", "cats", Some(0)),
            ("cats%2C0@1795000000000", "", "cats", Some(1)),
        ] {
            assert_eq!(wanted(text, payload), Some((channel.to_string(), position)), "{text} {payload}");
        }
        for text in ["*", "%2C5", "a*", "%07", "%uD83D"] {
            assert_eq!(wanted(text, ""), None, "{text}");
        }
    }

    #[test]
    fn messages_are_what_an_event_stream_brings() {
        let mut subscription = subscription(Some(1));
        let born = Message { id: id(2), event: Some(EventName::new("born").unwrap()), data: "a, \"b\"".to_string() };
        let page = Page { start: id(1), gap: false, messages: vec![born], end: id(2) };
        let frames = subscription.take(&page).unwrap();
        assert_eq!(frames, [r#"msg,cats,{"id":"2","event":"born","data":"a, \"b\""}"#]);
        assert_eq!(subscription.expired(), r#"msg,cats,{"event":"sse.expired","data":""}"#);
    }

    #[test]
    fn the_greeting_of_a_channel_without_messages_says_when_that_was() {
        let mut subscription = subscription(None);
        let hello = subscription.begin(MessageId::START, NOW);
        assert_eq!(hello.as_deref(), Some(r#"msg,cats,{"id":"0@1795242990000","event":"sse.hello","data":""}"#));
        assert_eq!(subscription.begin(id(5), NOW), None, "once");
        assert_eq!(subscription.position, Some(MessageId::START));
    }

    #[test]
    fn pages_that_follow_overlap_or_repeat_give_each_message_once() {
        let mut subscription = subscription(Some(1));
        assert_eq!(take(&mut subscription, &page(1, false, &[2, 3], 3)).unwrap(), ["2=2", "3=3"]);
        assert!(take(&mut subscription, &page(1, false, &[2, 3], 3)).unwrap().is_empty());
        assert_eq!(take(&mut subscription, &page(2, false, &[3, 4], 4)).unwrap(), ["4=4"]);
        assert_eq!(take(&mut subscription, &page(7, false, &[8], 8)), None, "what is between is asked for");
        assert_eq!(subscription.position, Some(id(4)));
        assert_eq!(take(&mut subscription, &page(4, false, &[7, 8], 8)).unwrap(), ["7=7", "8=8"]);
    }

    #[test]
    fn a_page_that_overtakes_the_channels_answer_says_where_a_new_client_begins() {
        let mut subscription = subscription(None);
        let page = page(5, false, &[6], 6);
        assert!(subscription.begin(page.start, NOW).is_some_and(|hello| hello.contains(r#""id":"5""#)));
        assert_eq!(take(&mut subscription, &page).unwrap(), ["6=6"]);
        assert_eq!(subscription.begin(id(5), NOW), None);
        assert_eq!(subscription.position, Some(id(6)));
    }

    #[test]
    fn a_gap_is_told_before_what_is_left() {
        let mut late = subscription(Some(1));
        assert_eq!(take(&mut late, &page(5, true, &[6], 6)).unwrap(), ["sse.gap 5", "6=6"]);
        assert_eq!(take(&mut late, &page(6, false, &[7], 7)).unwrap(), ["7=7"]);
    }

    #[test]
    fn a_position_of_a_wiped_history_is_a_gap_on_either_side_of_the_new_one() {
        for position in [3, 90] {
            let mut of_old = subscription(Some(position));
            assert_eq!(
                take(&mut of_old, &page(0, true, &[5, 6], 6)).unwrap(),
                ["sse.gap 0", "5=5", "6=6"],
                "{position}"
            );
        }
    }

    #[test]
    fn a_page_that_was_asked_for_from_far_back_is_no_gap_for_who_is_further() {
        let mut live = subscription(Some(6));
        assert!(take(&mut live, &page(6, false, &[], 6)).unwrap().is_empty());
        assert_eq!(take(&mut live, &page(4, true, &[5, 6, 7], 7)).unwrap(), ["7=7"]);
    }
}
