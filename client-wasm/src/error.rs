//! The one place that turns whatever can be thrown into an `Error`.

use alloc::{borrow::ToOwned, string::ToString};
use core::fmt::Display;

use js_sys::Error;
use wasm_bindgen::{JsCast, JsValue};

/// An `Error` that says what is wrong, in one sentence.
pub(crate) fn error(message: impl Display) -> Error {
    Error::new(&message.to_string())
}

/// An `Error` for what JavaScript threw: an `Error`, `DOMException` included, as it is; anything else as its text.
pub(crate) fn thrown(value: JsValue) -> Error {
    value
        .dyn_into()
        .unwrap_or_else(|value| Error::new(&value.as_string().unwrap_or_else(|| "unknown failure".to_owned())))
}
