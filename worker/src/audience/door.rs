//! How listeners come in, and what they say.

use std::rc::Rc;

use cyclone_edge_protocol::{ChannelSet, Cursor};
use worker::{Response, WebSocket, WebSocketIncomingMessage};

use super::{
    audience::Audience,
    catch_up::{History, catch_up},
    leg::{LegId, MORE, leg_of},
};
use crate::error::Error;

/// Takes a new listener, which stands at `cursor`: the answer is the worker's end of its leg. History is replayed to it
/// after this returns.
///
/// # Errors
/// 503 when the object holds as many listeners as it may.
pub(crate) fn admit(
    audience: &Rc<Audience>,
    history: &Rc<impl History + 'static>,
    group: u32,
    channels: &ChannelSet,
    cursor: Cursor,
) -> Result<Response, Error> {
    let (leg, response) = audience.add(group, channels, cursor)?;
    begin_catch_up(audience, history, leg);
    Ok(response)
}

/// What a listener's worker says: only that it has room for more history.
pub(crate) fn hear(
    audience: &Rc<Audience>,
    history: &Rc<impl History + 'static>,
    socket: &WebSocket,
    message: &WebSocketIncomingMessage,
) {
    if let (WebSocketIncomingMessage::String(word), Ok(leg)) = (message, leg_of(socket))
        && word == MORE
    {
        begin_catch_up(audience, history, leg);
    }
}

fn begin_catch_up(audience: &Rc<Audience>, history: &Rc<impl History + 'static>, leg: LegId) {
    let (owned, history) = (audience.clone(), history.clone());
    audience.spawn(async move { catch_up(&owned, history.as_ref(), leg).await });
}
