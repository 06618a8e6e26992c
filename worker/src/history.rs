//! `GET /history?channel=a&since=ID&limit=N`: messages of one channel as JSON, for late readers and for debugging, under
//! the rights of a subscriber.

use cyclone_edge_platform::query_of;
use cyclone_edge_protocol::{ChannelSet, EventName, HistoryQuery, Message, MessageId};
use serde::Serialize;
use worker::{Env, Headers, Request, Response};

use crate::{
    config::Config,
    error::Error,
    hooks::Hooks,
    objects::{ChannelStub, HistoryPage, HistoryRequest},
    rights::{authorize_subscriber, shown_by_subscriber},
};

/// About how many bytes of messages an answer has at most; and at least one message, if there is one.
const MAX_BYTES: usize = 256 * 1024;

#[derive(Serialize)]
struct History<'a> {
    channel: &'a str,
    messages: Vec<Entry<'a>>,
    /// Messages after `since` are gone.
    gap: bool,
    /// There are more after the last of these.
    more: bool,
    /// The last id that the channel gave: 0 before the first message.
    head: MessageId,
}

/// A message as `/publish` takes it.
#[derive(Serialize)]
struct Entry<'a> {
    id: MessageId,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    message: &'a str,
}

/// Answers with a piece of a channel's history.
pub(crate) async fn history(
    request: &Request,
    env: &Env,
    config: &Config,
    hooks: &impl Hooks,
) -> Result<Response, Error> {
    let HistoryQuery { channel, since, limit } = HistoryQuery::parse(query_of(&request.inner().url()).as_bytes())?;
    let channels = ChannelSet::new([channel.clone()])?;
    authorize_subscriber(shown_by_subscriber(request, config)?.as_deref(), &channels, config).await?;
    hooks.authorize_subscriber(request, &channels).await?;
    let wanted = HistoryRequest { since, max_messages: limit, max_bytes: MAX_BYTES };
    let HistoryPage { page, head } = ChannelStub::of(env, &channel)?.history(&wanted).await?;
    let history = History {
        channel: channel.as_str(),
        messages: page.messages.iter().map(Entry::of).collect(),
        gap: page.gap,
        more: page.end < head,
        head,
    };
    let headers = Headers::new();
    headers.set("Cache-Control", "no-store")?;
    Ok(Response::builder().with_headers(headers).from_json(&history)?)
}

impl<'a> Entry<'a> {
    fn of(message: &'a Message) -> Self {
        let event = message.event.as_ref().map(EventName::as_str);
        Self { id: message.id, event, message: &message.data }
    }
}
