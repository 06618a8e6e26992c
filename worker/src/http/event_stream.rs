//! The body of a listener's response. The stream itself is JavaScript: see `event_stream.js` for what it does and why.

use cyclone_edge_protocol::{EXPIRED, KEEP_ALIVE};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/http/event_stream.js")]
extern "C" {
    /// What all event streams of a hub have in common.
    pub(crate) type StreamSettings;

    #[wasm_bindgen(constructor)]
    fn make(keep_alive: &str, keep_alive_ms: u32, expired: &str) -> StreamSettings;
}

impl StreamSettings {
    /// Streams with a keep-alive at this interval.
    pub(crate) fn new(keep_alive_ms: u32) -> Self {
        Self::make(KEEP_ALIVE, keep_alive_ms, EXPIRED)
    }
}

/// Milliseconds as JavaScript has them, which knows a number for never.
pub(crate) fn ms_or_never(ms: Option<u64>) -> f64 {
    ms.map_or(f64::INFINITY, |ms| ms as f64)
}
