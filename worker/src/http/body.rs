//! Reading a request's body up to a bound. How it is read is JavaScript: see `body.js` for why.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{Request, wasm_bindgen_futures::JsFuture};

use crate::error::Error;

#[wasm_bindgen(module = "/src/http/body.js")]
extern "C" {
    #[wasm_bindgen(js_name = readBody, catch)]
    fn read_in_javascript(body: &web_sys::ReadableStream, max_bytes: usize) -> Result<Promise, JsValue>;
}

/// Reads the body whole, and gives up as soon as it is larger than `max_bytes`.
///
/// # Errors
/// 413 when it is too large, 400 when the client breaks off.
pub(crate) async fn read_bounded(request: &mut Request, max_bytes: usize) -> Result<Vec<u8>, Error> {
    let too_large = || Error::refused(413, "too_large", format!("the body has at most {max_bytes} bytes"));
    let announced = request.headers().get("Content-Length")?.and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large());
    }
    let Some(body) = request.inner().body() else { return Ok(Vec::new()) };
    let broken = |_| Error::refused(400, "broken_body", "the body broke off");
    let read = read_in_javascript(&body, max_bytes).map_err(broken)?;
    let read = JsFuture::from(read).await.map_err(broken)?;
    read.dyn_ref().map(Uint8Array::to_vec).ok_or_else(too_large)
}
