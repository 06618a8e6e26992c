//! Reading a request's body up to bounds. How it is read is JavaScript: see `body.js` for why.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{Request, wasm_bindgen_futures::JsFuture};

use crate::error::Error;

/// How long a body may take to arrive: whoever sends slowly holds memory meanwhile.
const MAX_SECONDS: u32 = 30;

#[wasm_bindgen(module = "/src/http/body.js")]
extern "C" {
    #[wasm_bindgen(js_name = readBody, catch)]
    fn read_in_javascript(body: &web_sys::ReadableStream, max_bytes: usize, max_ms: u32) -> Result<Promise, JsValue>;
}

/// Reads the body whole, and gives up as soon as it is larger than `max_bytes`.
///
/// # Errors
/// 413 when it is too large, 400 when the client breaks off, 408 when it takes too long; 503 when bodies that are being
/// read take too much memory already.
pub(crate) async fn read_bounded(request: &mut Request, max_bytes: usize) -> Result<Vec<u8>, Error> {
    let too_large = || Error::refused(413, "too_large", format!("the body has at most {max_bytes} bytes"));
    let announced = request.headers().get("Content-Length")?.and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large());
    }
    let Some(body) = request.inner().body() else { return Ok(Vec::new()) };
    let broken = |_| Error::refused(400, "broken_body", "the body broke off");
    let read = read_in_javascript(&body, max_bytes, 1_000 * MAX_SECONDS).map_err(broken)?;
    let read = JsFuture::from(read).await.map_err(broken)?;
    if let Some(body) = read.dyn_ref::<Uint8Array>() {
        return Ok(body.to_vec());
    }
    Err(match read.as_string().as_deref() {
        Some("large") => too_large(),
        Some("slow") => Error::refused(408, "too_slow", format!("a body has {MAX_SECONDS} seconds to arrive")),
        _ => Error::unavailable("bodies that are being read take too much memory"),
    })
}
