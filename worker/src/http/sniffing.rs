//! What an answer is, is what it says it is (Fetch standard, "X-Content-Type-Options").

use worker::Response;

/// Keeps browsers from taking what somebody published for a script or a page.
pub(crate) fn forbid_sniffing(mut response: Response) -> worker::Result<Response> {
    response.headers_mut().set("X-Content-Type-Options", "nosniff")?;
    Ok(response)
}
