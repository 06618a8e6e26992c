//! One text or several: how JSON lists what is mostly one.

use alloc::{string::String, vec, vec::Vec};

use serde::Deserialize;

/// A text, or an array of texts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Texts {
    One(String),
    Many(Vec<String>),
}

impl From<Texts> for Vec<String> {
    fn from(texts: Texts) -> Self {
        match texts {
            Texts::One(text) => vec![text],
            Texts::Many(texts) => texts,
        }
    }
}
