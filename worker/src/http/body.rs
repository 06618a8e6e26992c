//! Reading a body up to a bound.

use std::fmt;

use futures::StreamExt;
use worker::{ByteStream, Request};

use crate::error::Error;

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
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    read_stream(request.stream()?, max_bytes).await.map_err(|why| match why {
        UnreadBody::TooLarge => too_large(),
        UnreadBody::BrokenOff => Error::refused(400, "broken_body", "the body broke off"),
    })
}

/// Reads a stream whole, and gives up as soon as it is larger than `max_bytes`.
pub(crate) async fn read_stream(mut stream: ByteStream, max_bytes: usize) -> Result<Vec<u8>, UnreadBody> {
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| UnreadBody::BrokenOff)?;
        if body.len() + chunk.len() > max_bytes {
            return Err(UnreadBody::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why a body was not read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnreadBody {
    TooLarge,
    BrokenOff,
}

impl fmt::Display for UnreadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body is too large",
            Self::BrokenOff => "the body broke off",
        })
    }
}
