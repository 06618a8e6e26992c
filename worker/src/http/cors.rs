//! Which pages may read the hub's answers (Fetch standard, "CORS protocol").

use worker::{Headers, Request, Response};

use crate::{config::CorsOrigins, error::Error};

/// What scripts of other origins may send. `Last-Event-ID` is the EventSource of a page; the rest are polyfills,
/// publishers, and XMLHttpRequest libraries that announce themselves.
const ALLOWED_HEADERS: &str =
    "Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID, X-Requested-With";

/// Answers a preflight request; [`allow_origin`] adds who may.
pub(crate) fn preflight() -> Result<Response, Error> {
    let headers = Headers::new();
    headers.set("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")?;
    headers.set("Access-Control-Allow-Headers", ALLOWED_HEADERS)?;
    headers.set("Access-Control-Max-Age", "86400")?;
    Ok(Response::empty()?.with_status(204).with_headers(headers))
}

/// Marks an answer as readable by the pages that the setting names.
pub(crate) fn allow_origin(response: &mut Response, origins: &CorsOrigins, request: &Request) -> Result<(), Error> {
    let headers = response.headers_mut();
    match origins {
        CorsOrigins::Any => headers.set("Access-Control-Allow-Origin", "*")?,
        CorsOrigins::Listed(listed) => {
            headers.append("Vary", "Origin")?;
            let origin = request.headers().get("Origin")?;
            if let Some(origin) = origin.filter(|origin| listed.contains(origin)) {
                headers.set("Access-Control-Allow-Origin", &origin)?;
                headers.set("Access-Control-Allow-Credentials", "true")?;
            }
        }
    }
    Ok(())
}
