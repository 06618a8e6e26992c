//! Reading what a client sends, up to bounds. How it is read is JavaScript: `body.js`.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use worker::{Request, wasm_bindgen_futures::JsFuture};

/// A larger body is refused.
const MAX_BYTES: u32 = 1024 * 1024;
/// How long a body may take to arrive.
const MAX_MS: u32 = 30_000;

#[wasm_bindgen(module = "/src/mount/body.js")]
extern "C" {
    #[wasm_bindgen(js_name = readBody)]
    fn read_in_javascript(request: &web_sys::Request, max_bytes: u32, max_ms: u32) -> js_sys::Promise;

    /// An integer of 32 bits that nobody can foresee.
    pub(super) fn entropy() -> u32;

    /// A name that no other has.
    pub(super) fn unique() -> String;
}

/// A client's body, which stays in JavaScript.
pub(super) enum Body {
    Whole(JsValue),
    TooLarge,
    /// The client broke off, or took too long.
    Broken,
}

pub(super) async fn read(request: &Request) -> Body {
    match JsFuture::from(read_in_javascript(request.inner(), MAX_BYTES, MAX_MS)).await {
        Ok(body) if body.is_instance_of::<Uint8Array>() => Body::Whole(body),
        Ok(why) if why.as_string().as_deref() == Some("large") => Body::TooLarge,
        _ => Body::Broken,
    }
}
