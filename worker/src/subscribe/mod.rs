//! Listening: `GET /?channels=a&channels=b`, answered with an event stream or a long-poll.
//!
//! - `subscription`: what the request asks for
//! - `place`, `holders`: which object holds the listener
//! - `pipe`: from a socket leg to the response

mod holders;
mod pipe;
mod place;
mod subscription;

use cyclone_edge_protocol::encode_retry;
use worker::{Env, Headers, Request, Response, ResponseBody, console_error};

use crate::{
    config::Config,
    error::Error,
    hooks::Hooks,
    objects::{HolderStub, LegRequest, OpenedLeg},
    rights::{authorize_subscriber, shown_by_subscriber},
};
use holders::holders;
use place::Place;
pub(crate) use subscription::Subscription;
use subscription::Transport;

/// Answers a listener.
pub(crate) async fn subscribe(
    subscription: Subscription,
    request: &Request,
    env: &Env,
    config: &Config,
    hooks: &impl Hooks,
) -> Result<Response, Error> {
    match listen(&subscription, request, env, config, hooks).await {
        // An EventSource gives up for good on any status but 200; a stream that ends at once makes it come back, with
        // its cursor. (HTML standard, "Server-sent events", processing model: "fail the connection")
        Err(error) if error.is_unavailable() && subscription.transport == Transport::Stream => {
            console_error!("a listener was sent away for a while: {error}");
            respond(ResponseBody::Body(encode_retry(config.retry.jittered_ms()).into_bytes()))
        }
        answer => answer,
    }
}

async fn listen(
    subscription: &Subscription,
    request: &Request,
    env: &Env,
    config: &Config,
    hooks: &impl Hooks,
) -> Result<Response, Error> {
    let shown = shown_by_subscriber(request, config)?;
    let ends_at_ms = authorize_subscriber(shown.as_deref(), &subscription.channels, config).await?;
    hooks.authorize_subscriber(request, &subscription.channels).await?;
    let place = Place::of(request);
    let leg = LegRequest {
        channels: subscription.channels.clone(),
        cursor: subscription.cursor.clone(),
        since: subscription.since,
        says_hello: subscription.says_hello,
        ends_at_ms,
        // The worker sees when a long-poll has had what it waits for.
        needs_socket: subscription.transport == Transport::LongPoll,
    };
    match open_leg(&leg, &place, env, config).await? {
        OpenedLeg::Stream(stream) => respond(ResponseBody::Stream(stream)),
        OpenedLeg::Socket(socket) => {
            let stream = pipe::pipe(&socket, subscription, leg.is_new(), config.keep_alive_ms, ends_at_ms)?;
            respond(ResponseBody::Stream(stream))
        }
    }
}

/// Opens a leg to the first object that has room for the listener.
async fn open_leg(leg: &LegRequest, place: &Place, env: &Env, config: &Config) -> Result<OpenedLeg, Error> {
    for holder in holders(&leg.channels, &place.name, config.relays_per_place) {
        let holder = HolderStub::near(env, &holder, place.location_hint)?;
        let mut opened = holder.open_leg(leg).await;
        if opened.as_ref().is_err_and(Error::is_unavailable) {
            // An object that was just moved or restarted is there at the second call.
            opened = holder.open_leg(leg).await;
        }
        match opened {
            Err(error) if error.is_too_many_listeners() => {}
            opened => return opened,
        }
    }
    Err(Error::too_many_listeners())
}

fn respond(body: ResponseBody) -> Result<Response, Error> {
    let headers = Headers::new();
    headers.set("Content-Type", "text/event-stream; charset=utf-8")?;
    headers.set("Cache-Control", "no-cache, no-transform")?;
    // nginx holds a response back unless it is told not to.
    headers.set("X-Accel-Buffering", "no")?;
    Ok(Response::from_body(body)?.with_headers(headers))
}
