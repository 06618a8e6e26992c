//! How the payload of a message is read.

use alloc::string::String;
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

/// The type of a message whose publisher named none.
pub(crate) const MESSAGE: &str = "message";

/// One message as the page gets it.
pub(crate) struct Message {
    /// [`MESSAGE`], the SSE event type, or `type` of a payload `["type", data]`.
    pub(crate) event_type: String,
    /// The whole payload.
    pub(crate) data: JsValue,
    /// What the type says the payload is: `data` of `["type", data]`, else the whole of it.
    pub(crate) body: JsValue,
}

impl Message {
    /// Reads a message; as text it stays as it came.
    ///
    /// A payload that should be JSON and is none is taken as text: a page that publishes both loses neither. A type
    /// that the publisher gave to the event itself wins: then `["type", data]` is a payload like any other.
    pub(crate) fn read(event: &MessageEvent, json: bool) -> Self {
        let text = event.data();
        let data = if json { parse_json(&text).unwrap_or(text) } else { text };
        let event_type = event.type_();
        let pair = if json && event_type == MESSAGE { pair(&data) } else { None };
        match pair {
            Some((event_type, body)) => Self { event_type, data, body },
            None => Self { event_type, body: data.clone(), data },
        }
    }
}

/// The parts of `["type", data]`.
fn pair(data: &JsValue) -> Option<(String, JsValue)> {
    let pair: &Array = data.dyn_ref().filter(|array: &&Array| array.length() == 2)?;
    let event_type = pair.get(0).as_string().filter(|name| !name.is_empty())?;
    Some((event_type, pair.get(1)))
}

#[wasm_bindgen]
extern "C" {
    /// `js_sys::JSON::parse` would take the text through the memory of this module, as UTF-8, and back.
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    pub(crate) fn parse_json(text: &JsValue) -> Result<JsValue, JsValue>;
}
