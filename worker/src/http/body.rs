//! Reading a body up to bounds. How it is read is JavaScript: see `body.js` for why.

use std::fmt;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{Request, Response, ResponseBody, wasm_bindgen_futures::JsFuture};

use crate::error::Error;

/// How long a body may take to arrive: whoever sends slowly holds memory meanwhile.
const MAX_SECONDS: u32 = 30;

#[wasm_bindgen(module = "/src/http/body.js")]
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

// For the file to be packed: `body.js` and the fan-out import it.
#[wasm_bindgen(module = "/src/http/bytes.js")]
extern "C" {
    type Pieces;
}

/// Reads a request's body whole, and gives up as soon as it is larger than `max_bytes`.
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
    let read = match announced.and_then(|length| u32::try_from(length).ok()) {
        Some(length) => {
            finish(read_announced_in_javascript(request.inner(), length, max_bytes, 1_000 * MAX_SECONDS)).await
        }
        None => read_stream(request.inner().body(), max_bytes).await,
    };
    read.map_err(|why| match why {
        UnreadBody::TooLarge => too_large(),
        UnreadBody::TooSlow => Error::refused(408, "too_slow", format!("a body has {MAX_SECONDS} seconds to arrive")),
        UnreadBody::BrokenOff => Error::refused(400, "broken_body", "the body broke off"),
        UnreadBody::NoRoom => Error::unavailable(why),
    })
}

/// Reads an answer's body whole, and gives up as soon as it is larger than `max_bytes`.
pub(crate) async fn read_answer(answer: &Response, max_bytes: usize) -> Result<Vec<u8>, UnreadBody> {
    match answer.body() {
        ResponseBody::Stream(body) => read_stream(Some(body.clone()), max_bytes).await,
        ResponseBody::Body(body) if body.len() > max_bytes => Err(UnreadBody::TooLarge),
        ResponseBody::Body(body) => Ok(body.clone()),
        ResponseBody::Empty => Ok(Vec::new()),
    }
}

async fn read_stream(body: Option<web_sys::ReadableStream>, max_bytes: usize) -> Result<Vec<u8>, UnreadBody> {
    let Some(body) = body else { return Ok(Vec::new()) };
    finish(read_in_javascript(&body, max_bytes, 1_000 * MAX_SECONDS)).await
}

async fn finish(begun: Result<Promise, JsValue>) -> Result<Vec<u8>, UnreadBody> {
    let broken = |_| UnreadBody::BrokenOff;
    let read = JsFuture::from(begun.map_err(broken)?).await.map_err(broken)?;
    if let Some(body) = read.dyn_ref::<Uint8Array>() {
        return Ok(body.to_vec());
    }
    Err(match read.as_string().as_deref() {
        Some("large") => UnreadBody::TooLarge,
        Some("slow") => UnreadBody::TooSlow,
        _ => UnreadBody::NoRoom,
    })
}

/// Why a body was not read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnreadBody {
    TooLarge,
    TooSlow,
    BrokenOff,
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
