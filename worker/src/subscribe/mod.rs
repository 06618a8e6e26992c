//! Listening: `GET /?channels=a&channels=b`, answered with an event stream or a long-poll.
//!
//! - `subscription`: what the request asks for
//! - `pipe`: from the leg to the response

mod pipe;
mod subscription;

use cyclone_edge_protocol::encode_retry;
use worker::{Env, Headers, Request, Response, ResponseBody, WebSocket, console_error, js_sys, wasm_bindgen::JsValue};

use crate::{
    config::Config,
    error::Error,
    hooks::Hooks,
    objects::{Holder, HolderStub},
    rights::authorize_subscriber,
};
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
    let ends_at_ms = authorize_subscriber(request, &subscription.channels, config).await?;
    hooks.authorize_subscriber(request, &subscription.channels).await?;
    let mut leg = open_leg(subscription, request, env).await;
    if leg.as_ref().is_err_and(Error::is_unavailable) {
        // An object that was just moved or restarted is there at the second call.
        leg = open_leg(subscription, request, env).await;
    }
    let stream = pipe::pipe(&leg?, subscription, config.keep_alive_ms, ends_at_ms)?;
    respond(ResponseBody::Stream(stream))
}

async fn open_leg(subscription: &Subscription, request: &Request, env: &Env) -> Result<WebSocket, Error> {
    let Subscription { channels, cursor, since, .. } = subscription;
    let holder = channels.single().cloned().map_or_else(|| Holder::Relay(relay_name(request)), Holder::Channel);
    HolderStub::of(env, &holder)?.open_leg(channels, cursor, *since).await
}

fn respond(body: ResponseBody) -> Result<Response, Error> {
    let headers = Headers::new();
    headers.set("Content-Type", "text/event-stream; charset=utf-8")?;
    headers.set("Cache-Control", "no-cache, no-transform")?;
    // nginx holds a response back unless it is told not to.
    headers.set("X-Accel-Buffering", "no")?;
    Ok(Response::from_body(body)?.with_headers(headers))
}

/// The relay that serves this listener: the one of the place where its connection arrives.
fn relay_name(request: &Request) -> String {
    // Read by hand: `Cf::colo` ends the isolate where the runtime gives a `cf` without it.
    let field = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into()).ok();
    let cf = field(request.inner(), "cf").filter(JsValue::is_object);
    let colo = cf.and_then(|cf| field(&cf, "colo")).and_then(|colo| colo.as_string());
    let place = colo.filter(|colo| !colo.is_empty()).unwrap_or_else(|| "local".to_owned()).to_lowercase();
    // There is one shard so far.
    format!("{place}-0")
}
