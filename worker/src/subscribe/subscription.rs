//! What a listener asks for.

use cyclone_edge_platform::query_of;
use cyclone_edge_protocol::{Ago, ChannelSet, Cursor, MessageId, Retention, pairs};
use worker::Request;

use crate::error::Error;

/// A listener's request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) channels: ChannelSet,
    /// Where the listener stands; without a position in any channel when it comes for the first time.
    pub(crate) cursor: Cursor,
    /// Where the listener begins in channels in which it has no position; `None` with what is published from now on.
    pub(crate) since: Option<MessageId>,
    pub(crate) transport: Transport,
    /// An event is to follow the greeting: the browser's own `EventSource` shows a page no bytes, and tells of an id only
    /// with an event. It ends a long-poll, which then does not wait for messages.
    pub(crate) says_hello: bool,
}

/// How the listener wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// An event stream that stays open.
    Stream,
    /// The next messages, or the greeting alone where an event is to follow it, and then the end.
    LongPoll,
}

impl Subscription {
    /// Whether the request names any channel.
    pub(crate) fn is_wanted(request: &Request) -> Result<bool, Error> {
        Ok(!Query::read(request)?.channels.is_empty())
    }

    /// Reads a request that arrived at `now_ms`, at a hub whose channels keep their history for so long.
    ///
    /// # Errors
    /// 400 without a channel, with too many, or with an invalid name, transport or time.
    pub(crate) fn of(request: &Request, now_ms: u64, retention: Retention) -> Result<Self, Error> {
        let query = Query::read(request)?;
        let channels = ChannelSet::parse(query.channels.iter().map(String::as_str))?;
        let headers = request.headers();
        // The header of a browser that reconnects is newer than what a polyfill wrote into the address.
        let last_event_id = headers.get("Last-Event-ID")?.filter(|id| !id.is_empty()).or(query.last_event_id);
        let cursor = last_event_id.and_then(|id| Cursor::parse(&id, &channels).ok());
        let is_xhr = headers.get("X-Requested-With")?.is_some_and(|with| with.eq_ignore_ascii_case("XMLHttpRequest"));
        let transport = match query.transport.as_deref() {
            Some("longpoll") => Transport::LongPoll,
            Some("stream") => Transport::Stream,
            Some(_) => {
                return Err(Error::refused(400, "invalid_transport", "the transport is `stream` or `longpoll`"));
            }
            None if is_xhr => Transport::LongPoll,
            None => Transport::Stream,
        };
        let mut cursor = cursor.unwrap_or_else(|| Cursor::unknown(&channels));
        cursor.expire(now_ms, retention.max_age_ms);
        // The clock is this worker's, read once: what passes until the objects answer would count against the listener.
        let since = query.ago.map(|ago| Ago::parse(&ago)).transpose()?.map(|ago| ago.position(now_ms));
        Ok(Self { channels, cursor, since, transport, says_hello: query.greeting.as_deref() == Some("event") })
    }
}

/// The fields of the query that a subscription has; others, such as `uuid` and `_`, are ignored.
#[derive(Default)]
struct Query {
    channels: Vec<String>,
    last_event_id: Option<String>,
    ago: Option<String>,
    transport: Option<String>,
    greeting: Option<String>,
}

impl Query {
    fn read(request: &Request) -> Result<Self, Error> {
        let url = request.inner().url();
        let mut query = Self::default();
        for pair in pairs(query_of(&url).as_bytes()) {
            match pair.name.as_str() {
                // `channels[]` is how jQuery writes an array.
                "channels" | "channels[]" => query.channels.push(pair.value()?),
                // A cursor that cannot be read counts as none.
                "lastEventId" | "last-event-id" | "Last-Event-ID" => query.last_event_id = pair.value().ok(),
                "ago" => query.ago = Some(pair.value()?),
                "transport" => query.transport = Some(pair.value()?),
                "greeting" => query.greeting = pair.value().ok(),
                _ => {}
            }
        }
        Ok(query)
    }
}
