//! Requests that no client makes: each gets its answer, and nobody else is disturbed.

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming},
    web_socket::{Heard, WebSocket},
    wire::{Ask, Wire},
};

const MIB: usize = 1024 * 1024;

/// An array of one message, of so many bytes.
fn of_bytes(bytes: usize) -> String {
    format!("[\"{}\"]", "x".repeat(bytes - 4))
}

#[tokio::test]
async fn a_transport_that_nobody_knows_is_not_found() {
    let app = SockjsApp::start().await;
    for path in
        ["/a/b/unknown", "/a/b/XHR", "/a/b/xhr_sen", "/a/b/", "/a/b", "/a/b/xdr", "/a/b/c/xhr", "/a/b/iframe.html"]
    {
        for ask in [Ask::get(format!("/echo{path}")), Ask::post(format!("/echo{path}"))] {
            ask.reply(&app).await.is_not_found();
        }
    }
}

#[tokio::test]
async fn a_method_that_an_endpoint_does_not_have_is_not_allowed() {
    let app = SockjsApp::start().await;
    for (path, methods) in [
        ("", &["POST", "PUT"][..]),
        ("/", &["POST"]),
        ("/iframe.html", &["POST", "DELETE"]),
        ("/info", &["POST", "PUT"]),
        ("/a/b/xhr", &["GET", "PUT", "DELETE"]),
        ("/a/b/xhr_send", &["GET", "PUT"]),
        ("/a/b/xhr_streaming", &["GET"]),
        ("/a/b/eventsource", &["POST"]),
        ("/a/b/htmlfile", &["POST"]),
        ("/a/b/jsonp", &["POST"]),
        ("/a/b/jsonp_send", &["GET"]),
        ("/a/b/websocket", &["POST", "PUT"]),
        ("/websocket", &["POST"]),
    ] {
        for method in methods {
            let reply = Ask::new(method, format!("/echo{path}")).reply(&app).await;
            assert_eq!(reply.head.status, 405, "{method} {path}: {reply:?}");
            reply.is_not_allowed();
        }
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_session_goes_on() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let huge = format!("[\"{}\"]", "x".repeat(20 << 20));
    for transport in ["xhr_send", "jsonp_send"] {
        let ask = Ask::post(session.path(transport)).header("Content-Type", "text/plain").body(huge.as_str());
        let head = ask.refusal(&app).await;
        assert_eq!(head.status, 413, "{transport}: {head:?}");
    }
    session.send("[\"x\"]").await;
    assert_eq!(session.poll().await, "a[\"x\"]\n");
}

#[tokio::test]
async fn a_body_may_have_a_mebibyte_and_not_one_byte_more() {
    let app = SockjsApp::start().await;
    for (bytes, status) in [(MIB, 204), (MIB + 1, 413)] {
        let session = Session::open(&app, "amplify").await;
        let body = of_bytes(bytes);
        let head = Ask::post(session.path("xhr_send")).body(body.as_str()).refusal(&app).await;
        assert_eq!(head.status, status, "{bytes}");
    }
}

#[tokio::test]
async fn a_frame_may_have_a_mebibyte_and_not_one_byte_more() {
    let app = SockjsApp::start().await;
    for letter in ["x", "\u{e9}"] {
        let mut socket = WebSocket::open(&app, "/amplify/000/large/websocket").await;
        let frame = of_bytes(MIB).replace(&"x".repeat(letter.len()), letter);
        socket.send(&frame).await;
        socket.says("a[\"xx\"]").await;
        socket.send(&format!("{frame} ")).await;
        assert_eq!(socket.next().await, Heard::Closed(Some((1009, "Message too big".to_owned()))));
    }
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_its_websocket_and_no_other() {
    let app = SockjsApp::start().await;
    let mut other = WebSocket::open(&app, "/echo/000/other/websocket").await;
    let mut socket = WebSocket::open(&app, "/echo/000/large/websocket").await;
    socket.try_send(&format!("[\"{}\"]", "x".repeat(8 << 20))).await;
    socket.ends().await;
    other.send("[\"x\"]").await;
    other.says("a[\"x\"]").await;
}

#[tokio::test]
async fn long_and_strange_names_harm_nothing() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    for (name, status) in [
        ("x".repeat(256), 200),
        ("x".repeat(257), 404),
        ("x".repeat(10_000), 404),
        ("%00".repeat(3), 200),
        ("%ff%fe".to_owned(), 200),
        ("%2F%2e%2e%2F".to_owned(), 200),
        ("%zz".to_owned(), 200),
        ("a;b=c,d".to_owned(), 200),
    ] {
        let reply = Ask::post(format!("/echo/000/{name}/xhr")).reply(&app).await;
        assert_eq!(reply.head.status, status, "{name:.20}");
    }
    session.send("[\"x\"]").await;
    assert_eq!(session.poll().await, "a[\"x\"]\n");
}

#[tokio::test]
async fn json_that_is_deep_or_holds_no_texts_harms_nothing() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let deep = "[".repeat(100_000);
    let nested = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for body in [deep.as_str(), &nested, "[1,2]", "[null]", "[[\"a\"]]", "[{\"a\":1}]"] {
        let status = Ask::post(session.path("xhr_send")).body(body).reply(&app).await.head.status;
        assert_eq!(status, 500, "{body:.20}");
    }
    session.send("[\"last\"]").await;
    assert_eq!(session.poll().await, "a[\"last\"]\n");
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_harms_nothing() {
    let app = SockjsApp::start().await;
    let mut stream = Session::of(&app, "echo").begin_stream(Streaming::Xhr).await;
    stream.says("o").await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"GET\r\n\r\n",
        b"GET /echo HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET /echo\r\n\r\n",
    ] {
        let mut wire = Wire::open(&app).await;
        wire.send(bytes).await;
        wire.finish().await;
        let answer = wire.rest().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 "), "{answer}");
    }
    assert_eq!(Ask::get("/echo").reply(&app).await.head.status, 200);
}

#[tokio::test]
async fn nothing_that_a_client_sends_is_logged_as_a_failure_of_the_server() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    for body in ["", "x", "[\"", "null"] {
        Ask::post(session.path("xhr_send")).body(body).reply(&app).await;
    }
    Ask::get("/echo/a/b/jsonp").reply(&app).await;
    drop(session.begin_poll().await);
    let mut socket = WebSocket::open(&app, "/echo/000/broken/websocket").await;
    socket.send("x").await;
    socket.ends().await;
    drop(session.begin_stream(Streaming::HtmlFile).await);
    assert_eq!(Ask::get("/echo").reply(&app).await.head.status, 200);
    let log = app.log();
    assert!(!log.contains("panicked") && !log.contains("Uncaught"), "{log}");
}
