//! `/eventsource`: one answer for many frames, for EventSource.

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming, messages},
    wire::Ask,
};

#[tokio::test]
async fn each_frame_is_one_event_and_one_chunk() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let (head, mut wire) = Ask::get(session.path("eventsource")).begin(&app).await;
    assert_eq!(head.status, 200);
    assert!(head.content_type().is_some_and(|found| found.starts_with("text/event-stream")), "{head:?}");
    assert!(head.is_chunked(), "{head:?}");
    head.is_not_cached();
    assert_eq!(wire.chunk().await.as_deref(), Some("\r\n"));
    assert_eq!(wire.chunk().await.as_deref(), Some("data: o\r\n\r\n"));
    session.send("[\"x\"]").await;
    assert_eq!(wire.chunk().await.as_deref(), Some("data: a[\"x\"]\r\n\r\n"));
    // What would end a line of the stream stays escaped.
    session.send(r#"["  \u0000\n\r "]"#).await;
    assert_eq!(wire.chunk().await.as_deref(), Some("data: a[\"  \\u0000\\n\\r \"]\r\n\r\n"));
}

/// Of all clients: 1.6.1 by `decodeURI`, which throws at what is no code, 0.3.4 by `unescape`.
#[tokio::test]
async fn clients_that_decode_an_event_as_a_uri_find_nothing_to_decode() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let mut stream = session.begin_stream(Streaming::EventSource).await;
    stream.says("o").await;
    session.send(r#"["100% %41 %u0041"]"#).await;
    let chunk = stream.wire.chunk().await.unwrap();
    assert!(!chunk.contains('%'), "{chunk}");
    let frame = chunk.strip_prefix("data: ").unwrap();
    assert_eq!(messages(frame), ["100% %41 %u0041"]);
}

#[tokio::test]
async fn an_event_stream_has_no_charset() {
    let app = SockjsApp::start().await;
    let stream = Session::of(&app, "echo").stream(Streaming::EventSource).await;
    assert_eq!(stream.head.header("content-type"), Some("text/event-stream"));
}

#[tokio::test]
async fn http_1_0_gets_the_events_until_the_connection_ends() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "close");
    let (head, mut wire) = Streaming::EventSource.ask(&session).http_1_0().begin(&app).await;
    assert_eq!(head.header("transfer-encoding"), None);
    assert_eq!(wire.rest().await, "\r\ndata: o\r\n\r\ndata: c[3000,\"Go away!\"]\r\n\r\n");
}
