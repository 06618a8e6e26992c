//! The worker's half of a session, which brings frames from a leg to a client. It is JavaScript.
//!
//! - `leg.js`: what worker and object say to each other
//! - `wire.js`: how frames are written
//! - `stream.js`, `poll.js`, `bridge.js`: responses that go on, responses of one frame, WebSockets

use std::time::Duration;

use wasm_bindgen::prelude::*;
use web_sys::{ReadableStream, WebSocket};
use worker::wasm_bindgen_futures::JsFuture;

use super::Wire;
use crate::Failed;

#[wasm_bindgen(module = "/src/transport/receive/stream.js")]
extern "C" {
    #[wasm_bindgen(js_name = stream, catch)]
    fn stream_in_javascript(
        leg: &WebSocket,
        prelude: &str,
        before: &str,
        after: &str,
        coding: &str,
        response_limit: f64,
        heartbeat_ms: f64,
    ) -> Result<ReadableStream, JsValue>;
}

#[wasm_bindgen(module = "/src/transport/receive/poll.js")]
extern "C" {
    #[wasm_bindgen(js_name = poll)]
    fn poll_in_javascript(
        leg: &WebSocket,
        before: &str,
        after: &str,
        coding: &str,
        heartbeat_ms: f64,
    ) -> js_sys::Promise;
}

#[wasm_bindgen(module = "/src/transport/receive/bridge.js")]
extern "C" {
    #[wasm_bindgen(js_name = bridge, catch)]
    fn bridge_in_javascript(leg: &WebSocket, is_raw: bool, heartbeat_ms: f64) -> Result<WebSocket, JsValue>;
}

// For these files to be packed: the others import them.
#[wasm_bindgen(module = "/src/transport/receive/leg.js")]
extern "C" {
    type Leg;
}

#[wasm_bindgen(module = "/src/transport/receive/wire.js")]
extern "C" {
    #[wasm_bindgen(js_name = Wire)]
    type JsWire;
}

/// The body of a poll's response.
pub(crate) enum Received {
    Whole(String),
    /// It had to begin before there was a frame.
    Begun(ReadableStream),
}

/// The body of a streaming response.
pub(crate) fn stream(
    leg: &WebSocket,
    wire: &Wire,
    response_limit: usize,
    heartbeat: Duration,
) -> Result<ReadableStream, Failed> {
    let Wire { prelude, before, after, coding, .. } = wire;
    let limit = response_limit as f64;
    Ok(stream_in_javascript(leg, prelude, before, after, coding.name(), limit, ms(heartbeat))?)
}

/// Waits for the frame of a poll.
pub(crate) async fn poll(leg: &WebSocket, wire: &Wire, heartbeat: Duration) -> Result<Received, Failed> {
    let promise = poll_in_javascript(leg, &wire.before, wire.after, wire.coding.name(), ms(heartbeat));
    let body = JsFuture::from(promise).await?;
    Ok(match body.as_string() {
        Some(whole) => Received::Whole(whole),
        None => Received::Begun(body.unchecked_into()),
    })
}

/// Brings a leg and a client's WebSocket together, of which this returns the client's end.
pub(crate) fn bridge(leg: &WebSocket, is_raw: bool, heartbeat: Duration) -> Result<WebSocket, Failed> {
    Ok(bridge_in_javascript(leg, is_raw, ms(heartbeat))?)
}

/// A timer with a longer delay would ring at once.
const MAX_TIMER_MS: f64 = 2_147_483_647.0;

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).clamp(1.0, MAX_TIMER_MS)
}
