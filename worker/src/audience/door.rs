//! How listeners come in, what they say, and how they go.

use std::rc::Rc;

use worker::{Response, WebSocket, WebSocketIncomingMessage, console_error};

use super::{
    audience::Audience,
    catch_up::{History, catch_up},
    leg::LegId,
    listeners::Left,
    socket_leg::{MORE, leg_of},
};
use crate::{error::Error, objects::LegRequest};

/// An object that holds an audience.
pub(crate) trait Owner: History + 'static {
    fn audience(&self) -> &Rc<Audience>;

    /// What there is to do when a listener has left.
    async fn left(self: Rc<Self>, left: Left) -> Result<(), Error>;
}

/// Hears from now on what becomes of stream legs, which report to the object itself; sockets report to the runtime. What was
/// being replayed over them when the object lost its memory goes on.
pub(crate) fn attend<O: Owner>(owner: &Rc<O>) {
    let (for_more, for_left) = (Rc::downgrade(owner), Rc::downgrade(owner));
    let wants_more = move |leg| {
        let owner = for_more.upgrade();
        owner.as_ref().inspect(|owner| begin_catch_up(owner, leg)).is_some()
    };
    let left = move |leg| {
        if let Some(owner) = for_left.upgrade() {
            leave(&owner, leg);
        }
    };
    owner.audience().fan_out.attend(wants_more, left);
}

/// Takes a new listener: the answer is the worker's end of its leg. If it lacks anything, that is replayed to it after
/// this returns.
///
/// # Errors
/// 503 when the object holds as many listeners as it may.
pub(crate) fn admit<O: Owner>(owner: &Rc<O>, group: u32, request: LegRequest) -> Result<Response, Error> {
    let (leg, response) = owner.audience().add(group, request)?;
    if !owner.audience().goes_live_at_once(leg)? {
        begin_catch_up(owner, leg);
    }
    Ok(response)
}

/// What a listener's worker says: only that it has room for more history.
pub(crate) fn hear<O: Owner>(owner: &Rc<O>, socket: &WebSocket, message: &WebSocketIncomingMessage) {
    if let (WebSocketIncomingMessage::String(word), Ok(leg)) = (message, leg_of(socket))
        && word == MORE
    {
        begin_catch_up(owner, leg);
    }
}

fn begin_catch_up<O: Owner>(owner: &Rc<O>, leg: LegId) {
    let owned = owner.clone();
    owner.audience().spawn(async move { catch_up(owned.audience(), owned.as_ref(), leg).await });
}

fn leave<O: Owner>(owner: &Rc<O>, leg: LegId) {
    let Some(left) = owner.audience().drop_leg(leg) else { return };
    let owned = owner.clone();
    owner.audience().spawn(async move {
        if let Err(error) = owned.left(left).await {
            console_error!("what a listener left behind was not seen to: {error}");
        }
    });
}
