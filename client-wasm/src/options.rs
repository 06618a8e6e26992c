//! What a page may say to `connect`.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use js_sys::{Array, Error, Function, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::{error, thrown};

#[wasm_bindgen]
extern "C" {
    /// A JavaScript object; its members are documented in `js/index.d.ts`.
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
    pub(crate) label: String,
    pub(crate) debug: bool,
    /// How an element is told, if not by a `CustomEvent`: called with the element, the type and the detail.
    pub(crate) dispatch: Option<Function>,
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
            label: text(given, "label", "")?,
            debug: flag(given, "debug")?,
            dispatch: match member(given, "dispatch")? {
                None => None,
                Some(value) => Some(value.dyn_into().map_err(|_| expected("dispatch", "a function"))?),
            },
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
