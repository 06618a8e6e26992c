//! What a page asked for, read by `js/settings.js`.

use alloc::string::String;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/settings.js")]
extern "C" {
    /// The settings of a stream, checked and complete.
    #[derive(Clone)]
    pub type Settings;

    /// Reads a page's options for the stream at an absolute address, of a hub or of any other server.
    ///
    /// # Errors
    /// Names the option that is wrong and what was expected.
    #[wasm_bindgen(catch, js_name = readSettings)]
    pub(crate) fn read(options: &JsValue, url: &str, is_hub: bool) -> Result<Settings, JsValue>;

    /// `auto` or the name of a transport.
    #[wasm_bindgen(method, getter)]
    pub(super) fn transport(this: &Settings) -> String;
    /// Which transport is the first for `auto`: what the page asks for and what the browser has decide.
    #[wasm_bindgen(method, getter)]
    pub(super) fn first(this: &Settings) -> String;
    /// Whether the page has a token to be asked for.
    #[wasm_bindgen(method, getter, js_name = hasToken)]
    pub(super) fn has_token(this: &Settings) -> bool;
    /// The token that it gave last.
    #[wasm_bindgen(method, getter)]
    pub(super) fn bearer(this: &Settings) -> Option<String>;
    /// Whether the request is one that can be a poll.
    #[wasm_bindgen(method, getter, js_name = mayPoll)]
    pub(super) fn may_poll(this: &Settings) -> bool;
    /// Where to start; empty means from now on.
    #[wasm_bindgen(method, getter, js_name = lastEventId)]
    pub(super) fn last_event_id(this: &Settings) -> String;
    /// Whether the address is of the page's own origin.
    #[wasm_bindgen(method, getter, js_name = isNear)]
    pub(super) fn is_near(this: &Settings) -> bool;
    /// The pause before reconnecting, in milliseconds, until the server says another.
    #[wasm_bindgen(method, getter)]
    pub(super) fn retry(this: &Settings) -> f64;
    /// The ceiling of that pause, in milliseconds.
    #[wasm_bindgen(method, getter, js_name = maxRetry)]
    pub(super) fn max_retry(this: &Settings) -> f64;
    /// How long polling goes on before a better transport is tried again, in milliseconds; each time twice as long.
    #[wasm_bindgen(method, getter, js_name = climbAfter)]
    pub(super) fn climb_after(this: &Settings) -> f64;
}
