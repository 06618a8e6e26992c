//! Many sessions at once, over every transport.

use std::sync::Arc;

use harness::SockjsApp;
use tokio::sync::Barrier;

use crate::{
    conversation::{Session, Streaming, messages},
    web_socket::{Heard, WebSocket},
    wire::Ask,
};

const SESSIONS: usize = 500;
/// What each session sends and gets.
const MESSAGES: usize = 5;

#[tokio::test]
async fn five_hundred_sessions_over_mixed_transports_get_all_that_they_send() {
    let app = Arc::new(SockjsApp::start().await);
    let all_are_open = Arc::new(Barrier::new(SESSIONS));
    let talks = (0..SESSIONS).map(|number| {
        let (app, all_are_open) = (app.clone(), all_are_open.clone());
        tokio::spawn(async move { talk(&app, number, &all_are_open).await })
    });
    for (number, talk) in futures::future::join_all(talks).await.into_iter().enumerate() {
        assert_eq!(talk.unwrap(), expected(number), "session {number}");
    }
    let log = app.log();
    assert!(!log.to_lowercase().contains("error") && !log.contains("panicked"), "{log}");
}

fn text(number: usize, message: usize) -> String {
    format!("message {message} of session {number}")
}

fn expected(number: usize) -> Vec<String> {
    (0..MESSAGES).map(|message| text(number, message)).collect()
}

/// Opens a session, waits until all are open, and returns the echo of what it then sends.
async fn talk(app: &SockjsApp, number: usize, all_are_open: &Barrier) -> Vec<String> {
    match number % 6 {
        0 => talk_by_websocket(app, number, all_are_open).await,
        1 => talk_by_stream(app, number, all_are_open, Streaming::Xhr).await,
        2 => talk_by_stream(app, number, all_are_open, Streaming::EventSource).await,
        3 => talk_by_stream(app, number, all_are_open, Streaming::HtmlFile).await,
        4 => talk_by_polls(app, number, all_are_open, false).await,
        _ => talk_by_polls(app, number, all_are_open, true).await,
    }
}

async fn talk_by_websocket(app: &SockjsApp, number: usize, all_are_open: &Barrier) -> Vec<String> {
    let mut socket = WebSocket::open(app, &format!("/echo/000/crowd-{number}/websocket")).await;
    all_are_open.wait().await;
    let mut heard = Vec::new();
    for message in 0..MESSAGES {
        socket.send(&format!("[{:?}]", text(number, message))).await;
    }
    while heard.len() < MESSAGES {
        let Heard::Text(frame) = socket.next().await else { panic!("closed") };
        heard.extend(messages(&frame));
    }
    heard
}

async fn talk_by_stream(app: &SockjsApp, number: usize, all_are_open: &Barrier, kind: Streaming) -> Vec<String> {
    let session = Session::of(app, "echo");
    let mut stream = session.begin_stream(kind).await;
    stream.says("o").await;
    all_are_open.wait().await;
    let mut heard = Vec::new();
    for message in 0..MESSAGES {
        session.send(&format!("[{:?}]", text(number, message))).await;
    }
    while heard.len() < MESSAGES {
        heard.extend(stream.messages().await.expect("the stream goes on"));
    }
    heard
}

async fn talk_by_polls(app: &SockjsApp, number: usize, all_are_open: &Barrier, by_script: bool) -> Vec<String> {
    let session = Session::open(app, "echo").await;
    // A poll waits while the others open, so that the session does not end meanwhile.
    let mut waiting = session.begin_poll().await;
    all_are_open.wait().await;
    for message in 0..MESSAGES {
        session.send(&format!("[{:?}]", text(number, message))).await;
    }
    let head = waiting.head().await;
    let mut heard = messages(&waiting.body("POST", &head).await);
    while heard.len() < MESSAGES {
        heard.extend(if by_script {
            let body = Ask::get(session.path("jsonp?c=x")).reply(app).await.body;
            let frame = body.strip_prefix("/**/x(").and_then(|rest| rest.strip_suffix(");\r\n")).unwrap();
            messages(&serde_json::from_str::<String>(frame).unwrap())
        } else {
            messages(&session.poll().await)
        });
    }
    heard
}
