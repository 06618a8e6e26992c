//! What a browser is served: the demo page, and the files of `media/` under their own names.
//!
//! The files come through the binding `ASSETS`: static assets of the platform, or a disk service of `workerd`, which
//! knows no content types; so they are given here.

use worker::{Env, Headers, Response};

use crate::error::Error;

/// The page is served as a page author's own should be: nothing inline, nothing from elsewhere.
const PAGE_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; \
                           frame-ancestors 'none'";

/// `GET /` from a browser.
pub(crate) async fn page(env: &Env) -> Result<Response, Error> {
    file(env, "index.html").await
}

/// A file of `media/`, by its path below that folder.
pub(crate) async fn file(env: &Env, path: &str) -> Result<Response, Error> {
    let Some(content_type) = content_type(path) else { return Err(not_found()) };
    // Only the path counts; the host says nothing.
    let found = env.assets("ASSETS")?.fetch(format!("http://assets/{path}"), None).await?;
    if found.status_code() != 200 {
        return Err(not_found());
    }
    let (_, body) = found.into_parts();
    let headers = Headers::new();
    headers.set("Content-Type", content_type)?;
    // A new version of the worker comes with new files under the same names.
    headers.set("Cache-Control", "public, max-age=60")?;
    if content_type.starts_with("text/html") {
        headers.set("Content-Security-Policy", PAGE_POLICY)?;
    }
    Ok(Response::from_body(body)?.with_headers(headers))
}

/// The type of a file that may be served; names are plain, so none leads out of the folder.
fn content_type(path: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_');
    if !path.bytes().all(is_plain) || path.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return None;
    }
    match path.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "ts" => Some("text/plain; charset=utf-8"),
        "json" => Some("application/json"),
        "svg" => Some("image/svg+xml"),
        "wasm" => Some("application/wasm"),
        _ => None,
    }
}

fn not_found() -> Error {
    Error::refused(404, "not_found", "there is nothing at this path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_of_known_types_are_files() {
        assert_eq!(content_type("client/a_b-c.wasm"), Some("application/wasm"));
        for path in ["", "a", "a.exe", "../a.js", "client/../a.js", "/a.js", "a//b.js", ".env.js", "a%2e.js", "a b.js"]
        {
            assert_eq!(content_type(path), None, "{path:?}");
        }
    }
}
