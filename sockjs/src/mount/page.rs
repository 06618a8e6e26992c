//! `/iframe*.html`: the page for transports that cannot cross domains.

use std::hash::{DefaultHasher, Hash, Hasher};

use worker::{Request, Response};

use super::reply::Reply;

/// What is before the address of the client, and after it.
const PAGE: [&str; 2] = [
    r#"<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src=""#,
    r#""></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>"#,
];

pub(super) fn iframe(request: &Request, sockjs_url: &str) -> worker::Result<Response> {
    let [before, after] = PAGE;
    let page = format!("{before}{}{after}", sockjs_url.replace('"', "%22"));
    let mut hasher = DefaultHasher::new();
    page.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    let reply = Reply::new(200).cached()?.header("ETag", &etag)?;
    let known = request.headers().get("If-None-Match")?.unwrap_or_default();
    if known == "*" || known.split(',').any(|known| known.trim().trim_start_matches("W/") == etag) {
        return reply.status(304).finish();
    }
    reply.header("Content-Type", "text/html; charset=UTF-8")?.body(&page)
}
