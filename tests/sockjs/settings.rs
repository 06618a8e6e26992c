//! The settings of a service, each with another value than its default.

use crate::{
    conversation::{Session, Streaming},
    recorder::Recorder,
    web_socket::WebSocket,
    wire::Ask,
};

#[tokio::test]
async fn a_session_waits_for_its_client_as_long_as_the_service_says() {
    let app = Recorder::start().await;
    let patient = Session::open(&app, "patient").await;
    let plain = Session::open(&app, "plain").await;
    let hasty = Session::open(&app, "hasty").await;
    app.is_over(&hasty).await;
    assert!(app.knows(&plain).await, "300 ms are less than 5 s");
    app.is_over(&plain).await;
    assert!(app.knows(&patient).await, "5 s are less than an hour");
}

#[tokio::test]
async fn heartbeats_come_as_often_as_the_service_says() {
    let app = Recorder::start().await;
    let mut socket = WebSocket::open(&app, "/beating/000/a/websocket").await;
    for _ in 0..3 {
        socket.says("h").await;
    }
    for kind in Streaming::ALL {
        let mut stream = Session::of(&app, "beating").begin_stream(kind).await;
        stream.says_all(&["o", "h", "h"]).await;
    }
    let polled = Session::open(&app, "beating").await;
    assert_eq!(polled.poll().await, "h\n", "a poll ends with its heartbeat");
}

#[tokio::test]
async fn the_cookie_has_the_value_that_the_service_gives_unless_the_client_has_one() {
    let app = Recorder::start().await;
    let poll = async |cookie: Option<&str>| {
        let ask = Ask::post(Session::of(&app, "marked").path("xhr"));
        let ask = cookie.map_or(ask.clone(), |cookie| ask.header("Cookie", cookie));
        ask.reply(&app).await.head.header("set-cookie").map(str::to_ascii_lowercase)
    };
    assert_eq!(poll(None).await.as_deref(), Some("jsessionid=marked; path=/"));
    assert_eq!(poll(Some("JSESSIONID=own")).await.as_deref(), Some("jsessionid=own; path=/"));
    let info = Ask::get("/marked/info").reply(&app).await.body;
    assert!(info.contains("\"cookie_needed\":true"), "{info}");
}

#[tokio::test]
async fn transports_that_are_disabled_are_not_there() {
    let app = Recorder::start().await;
    let session = Session::open(&app, "few").await;
    for transport in ["eventsource", "htmlfile?c=x", "jsonp?c=x"] {
        Ask::get(session.path(transport)).reply(&app).await.is_not_found();
    }
    for transport in ["xhr_streaming", "jsonp_send"] {
        Ask::post(session.path(transport)).body("[\"all x\"]").reply(&app).await.is_not_found();
        Ask::options(session.path(transport)).reply(&app).await.is_not_found();
    }
    // The others are.
    session.send(r#"["all x"]"#).await;
    assert_eq!(session.poll().await, "a[\"x\"]\n");
    WebSocket::open(&app, "/few/000/a/websocket").await;
}
