//! One connection, one pause between two, or one question to the page.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent};

use super::Settings;

/// What a line has to tell, as `js/line.js` calls it.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The response has begun; its origin.
    Open = "open",
    /// A piece of the response.
    Bytes = "bytes",
    /// A `MessageEvent` of the browser's own class.
    Message = "message",
    /// A last event id without an event.
    Id = "id",
    /// The browser's own class lost the connection and goes on by itself.
    Interrupted = "interrupted",
    /// The browser's own class has given up.
    Closed = "closed",
    /// The first bytes do not come.
    Silent = "silent",
    /// The response is no event stream: a [`Refusal`], and what `Retry-After` says, in milliseconds.
    Refused = "refused",
    /// The response has ended.
    End = "end",
    /// There is no response, or no end of it.
    Lost = "lost",
    /// The pause is over.
    Again = "again",
    /// The page has given a token.
    Token = "token",
    /// The page has given none: a [`Refusal`].
    Tokenless = "tokenless",
}

#[wasm_bindgen(module = "/js/line.js")]
extern "C" {
    /// What was started, until it is stopped.
    type Started;
    #[wasm_bindgen(method)]
    fn stop(this: &Started);
    #[wasm_bindgen(method)]
    fn listen(this: &Started, event_type: &str);

    #[wasm_bindgen(catch, js_name = startNative)]
    fn start_native(
        url: &str,
        settings: &Settings,
        is_hub: bool,
        types: &Array,
        tell: &JsValue,
    ) -> Result<Started, JsValue>;
    #[wasm_bindgen(js_name = startFetch)]
    fn start_fetch(
        url: &str,
        settings: &Settings,
        last_event_id: &str,
        is_poll: bool,
        is_hub: bool,
        tell: &JsValue,
    ) -> Started;
    #[wasm_bindgen(js_name = startPause)]
    fn start_pause(ms: f64, offline_ms: f64, tell: &JsValue) -> Started;
    #[wasm_bindgen(js_name = startAsk)]
    fn start_ask(settings: &Settings, tell: &JsValue) -> Started;

    /// Why there is no stream: members for the event `error`.
    pub(super) type Refusal;
    /// The status of the response.
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Refusal) -> f64;

    /// A new `Event` with these members.
    #[wasm_bindgen(js_name = signal)]
    pub(super) fn new_signal(event_type: &str, members: &JsValue) -> Event;

    /// A new `MessageEvent`.
    #[wasm_bindgen(js_name = message)]
    pub(super) fn new_message(event_type: &str, data: &str, last_event_id: &str, origin: &str) -> MessageEvent;
}

/// Hears what a line tells.
pub(super) type Tell = Closure<dyn Fn(Told, JsValue, f64)>;

/// What was started; it stops when this is dropped, and tells nothing any more.
pub(super) struct Line {
    started: Started,
    _tell: Tell,
}

impl Line {
    /// The browser's own `EventSource`, listening for these types too. `None` where it does not take the address.
    pub(super) fn native(url: &str, settings: &Settings, is_hub: bool, types: &Array, tell: Tell) -> Option<Self> {
        let started = start_native(url, settings, is_hub, types, tell.as_ref()).ok()?;
        Some(Self { started, _tell: tell })
    }

    /// One request, which says this last event id in its header unless it is empty.
    pub(super) fn fetch(
        url: &str,
        settings: &Settings,
        last_event_id: &str,
        is_poll: bool,
        is_hub: bool,
        tell: Tell,
    ) -> Self {
        let started = start_fetch(url, settings, last_event_id, is_poll, is_hub, tell.as_ref());
        Self { started, _tell: tell }
    }

    /// A pause of `ms` milliseconds, or of `offline_ms` while the browser knows that it is offline.
    pub(super) fn pause(ms: f64, offline_ms: f64, tell: Tell) -> Self {
        Self { started: start_pause(ms, offline_ms, tell.as_ref()), _tell: tell }
    }

    /// Asks the page for a token, which the settings then have.
    pub(super) fn ask(settings: &Settings, tell: Tell) -> Self {
        Self { started: start_ask(settings, tell.as_ref()), _tell: tell }
    }

    /// Hears messages of this type too.
    pub(super) fn listen(&self, event_type: &str) {
        self.started.listen(event_type);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.started.stop();
    }
}
