//! A stream leg: the object's own answer, passed through by the listener's worker. See `stream_leg.js`.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/audience/stream_leg.js")]
extern "C" {
    pub(super) type StreamLeg;

    #[wasm_bindgen(method, getter)]
    pub(super) fn group(this: &StreamLeg) -> u32;

    #[wasm_bindgen(method, getter)]
    pub(super) fn number(this: &StreamLeg) -> u32;

    /// The cursor of a listener that history is replayed to; `None` when it is live.
    #[wasm_bindgen(method, getter)]
    pub(super) fn behind(this: &StreamLeg) -> Option<String>;

    #[wasm_bindgen(method, setter)]
    pub(super) fn set_behind(this: &StreamLeg, cursor: Option<String>);

    #[wasm_bindgen(method, getter)]
    pub(super) fn body(this: &StreamLeg) -> web_sys::ReadableStream;

    #[wasm_bindgen(method)]
    pub(super) fn write(this: &StreamLeg, bytes: &js_sys::Uint8Array);

    #[wasm_bindgen(method)]
    pub(super) fn pause(this: &StreamLeg);

    #[wasm_bindgen(method)]
    pub(super) fn cut(this: &StreamLeg);
}
