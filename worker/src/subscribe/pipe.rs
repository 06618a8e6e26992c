//! From the leg to the response. The pipe itself is JavaScript: see `pipe.js` for what it does and why.

use cyclone_edge_protocol::{HELLO, KEEP_ALIVE};
use wasm_bindgen::prelude::*;
use worker::WebSocket;

use super::subscription::Transport;
use crate::error::Error;

/// When a message finds more bytes than this waiting for a listener that cannot be written, the listener does not read: it is
/// cut, and comes back with its cursor.
const MAX_WAITING_BYTES: u32 = 256 * 1024;

#[wasm_bindgen(module = "/src/subscribe/pipe.js")]
extern "C" {
    #[wasm_bindgen(js_name = pipe, catch)]
    fn pipe_in_javascript(
        leg: &web_sys::WebSocket,
        is_long_poll: bool,
        hello: &str,
        keep_alive: &str,
        keep_alive_ms: u32,
        max_waiting_bytes: u32,
    ) -> Result<web_sys::ReadableStream, JsValue>;
}

/// The body of a listener's response.
pub(super) fn pipe(
    leg: &WebSocket,
    transport: Transport,
    says_hello: bool,
    keep_alive_ms: u32,
) -> Result<web_sys::ReadableStream, Error> {
    let is_long_poll = transport == Transport::LongPoll;
    let hello = if says_hello { HELLO } else { "" };
    pipe_in_javascript(leg.as_ref(), is_long_poll, hello, KEEP_ALIVE, keep_alive_ms, MAX_WAITING_BYTES)
        .map_err(|error| worker::Error::from(error).into())
}
