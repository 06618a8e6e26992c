//! From a socket leg to the response. The pipe itself is JavaScript: see `pipe.js` for what it does.

use wasm_bindgen::prelude::*;
use worker::WebSocket;

use super::subscription::{Subscription, Transport};
use crate::{
    error::Error,
    http::{StreamSettings, ms_or_never},
};

#[wasm_bindgen(module = "/src/subscribe/pipe.js")]
extern "C" {
    #[wasm_bindgen(js_name = pipe, catch)]
    fn pipe_in_javascript(
        leg: &web_sys::WebSocket,
        is_long_poll: bool,
        ends_with_greeting: bool,
        is_new: bool,
        settings: &StreamSettings,
        ends_at_ms: f64,
    ) -> Result<web_sys::ReadableStream, JsValue>;
}

/// The body of a listener's response, which ends at `ends_at_ms` at the latest. One that is new has no history to get.
pub(super) fn pipe(
    leg: &WebSocket,
    subscription: &Subscription,
    is_new: bool,
    keep_alive_ms: u32,
    ends_at_ms: Option<u64>,
) -> Result<web_sys::ReadableStream, Error> {
    Ok(pipe_in_javascript(
        leg.as_ref(),
        subscription.transport == Transport::LongPoll,
        subscription.says_hello,
        is_new,
        &StreamSettings::new(keep_alive_ms),
        ms_or_never(ends_at_ms),
    )?)
}
