//! Live delivery, from frames to legs. The fan-out itself is JavaScript: see `fan_out.js` for what it does and why.

use std::cell::RefCell;

use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{State, WebSocket, wasm_bindgen_futures::JsFuture};

use super::{
    leg::{LegId, StreamTerms},
    stream_leg::StreamLeg,
};
use crate::{
    error::Error,
    http::{StreamSettings, ms_or_never},
};

#[wasm_bindgen(module = "/src/audience/fan_out.js")]
extern "C" {
    type JsFanOut;

    #[wasm_bindgen(js_name = fanOutOf)]
    fn fan_out_of(state: &JsValue, wake: &Function) -> JsFanOut;

    #[wasm_bindgen(method)]
    fn attend(this: &JsFanOut, wants_more: &WantsMore, left: &HasLeft);

    #[wasm_bindgen(method, js_name = openStreamLeg, catch)]
    fn open_stream_leg(
        this: &JsFanOut,
        group: u32,
        number: u32,
        settings: &StreamSettings,
        ends_at_ms: f64,
        is_new: bool,
        quiet_ms: f64,
    ) -> Result<StreamLeg, JsValue>;

    #[wasm_bindgen(method, js_name = isQuiet)]
    fn is_quiet(this: &JsFanOut, quiet_ms: f64) -> bool;

    #[wasm_bindgen(method, getter, js_name = streamLegs)]
    fn stream_legs(this: &JsFanOut) -> Vec<StreamLeg>;

    #[wasm_bindgen(method, js_name = addSocket)]
    fn add_socket(this: &JsFanOut, group: u32, number: u32, socket: &web_sys::WebSocket);

    #[wasm_bindgen(method, js_name = addStream)]
    fn add_stream(this: &JsFanOut, leg: &StreamLeg);

    #[wasm_bindgen(method)]
    fn remove(this: &JsFanOut, group: u32, number: u32);

    #[wasm_bindgen(method)]
    fn deliver(this: &JsFanOut, group: u32, frame: &Uint8Array);

    #[wasm_bindgen(method)]
    fn room(this: &JsFanOut) -> Option<Promise>;
}

// For these files to be packed: `fan_out.js`, and what it imports, import them.
#[wasm_bindgen(module = "/src/audience/clock.js")]
extern "C" {
    type Clock;
}

#[wasm_bindgen(module = "/src/audience/turns.js")]
extern "C" {
    type Turns;
}

#[wasm_bindgen(module = "/src/audience/group.js")]
extern "C" {
    type Group;
}

#[wasm_bindgen(module = "/src/audience/bytes.js")]
extern "C" {
    type Pieces;
}

#[wasm_bindgen(module = "/src/audience/keep_alives.js")]
extern "C" {
    type KeepAlives;
}

type WantsMore = Closure<dyn Fn(u32, u32) -> bool>;
type HasLeft = Closure<dyn Fn(u32, u32)>;

/// Bytes for listeners, held by JavaScript so that any number of legs share them.
pub(super) struct Frame(pub(super) Uint8Array);

impl Frame {
    pub(super) fn new(text: &str) -> Self {
        Self(Uint8Array::from(text.as_bytes()))
    }
}

/// The live legs of an object, and what is on its way to them.
pub(super) struct FanOut {
    fan_out: JsFanOut,
    /// What JavaScript calls, kept for as long as this is.
    callbacks: RefCell<Option<(WantsMore, HasLeft)>>,
}

impl FanOut {
    /// The fan-out of an object. After a panic it is what it was, with all its legs, and has the object `wake` when one of them
    /// needs it.
    pub(super) fn of(state: &State, wake: &Function) -> Self {
        Self { fan_out: fan_out_of(state.as_raw(), wake), callbacks: RefCell::default() }
    }

    /// Says what to do when a stream leg that is behind has room for more, which returns whether it was done, and when the
    /// listener of one has left. Replays that a panic interrupted go on.
    pub(super) fn attend(&self, wants_more: impl Fn(LegId) -> bool + 'static, left: impl Fn(LegId) + 'static) {
        let wants_more = WantsMore::new(move |group, number| wants_more(LegId { group, number }));
        let left = HasLeft::new(move |group, number| left(LegId { group, number }));
        self.fan_out.attend(&wants_more, &left);
        *self.callbacks.borrow_mut() = Some((wants_more, left));
    }

    /// A new stream leg.
    pub(super) fn open_stream_leg(&self, id: LegId, terms: &StreamTerms<'_>) -> Result<StreamLeg, Error> {
        let (ends_at_ms, quiet_ms) = (ms_or_never(terms.ends_at_ms), ms_or_never(terms.quiet_ms));
        Ok(self.fan_out.open_stream_leg(id.group, id.number, terms.settings, ends_at_ms, terms.is_new, quiet_ms)?)
    }

    /// Whether nothing was delivered for so long.
    pub(super) fn is_quiet(&self, quiet_ms: u64) -> bool {
        self.fan_out.is_quiet(quiet_ms as f64)
    }

    /// The stream legs that are open: those that outlived a panic.
    pub(super) fn stream_legs(&self) -> Vec<StreamLeg> {
        self.fan_out.stream_legs()
    }

    /// From now on the leg gets what is delivered to its group. One that does so already loses nothing by it.
    pub(super) fn add_socket(&self, id: LegId, socket: &WebSocket) {
        self.fan_out.add_socket(id.group, id.number, socket.as_ref());
    }

    /// The same for a stream leg.
    pub(super) fn add_stream(&self, leg: &StreamLeg) {
        self.fan_out.add_stream(leg);
    }

    pub(super) fn remove(&self, id: LegId) {
        self.fan_out.remove(id.group, id.number);
    }

    /// Delivers a frame to all live legs of a group.
    ///
    /// A leg that turns out to be closed is dropped by its close event.
    pub(super) fn deliver(&self, group: u32, frame: &Frame) {
        self.fan_out.deliver(group, &frame.0);
    }

    /// Waits until so little is on its way that there is room for more.
    pub(super) async fn room(&self) {
        if let Some(room) = self.fan_out.room() {
            // It is only ever resolved.
            let _ = JsFuture::from(room).await;
        }
    }
}
