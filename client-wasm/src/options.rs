//! What a page may say to `connect`.

use js_sys::{Array, Error, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::{error, thrown};

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &str = r#"
/** What a page may say to `connect`; every option has a default. */
export interface ConnectOptions {
  /** CSS selector of the marked elements. Default: `".sse"`. */
  selector?: string;
  /** Where the hub answers, absolute or relative to the page. It must not name channels. Default: `"/sse/"`. */
  url?: string;
  /** How the types of the DOM events begin. Default: `"sse."`. */
  eventPrefix?: string;
  /** How payloads are read; one that is no JSON arrives as text all the same. Default: `"json"`. */
  type?: "json" | "text";
  /** SSE event types to hear besides those that elements name in `data-sse-events`. Default: none. */
  events?: string[];
  /** The attribute that names an element's channels. Default: `"data-sse-channels"`. */
  channelAttr?: string;
  /** The attribute that names the types an element wants. Default: `"data-sse-events"`. */
  eventAttr?: string;
  /** Whether cookies go along to another origin. Default: `false`. */
  withCredentials?: boolean;
  /** Whether everything that happens is written to the console. Default: `false`. */
  debug?: boolean;
}

/** `detail` of the DOM events. */
export interface SseDetail<T = any> {
  /**
   * The payload: whole in `sse.message`, without its type in the `sse.<type>` of a message `["type", data]`,
   * `{ channels: string[] }` in `sse.gap`, `null` in `sse.open` and `sse.error`.
   */
  data: T;
  /** The channel of the message; `null` where there is none, or where the server does not tell. */
  channel: string | null;
  /** The id of the message; `null` in `sse.open` and `sse.error`. */
  id: string | null;
  /** The type of the message: `"message"`, its SSE event type, or `type` of `["type", data]`. */
  type: string;
  /** What the connection dispatched. */
  event: Event;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// A JavaScript object; its members are documented in the TypeScript declarations.
    #[wasm_bindgen(typescript_type = "ConnectOptions")]
    pub type ConnectOptions;
}

/// The options of one connection, checked and complete.
pub(crate) struct Options {
    pub(crate) selector: String,
    pub(crate) url: String,
    pub(crate) event_prefix: String,
    pub(crate) json: bool,
    pub(crate) events: Vec<String>,
    pub(crate) channel_attribute: String,
    pub(crate) type_attribute: String,
    pub(crate) with_credentials: bool,
    pub(crate) debug: bool,
}

impl Options {
    /// Reads an object of options; `null` and `undefined`, here and in its members, mean the default.
    ///
    /// # Errors
    /// Names the option that is wrong and what was expected.
    pub(crate) fn read(given: &JsValue) -> Result<Self, Error> {
        if !given.is_object() && !is_absent(given) {
            return Err(error("the options must be an object"));
        }
        Ok(Self {
            selector: text(given, "selector", ".sse")?,
            url: text(given, "url", "/sse/")?,
            event_prefix: text(given, "eventPrefix", "sse.")?,
            json: match text(given, "type", "json")?.as_str() {
                "json" => true,
                "text" => false,
                _ => return Err(expected("type", "\"json\" or \"text\"")),
            },
            events: texts(given, "events")?,
            channel_attribute: text(given, "channelAttr", "data-sse-channels")?,
            type_attribute: text(given, "eventAttr", "data-sse-events")?,
            with_credentials: flag(given, "withCredentials")?,
            debug: flag(given, "debug")?,
        })
    }
}

fn is_absent(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// A member; `None` where the default applies.
fn member(given: &JsValue, name: &str) -> Result<Option<JsValue>, Error> {
    if is_absent(given) {
        return Ok(None);
    }
    let value = Reflect::get(given, &name.into()).map_err(thrown)?;
    Ok((!is_absent(&value)).then_some(value))
}

fn text(given: &JsValue, name: &str, default: &str) -> Result<String, Error> {
    match member(given, name)? {
        None => Ok(default.to_owned()),
        Some(value) => value.as_string().ok_or_else(|| expected(name, "a string")),
    }
}

fn flag(given: &JsValue, name: &str) -> Result<bool, Error> {
    match member(given, name)? {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| expected(name, "true or false")),
    }
}

fn texts(given: &JsValue, name: &str) -> Result<Vec<String>, Error> {
    let Some(value) = member(given, name)? else {
        return Ok(Vec::new());
    };
    let texts = value.dyn_ref::<Array>().and_then(|array| array.iter().map(|item| item.as_string()).collect());
    texts.ok_or_else(|| expected(name, "an array of strings"))
}

fn expected(name: &str, what: &str) -> Error {
    error(["the option `", name, "` must be ", what].concat())
}
