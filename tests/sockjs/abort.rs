//! Clients that go away in the middle of an answer, or end only their side of the connection.

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming},
    web_socket::WebSocket,
    wire::Ask,
};

/// What the protocol lets the first receiver after an abort get: a new session, or the news that the old one is broken.
const AFTER_AN_ABORT: [&str; 2] = ["o\n", "c[1002,\"Connection interrupted\"]\n"];

#[tokio::test]
async fn a_stream_that_its_client_aborts_leaves_no_receiver() {
    let app = SockjsApp::start().await;
    for kind in Streaming::ALL {
        let session = Session::of(&app, "echo");
        let mut first = session.begin_stream(kind).await;
        first.says("o").await;
        assert_eq!(session.poll().await, "c[2010,\"Another connection still open\"]\n");
        drop(first);
        let mut next = session.begin_stream(kind).await;
        let frame = next.wire.chunk().await.unwrap();
        assert!(AFTER_AN_ABORT.iter().any(|allowed| frame == kind.wrap(allowed.trim_end())), "{frame:?}");
    }
}

#[tokio::test]
async fn a_poll_that_its_client_aborts_leaves_no_receiver() {
    let app = SockjsApp::start().await;
    for _ in 0..5 {
        let session = Session::open(&app, "echo").await;
        let poll = session.begin_poll().await;
        let _ = Ask::get("/echo").reply(&app).await;
        assert_eq!(session.poll().await, "c[2010,\"Another connection still open\"]\n");
        drop(poll);
        let frame = session.poll().await;
        assert!(AFTER_AN_ABORT.contains(&frame.as_str()), "{frame:?}");
    }
}

#[tokio::test]
async fn a_client_that_ends_only_its_side_gets_the_rest() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let mut poll = session.begin_poll().await;
    poll.finish().await;
    session.send("[\"x\"]").await;
    let head = poll.head().await;
    assert_eq!(poll.body("POST", &head).await, "a[\"x\"]\n");

    for kind in Streaming::ALL {
        let session = Session::of(&app, "echo");
        let mut stream = session.stream(kind).await;
        stream.wire.finish().await;
        stream.wire.chunk().await;
        stream.says("o").await;
        session.send("[\"x\"]").await;
        stream.says("a[\"x\"]").await;
    }
}

#[tokio::test]
async fn a_request_whose_body_never_comes_disturbs_nobody() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let mut wire = crate::wire::Wire::open(&app).await;
    let whole = Ask::post(session.path("xhr_send")).body("[\"lost\"]").bytes(&app);
    wire.send(&whole[..whole.len() - 3]).await;
    session.send("[\"x\"]").await;
    assert_eq!(session.poll().await, "a[\"x\"]\n");
    drop(wire);
    session.send("[\"y\"]").await;
    assert_eq!(session.poll().await, "a[\"y\"]\n");
}

#[tokio::test]
async fn a_websocket_that_is_cut_disturbs_nobody() {
    let app = SockjsApp::start().await;
    let mut other = WebSocket::open(&app, "/echo/000/cut/websocket").await;
    drop(WebSocket::open(&app, "/echo/000/cut/websocket").await);
    other.send("[\"x\"]").await;
    other.says("a[\"x\"]").await;
}
