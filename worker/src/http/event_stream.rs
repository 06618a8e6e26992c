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

/// When a stream ends at the latest, as JavaScript has it.
pub(crate) fn end_in_javascript(ends_at_ms: Option<u64>) -> f64 {
    ends_at_ms.map_or(f64::INFINITY, |ends_at| ends_at as f64)
}
