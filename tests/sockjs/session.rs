//! What is true of sessions over every transport: their names, their order, their end.

use std::time::{Duration, Instant};

use harness::{SockjsApp, eventually, within};

use crate::{
    conversation::{Session, Streaming, messages},
    web_socket::{Heard, WebSocket},
    wire::Ask,
};

#[tokio::test]
async fn a_session_has_any_name_but_an_empty_one_or_one_with_a_dot() {
    let app = SockjsApp::start().await;
    for path in ["/a/a", "/_/_", "/1/1", "/abcdefgh_i-j%20/abcdefg_i-j%20", "/%D0%BD/%F0%9F%A6%80", "/a/b'c\"d"] {
        let reply = Ask::post(format!("/echo{path}/xhr")).reply(&app).await;
        assert_eq!((reply.head.status, reply.body.as_str()), (200, "o\n"), "{path}");
    }
    for path in ["//", "/a./a", "/a/a.", "/./.", "/", "///", "/a/b/c", "", "//a", "/a/"] {
        Ask::get(format!("/echo{path}/xhr")).reply(&app).await.is_not_found();
        Ask::post(format!("/echo{path}/xhr")).reply(&app).await.is_not_found();
    }
}

#[tokio::test]
async fn the_name_of_the_server_does_not_matter() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    session.send("[\"a\"]").await;
    let reply = Ask::post(session.path_by("999", "xhr")).reply(&app).await;
    assert_eq!(reply.body, "a[\"a\"]\n");
}

#[tokio::test]
async fn services_share_no_sessions() {
    let app = SockjsApp::start().await;
    let poll = async |service: &str| Ask::post(format!("/{service}/000/same/xhr")).reply(&app).await.body;
    assert_eq!(poll("echo").await, "o\n");
    assert_eq!(poll("close").await, "o\n");
    assert_eq!(poll("close").await, "c[3000,\"Go away!\"]\n");
    assert_eq!(poll("cookie_needed_echo").await, "o\n");
    let sent = Ask::post("/echo/000/same/xhr_send").body("[\"a\"]").reply(&app).await;
    assert_eq!(sent.head.status, 204);
    assert_eq!(poll("echo").await, "a[\"a\"]\n");
}

#[tokio::test]
async fn a_client_may_change_the_transport_within_a_session() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    for kind in Streaming::ALL {
        let mut stream = session.begin_stream(kind).await;
        // More than the limit of the answer, which therefore ends.
        let long = format!("[\"{}\"]", "x".repeat(4_096));
        session.send(&long).await;
        stream.says(&format!("a{long}")).await;
        stream.ends().await;
    }
    session.send("[\"a\"]").await;
    let reply = Ask::get(session.path("jsonp?c=x")).reply(&app).await;
    assert_eq!(reply.body, "/**/x(\"a[\\\"a\\\"]\");\r\n");
    session.send("[\"b\"]").await;
    assert_eq!(session.poll().await, "a[\"b\"]\n");
}

#[tokio::test]
async fn a_session_ends_five_seconds_after_its_receiver_has_gone() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let began = Instant::now();
    assert_eq!(session.poll().await, "o\n");
    let send = async || Ask::post(session.path("xhr_send")).body("[]").reply(&app).await.head.status;
    eventually("the session to be gone", send, |status| *status == 404).await;
    let lasted = began.elapsed();
    assert!((4_900..12_000).contains(&lasted.as_millis()), "{lasted:?}");
    assert_eq!(session.poll().await, "o\n");
}

#[tokio::test]
async fn a_closed_session_ends_too() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "close");
    assert_eq!(session.poll().await, "o\n");
    assert_eq!(session.poll().await, "c[3000,\"Go away!\"]\n");
    // Asking for it again and again does not keep it, or the client's next session by this name would never come to be.
    let send = async || Ask::post(session.path("xhr_send")).body("[]").reply(&app).await.head.status;
    eventually("the session to be gone", send, |status| *status == 404).await;
    assert_eq!(session.poll().await, "o\n");
}

#[tokio::test]
async fn a_session_with_a_receiver_goes_on_for_as_long_as_that_stays() {
    let app = SockjsApp::start().await;
    let polled = Session::open(&app, "echo").await;
    let streamed = Session::of(&app, "echo");
    let mut poll = polled.begin_poll().await;
    let mut stream = streamed.begin_stream(Streaming::EventSource).await;
    stream.says("o").await;
    // Another session that begins now and has no receiver tells when more than five seconds have passed.
    let clock = Session::open(&app, "echo").await;
    let send = async || Ask::post(clock.path("xhr_send")).body("[]").reply(&app).await.head.status;
    eventually("a session to end", send, |status| *status == 404).await;

    polled.send("[\"a\"]").await;
    streamed.send("[\"a\"]").await;
    let head = poll.head().await;
    assert_eq!(poll.body("POST", &head).await, "a[\"a\"]\n");
    stream.says("a[\"a\"]").await;
}

#[tokio::test]
async fn what_waits_for_a_receiver_is_there_after_the_server_was_killed() {
    let mut app = SockjsApp::start().await;
    let path = {
        let session = Session::open(&app, "echo").await;
        session.send(r#"["a","b"]"#).await;
        session.path("xhr")
    };
    app.kill().await;
    app.restart().await;
    let reply = Ask::post(path).reply(&app).await;
    assert_eq!(reply.body, "a[\"a\",\"b\"]\n");
}

#[tokio::test]
async fn a_session_whose_stream_was_cut_by_the_death_of_the_server_says_so_and_loses_nothing_unseen() {
    for kind in Streaming::ALL {
        let mut app = SockjsApp::start().await;
        let (name, stream) = {
            let session = Session::of(&app, "echo");
            let mut stream = session.begin_stream(kind).await;
            stream.says("o").await;
            // It may be on its way when the server dies.
            session.send("[\"on its way\"]").await;
            (session.path(""), stream)
        };
        app.kill().await;
        drop(stream);
        app.restart().await;
        // What a client with EventSource does next: it takes its stream to have been cut, and goes on receiving.
        let body = Ask::post(format!("{name}xhr")).reply(&app).await.body;
        assert_eq!(body, "c[1002,\"Connection interrupted\"]\n", "{kind:?}");
    }
}

#[tokio::test]
async fn heartbeats_come_to_those_who_wait() {
    let app = SockjsApp::start().await;
    let polled = Session::open(&app, "echo").await;
    let mut poll = polled.begin_poll().await;
    let streamed = Session::of(&app, "echo");
    let mut stream = streamed.begin_stream(Streaming::EventSource).await;
    stream.says("o").await;
    let mut socket = WebSocket::open(&app, "/echo/000/beating/websocket").await;
    let (began, limit) = (Instant::now(), Duration::from_secs(40));
    within(limit, "a heartbeat", poll.readable()).await;
    assert!(began.elapsed().as_secs() >= 24, "{:?}", began.elapsed());
    within(limit, "a heartbeat", stream.wire.readable()).await;
    assert_eq!(socket.next_within(limit).await, Heard::Text("h".to_owned()));
    let head = poll.head().await;
    assert_eq!(poll.body("POST", &head).await, "h\n");
    stream.says("h").await;
    // The session is what it was.
    polled.send("[\"a\"]").await;
    assert_eq!(messages(&polled.poll().await), ["a"]);
}
