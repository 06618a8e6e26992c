//! The services of the app that are not for conformance only.

use std::time::{Duration, Instant};

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming, messages},
    web_socket::{Heard, WebSocket},
};

#[tokio::test]
async fn the_ticker_ticks_for_everybody_over_each_kind_of_transport() {
    let app = SockjsApp::start().await;
    let began = Instant::now();
    let mut socket = WebSocket::open(&app, "/ticker/000/a/websocket").await;
    let mut stream = Session::of(&app, "ticker").begin_stream(Streaming::EventSource).await;
    stream.says("o").await;
    let polled = Session::open(&app, "ticker").await;
    for _ in 0..2 {
        socket.says("a[\"tick!\"]").await;
        stream.says("a[\"tick!\"]").await;
        assert!(messages(&polled.poll().await).iter().all(|message| message == "tick!"));
    }
    assert!(
        began.elapsed() >= Duration::from_millis(1_900),
        "the second tick comes after two seconds: {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn amplify_answers_a_number_with_a_text_of_two_to_that_power() {
    let app = SockjsApp::start().await;
    let mut socket = WebSocket::open(&app, "/amplify/000/a/websocket").await;
    for (number, length) in [("0", 2), ("1", 2), ("4", 16), ("12", 4_096), ("18", 262_144), ("20", 2), ("text", 2)] {
        socket.send(&format!("[\"{number}\"]")).await;
        let Heard::Text(frame) = socket.next().await else { panic!("closed at {number}") };
        let heard = messages(&frame);
        assert_eq!((heard.len(), heard[0].len()), (1, length), "{number}");
        assert!(heard[0].bytes().all(|byte| byte == b'x'), "{number}");
    }
}

#[tokio::test]
async fn a_broadcast_reaches_every_connection_over_every_transport() {
    let app = SockjsApp::start().await;
    let mut socket = WebSocket::open(&app, "/broadcast/000/a/websocket").await;
    let mut raw = WebSocket::connect(&app, "/broadcast/websocket").await;
    let mut streams = Vec::new();
    for kind in Streaming::ALL {
        let mut stream = Session::of(&app, "broadcast").begin_stream(kind).await;
        stream.says("o").await;
        streams.push(stream);
    }
    let polled = Session::open(&app, "broadcast").await;
    polled.send("[\"to all\"]").await;
    socket.says("a[\"to all\"]").await;
    raw.says("to all").await;
    for stream in &mut streams {
        stream.says("a[\"to all\"]").await;
    }
    assert_eq!(polled.poll().await, "a[\"to all\"]\n");
    // Another service hears nothing.
    let mut echo = WebSocket::open(&app, "/echo/000/a/websocket").await;
    socket.send("[\"again\"]").await;
    raw.says("again").await;
    echo.send("[\"own\"]").await;
    echo.says("a[\"own\"]").await;
}
