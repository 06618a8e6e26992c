//! Reading a request's body up to a bound.

use futures::StreamExt;
use worker::Request;

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
    let mut stream = request.stream()?;
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Error::refused(400, "broken_body", "the body broke off"))?;
        if body.len() + chunk.len() > max_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
