//! The internal request for a leg: what a listener's worker asks of the object that is to hold the listener. It is a GET,
//! since it may be answered with a WebSocket, so what it says is in its address.

use cyclone_edge_protocol::{ChannelSet, Cursor, MessageId};
use form_urlencoded::Serializer;
use web_sys::ReadableStream;
use worker::{Request, WebSocket};

use super::request::path;
use crate::error::Error;

/// What a new listener wants.
pub(crate) struct LegRequest {
    pub(crate) channels: ChannelSet,
    /// Where the listener stands.
    pub(crate) cursor: Cursor,
    /// Where it begins in channels in which it has no position, if not where live delivery stands.
    pub(crate) since: Option<MessageId>,
    /// The greeting is to be an event.
    pub(crate) says_hello: bool,
    /// When the listener's time is over.
    pub(crate) ends_at_ms: Option<u64>,
    /// The worker has to see what passes.
    pub(crate) needs_socket: bool,
}

/// The worker's end of a leg.
pub(crate) enum OpenedLeg {
    Socket(WebSocket),
    /// The body of the listener's response, as it is.
    Stream(ReadableStream),
}

impl LegRequest {
    /// Whether the listener begins with what is published from now on, so that nothing has to be replayed to it.
    pub(crate) fn is_new(&self) -> bool {
        self.since.is_none() && self.cursor.positions.iter().all(Option::is_none)
    }

    /// Where the object is asked, with all of this.
    pub(super) fn path_and_query(&self) -> String {
        let mut query = Serializer::new(format!("{}?", path::LEG));
        query.append_pair("channels", &self.channels.to_list()).append_pair("cursor", &self.cursor.to_string());
        if let Some(since) = self.since {
            query.append_pair("since", &since.to_string());
        }
        if let Some(ends_at_ms) = self.ends_at_ms {
            query.append_pair("ends_at", &ends_at_ms.to_string());
        }
        for (name, is_set) in [("hello", self.says_hello), ("socket", self.needs_socket)] {
            if is_set {
                query.append_key_only(name);
            }
        }
        query.finish()
    }

    /// Reads the request, as the object does.
    pub(crate) fn read(request: &Request) -> Result<Self, Error> {
        let url = request.url()?;
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let channels = ChannelSet::parse([value("channels").unwrap_or_default().as_str()])?;
        let cursor = Cursor::parse(&value("cursor").unwrap_or_default(), &channels).map_err(Error::internal)?;
        Ok(Self {
            channels,
            cursor,
            since: value("since").and_then(|since| MessageId::new(since.parse().ok()?)),
            says_hello: value("hello").is_some(),
            ends_at_ms: value("ends_at").and_then(|ends_at| ends_at.parse().ok()),
            needs_socket: value("socket").is_some(),
        })
    }
}
