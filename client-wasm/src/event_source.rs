//! What the class `EventSource` of `js/event_source.js` is made of.

use alloc::{borrow::ToOwned, string::String};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::stream::{Server, Settings, Stream};

/// A stream at one address, for one `EventSource`.
#[wasm_bindgen(skip_typescript)]
pub struct Source(Stream);

#[wasm_bindgen]
impl Source {
    /// Connects to an absolute address, of a hub or of any other server; `deliver` is called with every event.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(url: String, settings: Settings, is_hub: bool, deliver: Function) -> Self {
        let server = if is_hub { Server::Hub } else { Server::Any };
        // What a handler throws is reported by `dispatchEvent`, not thrown.
        Self(Stream::open(url, settings, server, move |event| drop(deliver.call1(&JsValue::NULL, event))))
    }

    /// Closes for good.
    pub fn close(&self) {
        self.0.close();
    }

    /// Hears this type of events too, where it must be asked for by name.
    pub fn listen(&self, event_type: &str) {
        self.0.listen(event_type);
    }

    /// 0 while connecting or waiting to reconnect, 1 while open, 2 once closed for good.
    #[wasm_bindgen(getter, js_name = readyState)]
    #[must_use]
    pub fn ready_state(&self) -> u16 {
        self.0.ready_state()
    }

    /// What the next request says.
    #[wasm_bindgen(getter, js_name = lastEventId)]
    #[must_use]
    pub fn last_event_id(&self) -> String {
        self.0.last_event_id()
    }

    /// How events come now.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn transport(&self) -> String {
        self.0.transport().to_owned()
    }
}
