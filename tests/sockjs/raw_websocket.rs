//! `/websocket` of the prefix: a WebSocket without frames of SockJS.

use harness::SockjsApp;

use crate::web_socket::{Heard, WebSocket};

#[tokio::test]
async fn texts_go_both_ways_as_they_are() {
    let app = SockjsApp::start().await;
    let mut socket = WebSocket::connect(&app, "/echo/websocket").await;
    for text in ["Hello world!\u{ffff}", "[\"a\"", "o", "\u{0}\u{2028}🦀", "[]"] {
        socket.send(text).await;
        socket.says(text).await;
    }
}

#[tokio::test]
async fn the_reason_of_the_close_is_that_of_the_service() {
    let app = SockjsApp::start().await;
    let mut socket = WebSocket::connect(&app, "/close/websocket").await;
    assert_eq!(socket.next().await, Heard::Closed(Some((3000, "Go away!".to_owned()))));
}

#[tokio::test]
async fn connections_are_sessions_of_their_own() {
    let app = SockjsApp::start().await;
    let mut first = WebSocket::connect(&app, "/echo/websocket").await;
    let mut second = WebSocket::connect(&app, "/echo/websocket").await;
    first.send("first").await;
    second.send("second").await;
    first.says("first").await;
    second.says("second").await;
}
