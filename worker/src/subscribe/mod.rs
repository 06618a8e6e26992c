//! Listening: `GET /?channels=a&channels=b`, answered with an event stream or a long-poll.
//!
//! - `subscription`: what the request asks for
//! - `pipe`: from the leg to the response

mod pipe;
mod subscription;

use worker::{Env, Headers, Request, Response, ResponseBody, js_sys, wasm_bindgen::JsValue};

use crate::{
    config::Config,
    error::Error,
    hooks::Hooks,
    objects::{ChannelStub, RelayStub},
};
pub(crate) use subscription::Subscription;

/// Answers a listener.
pub(crate) async fn subscribe(
    subscription: Subscription,
    request: &Request,
    env: &Env,
    config: &Config,
    hooks: &impl Hooks,
) -> Result<Response, Error> {
    let Subscription { channels, cursor, transport } = subscription;
    hooks.authorize_subscriber(request, &channels).await?;
    let leg = match channels.single() {
        Some(channel) => ChannelStub::of(env, channel)?.open_leg(&channels, &cursor).await?,
        None => RelayStub::of(env, &relay_name(request))?.open_leg(&channels, &cursor).await?,
    };
    let stream = pipe::pipe(&leg, transport, config.keep_alive_ms)?;
    let headers = Headers::new();
    headers.set("Content-Type", "text/event-stream; charset=utf-8")?;
    headers.set("Cache-Control", "no-cache, no-transform")?;
    // nginx holds a response back unless it is told not to.
    headers.set("X-Accel-Buffering", "no")?;
    Ok(Response::from_body(ResponseBody::Stream(stream))?.with_headers(headers))
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
