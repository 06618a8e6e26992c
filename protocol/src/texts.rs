//! One text or several: how JSON lists what is mostly one.

use alloc::{string::String, vec, vec::Vec};

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// A text, or an array of texts.
pub(crate) struct Texts(pub(crate) Vec<String>);

/// By way of a `Value`, and not as an untagged enum, which takes much more WebAssembly.
impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = match Value::deserialize(deserializer)? {
            Value::Array(items) => items,
            one => vec![one],
        };
        let text = |item| match item {
            Value::String(text) => Some(text),
            _ => None,
        };
        let texts: Option<Vec<String>> = items.into_iter().map(text).collect();
        texts.map(Self).ok_or_else(|| D::Error::custom("neither a text nor an array of texts"))
    }
}
