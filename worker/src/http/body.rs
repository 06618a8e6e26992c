//! A publish's body, and what its sender is told where it cannot be read.

use cyclone_edge_platform::{MAX_BODY_SECONDS, UnreadBody, read_request};
use worker::Request;

use crate::error::Error;

/// Reads a request's body whole, and gives up as soon as it is larger than `max_bytes`.
///
/// # Errors
/// 413 when it is too large, 400 when the client breaks off, 408 when it takes too long; 503 when bodies that are being
/// read take too much memory already.
pub(crate) async fn read_bounded(request: &Request, max_bytes: usize) -> Result<Vec<u8>, Error> {
    let body = read_request(request, max_bytes).await.map_err(|why| match why {
        UnreadBody::TooLarge => Error::refused(413, "too_large", format!("the body has at most {max_bytes} bytes")),
        UnreadBody::TooSlow => {
            Error::refused(408, "too_slow", format!("a body has {MAX_BODY_SECONDS} seconds to arrive"))
        }
        UnreadBody::BrokenOff => Error::refused(400, "broken_body", "the body broke off"),
        UnreadBody::NoRoom => Error::unavailable(why),
    })?;
    Ok(body.to_vec())
}
