//! Reading a body up to bounds. How it is read is JavaScript: see `body.js` for why.

use std::fmt;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{Request, Response, ResponseBody, wasm_bindgen_futures::JsFuture};

/// How long a body may take to arrive, in seconds: whoever sends slowly holds memory meanwhile.
pub const MAX_BODY_SECONDS: u32 = 30;

#[wasm_bindgen(module = "/src/body.js")]
extern "C" {
    #[wasm_bindgen(js_name = readBody, catch)]
    fn read_in_javascript(body: &web_sys::ReadableStream, max_bytes: usize, max_ms: u32) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = readAnnouncedBody, catch)]
    fn read_announced_in_javascript(
        request: &web_sys::Request,
        announced_bytes: u32,
        max_bytes: usize,
        max_ms: u32,
    ) -> Result<Promise, JsValue>;
}

/// Reads a request's body whole, and gives up as soon as it is larger than `max_bytes`. The body stays in JavaScript.
///
/// # Errors
/// Which bound it met, or that the client broke off.
pub async fn read_request(request: &Request, max_bytes: usize) -> Result<Uint8Array, UnreadBody> {
    let announced = request.headers().get("Content-Length").ok().flatten();
    let announced = announced.and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max_bytes as u64) {
        return Err(UnreadBody::TooLarge);
    }
    match announced.and_then(|length| u32::try_from(length).ok()) {
        Some(length) => {
            finish(read_announced_in_javascript(request.inner(), length, max_bytes, 1_000 * MAX_BODY_SECONDS)).await
        }
        None => read_stream(request.inner().body(), max_bytes).await,
    }
}

/// Reads an answer's body whole, and gives up as soon as it is larger than `max_bytes`.
///
/// # Errors
/// Which bound it met, or that it broke off.
pub async fn read_answer(answer: &Response, max_bytes: usize) -> Result<Vec<u8>, UnreadBody> {
    match answer.body() {
        ResponseBody::Stream(body) => Ok(read_stream(Some(body.clone()), max_bytes).await?.to_vec()),
        ResponseBody::Body(body) if body.len() > max_bytes => Err(UnreadBody::TooLarge),
        ResponseBody::Body(body) => Ok(body.clone()),
        ResponseBody::Empty => Ok(Vec::new()),
    }
}

async fn read_stream(body: Option<web_sys::ReadableStream>, max_bytes: usize) -> Result<Uint8Array, UnreadBody> {
    let Some(body) = body else { return Ok(Uint8Array::new_with_length(0)) };
    finish(read_in_javascript(&body, max_bytes, 1_000 * MAX_BODY_SECONDS)).await
}

async fn finish(begun: Result<Promise, JsValue>) -> Result<Uint8Array, UnreadBody> {
    let broken = |_| UnreadBody::BrokenOff;
    let read = JsFuture::from(begun.map_err(broken)?).await.map_err(broken)?;
    read.dyn_into::<Uint8Array>().map_err(|why| match why.as_string().as_deref() {
        Some("large") => UnreadBody::TooLarge,
        Some("slow") => UnreadBody::TooSlow,
        _ => UnreadBody::NoRoom,
    })
}

/// Why a body was not read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadBody {
    /// It is larger than it may be.
    TooLarge,
    /// It took longer than [`MAX_BODY_SECONDS`].
    TooSlow,
    /// Whoever sent it broke off.
    BrokenOff,
    /// All bodies that are being read take as much memory as they may.
    NoRoom,
}

impl fmt::Display for UnreadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body takes too long",
            Self::BrokenOff => "the body broke off",
            Self::NoRoom => "bodies that are being read take too much memory",
        })
    }
}

impl std::error::Error for UnreadBody {}
