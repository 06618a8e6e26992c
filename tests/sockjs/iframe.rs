//! `/iframe*.html`: the page by which clients of other origins speak with the server.

use harness::SockjsApp;

use crate::wire::{Ask, Reply};

/// The page, in which only the address of the client is the server's own.
const PAGE: (&str, &str) = (
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
);

#[track_caller]
fn is_the_page(reply: &Reply) {
    let head = &reply.head;
    assert_eq!(head.status, 200, "{reply:?}");
    assert_eq!(head.content_type().as_deref(), Some("text/html;charset=UTF-8"));
    head.is_cached_for_long();
    assert!(head.header("etag").is_some_and(|tag| tag.trim_start_matches("W/").starts_with('"')), "{head:?}");
    assert_eq!(head.header("set-cookie"), None);
    let body = reply.body.trim();
    let address = body.strip_prefix(PAGE.0).and_then(|rest| rest.strip_suffix(PAGE.1));
    let address = address.unwrap_or_else(|| panic!("another page: {body}"));
    assert!(address.starts_with('/') || address.starts_with("http"), "{address}");
    assert!(!address.contains(['"', '<']), "{address}");
}

#[tokio::test]
async fn every_version_of_the_page_is_the_page() {
    let app = SockjsApp::start().await;
    for path in [
        "/iframe.html",
        "/iframe-a.html",
        "/iframe-.html",
        "/iframe-0.1.2.html",
        "/iframe-0.1.2abc-dirty.2144.html",
        "/iframe-a.html?t=1234",
        "/iframe-0.1.2.html?t=123414",
        "/iframe-0.1.2abc-dirty.2144.html?t=qweqweq123",
        "/iframe_x.1.html",
    ] {
        is_the_page(&Ask::get(format!("/echo{path}")).reply(&app).await);
    }
    is_the_page(&Ask::get("/cookie_needed_echo/iframe.html").reply(&app).await);
}

#[tokio::test]
async fn what_only_looks_like_the_page_is_not_found() {
    let app = SockjsApp::start().await;
    for path in [
        "/iframe.htm",
        "/iframe",
        "/IFRAME.HTML",
        "/IFRAME",
        "/iframe.HTML",
        "/iframe.xml",
        "/iframe-/.html",
        "/iframe-A.html",
    ] {
        Ask::get(format!("/echo{path}")).reply(&app).await.is_not_found();
    }
}

#[tokio::test]
async fn a_browser_that_has_the_page_is_told_so() {
    let app = SockjsApp::start().await;
    let tag = |reply: Reply| reply.head.header("etag").unwrap().to_owned();
    let first = tag(Ask::get("/echo/iframe.html").reply(&app).await);
    assert_eq!(tag(Ask::get("/echo/iframe.html").reply(&app).await), first);
    assert_eq!(tag(Ask::get("/echo/iframe-1.6.1.html?t=1").reply(&app).await), first);

    let again = Ask::get("/echo/iframe.html").header("If-None-Match", &first).reply(&app).await;
    assert_eq!((again.head.status, again.body.as_str()), (304, ""));
    assert_eq!(again.head.header("content-type"), None);
    is_the_page(&Ask::get("/echo/iframe.html").header("If-None-Match", "\"another\"").reply(&app).await);
}
