//! Many sessions at once, over every transport.

use std::sync::Arc;

use harness::SockjsApp;
use tokio::sync::{Barrier, Semaphore};

use crate::{
    conversation::{Session, Streaming, messages},
    web_socket::{Heard, WebSocket},
    wire::Ask,
};

const SESSIONS: usize = 500;
/// What each session sends and gets.
const MESSAGES: usize = 5;
/// How many open at the same time: a session whose next poll is five seconds late is over.
const OPENING: usize = 32;

/// Where sessions open one after the other, and wait until all are open.
struct Door {
    places: Semaphore,
    all_are_open: Barrier,
}

#[tokio::test]
async fn five_hundred_sessions_over_mixed_transports_get_all_that_they_send() {
    let app = Arc::new(SockjsApp::start_in_memory().await);
    let door = Arc::new(Door { places: Semaphore::new(OPENING), all_are_open: Barrier::new(SESSIONS) });
    let talks = (0..SESSIONS).map(|number| {
        let (app, door) = (app.clone(), door.clone());
        tokio::spawn(async move { talk(&app, number, &door).await })
    });
    for (number, talk) in futures::future::join_all(talks).await.into_iter().enumerate() {
        let heard = talk.unwrap_or_else(|_| panic!("session {number} failed; the server said: {:.4000}", app.log()));
        assert_eq!(heard, expected(number), "session {number}");
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
async fn talk(app: &SockjsApp, number: usize, door: &Door) -> Vec<String> {
    match number % 6 {
        0 => talk_by_websocket(app, number, door).await,
        1 => talk_by_stream(app, number, door, Streaming::Xhr).await,
        2 => talk_by_stream(app, number, door, Streaming::EventSource).await,
        3 => talk_by_stream(app, number, door, Streaming::HtmlFile).await,
        4 => talk_by_polls(app, number, door, false).await,
        _ => talk_by_polls(app, number, door, true).await,
    }
}

async fn talk_by_websocket(app: &SockjsApp, number: usize, door: &Door) -> Vec<String> {
    let place = door.places.acquire().await.unwrap();
    let mut socket = WebSocket::open(app, &format!("/echo/000/crowd-{number}/websocket")).await;
    drop(place);
    door.all_are_open.wait().await;
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

async fn talk_by_stream(app: &SockjsApp, number: usize, door: &Door, kind: Streaming) -> Vec<String> {
    let place = door.places.acquire().await.unwrap();
    let session = Session::of(app, "echo");
    let mut stream = session.begin_stream(kind).await;
    stream.says("o").await;
    drop(place);
    door.all_are_open.wait().await;
    let mut heard = Vec::new();
    for message in 0..MESSAGES {
        session.send(&format!("[{:?}]", text(number, message))).await;
    }
    while heard.len() < MESSAGES {
        heard.extend(stream.messages().await.expect("the stream goes on"));
    }
    heard
}

async fn talk_by_polls(app: &SockjsApp, number: usize, door: &Door, by_script: bool) -> Vec<String> {
    let place = door.places.acquire().await.unwrap();
    let session = Session::open(app, "echo").await;
    // A poll waits while the others open, so that the session does not end meanwhile.
    let mut waiting = session.begin_poll().await;
    drop(place);
    door.all_are_open.wait().await;
    for message in 0..MESSAGES {
        session.send(&format!("[{:?}]", text(number, message))).await;
    }
    let head = waiting.head().await;
    let mut frame = waiting.body("POST", &head).await;
    let mut heard = Vec::new();
    loop {
        // Heartbeats come where the others take long.
        if frame != "h\n" {
            heard.extend(messages(&frame));
        }
        if heard.len() >= MESSAGES {
            return heard;
        }
        frame = if by_script { poll_by_script(&session).await } else { session.poll().await };
    }
}

async fn poll_by_script(session: &Session<'_>) -> String {
    let body = Ask::get(session.path("jsonp?c=x")).reply(session.app).await.body;
    let frame = body.strip_prefix("/**/x(").and_then(|rest| rest.strip_suffix(");\r\n")).unwrap();
    serde_json::from_str::<String>(frame).unwrap() + "\n"
}
