//! What waits for a client has a bound, whatever it asks for and however it reads.

use std::iter::repeat_n;

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming, messages},
    web_socket::{Heard, WebSocket},
};

const MIB: u64 = 1024 * 1024;
/// The longest text that `amplify` answers with.
const LONGEST: &str = "\"19\"";
const LONGEST_BYTES: usize = 512 * 1024;
const TOO_MUCH: &str = "c[1008,\"Too much is waiting\"]";

/// Asks for this many of the longest texts.
fn ask(times: usize) -> String {
    format!("[{}]", repeat_n(LONGEST, times).collect::<Vec<_>>().join(","))
}

/// Another session gets its answers.
async fn nobody_else_is_disturbed(app: &SockjsApp) {
    let mut echo = WebSocket::open(app, "/echo/000/a/websocket").await;
    echo.send("[\"own\"]").await;
    echo.says("a[\"own\"]").await;
}

#[tokio::test]
async fn a_small_request_for_more_than_may_wait_ends_a_session_that_polls() {
    let app = SockjsApp::start().await;
    nobody_else_is_disturbed(&app).await;
    let session = Session::open(&app, "amplify").await;
    let before = app.memory();
    // 50 GiB.
    let ((), peak) = app.peak_memory(session.send(&ask(100_000))).await;
    assert!(peak < before + 128 * MIB, "{before} {peak}");
    assert_eq!(session.poll().await, format!("{TOO_MUCH}\n"));
    nobody_else_is_disturbed(&app).await;
}

#[tokio::test]
async fn a_small_request_for_more_than_may_wait_ends_a_session_that_streams() {
    let app = SockjsApp::start().await;
    for kind in Streaming::ALL {
        let session = Session::of(&app, "amplify");
        let mut stream = session.begin_stream(kind).await;
        stream.says("o").await;
        session.send(&ask(100_000)).await;
        // At most what was on its way comes before.
        let mut heard = String::new();
        while let Some(chunk) = stream.wire.chunk().await {
            assert!(heard.len() < 2 * LONGEST_BYTES, "{kind:?}");
            heard.push_str(&chunk);
        }
        assert!(heard.ends_with(&kind.wrap(TOO_MUCH)), "{kind:?}");
    }
    nobody_else_is_disturbed(&app).await;
}

#[tokio::test]
async fn a_small_request_for_more_than_may_wait_ends_a_web_socket() {
    let app = SockjsApp::start().await;
    nobody_else_is_disturbed(&app).await;
    let before = app.memory();
    let mut socket = WebSocket::open(&app, "/amplify/000/a/websocket").await;
    let asked = async {
        socket.send(&ask(100_000)).await;
        while let Heard::Text(frame) = socket.next().await {
            if frame.starts_with('c') {
                return frame;
            }
        }
        panic!("no close frame");
    };
    let (frame, peak) = app.peak_memory(asked).await;
    assert_eq!(frame, TOO_MUCH);
    assert!(peak < before + 128 * MIB, "{before} {peak}");
    nobody_else_is_disturbed(&app).await;
}

#[tokio::test]
async fn a_web_socket_that_does_not_read_is_closed_once_too_much_waits() {
    let app = SockjsApp::start().await;
    const TIMES: usize = 100;
    let mut other = WebSocket::open(&app, "/echo/000/a/websocket").await;
    let mut socket = WebSocket::open(&app, "/amplify/000/a/websocket").await;
    let before = app.memory();
    // The kernel takes some of it; what is asked for after the end is ignored.
    let asked = async {
        for number in 0..TIMES {
            socket.try_send(&ask(1)).await;
            other.send(&format!("[\"{number}\"]")).await;
            other.says(&format!("a[\"{number}\"]")).await;
        }
    };
    let ((), peak) = app.peak_memory(asked).await;
    assert!(peak < before + 48 * MIB, "{before} {peak}");
    let mut count = 0;
    loop {
        let Heard::Text(frame) = socket.next().await else { panic!("no close frame after {count}") };
        if frame == TOO_MUCH {
            break;
        }
        count += messages(&frame).len();
    }
    assert!(count < TIMES / 2, "what the kernel and the hub may hold: {count}");
    assert_eq!(socket.next().await, Heard::Closed(Some((1000, "Normal closure".to_owned()))));
}

#[tokio::test]
async fn a_web_socket_that_reads_late_gets_everything_in_order() {
    let app = SockjsApp::start().await;
    for path in ["/amplify/000/a/websocket", "/amplify/websocket"] {
        let mut socket = WebSocket::connect(&app, path).await;
        let is_raw = path.ends_with("amplify/websocket");
        if !is_raw {
            socket.says("o").await;
        }
        let powers: Vec<u32> = (0..60).map(|number| 10 + number % 8).collect();
        for power in &powers {
            let message = if is_raw { power.to_string() } else { format!("[\"{power}\"]") };
            socket.send(&message).await;
        }
        nobody_else_is_disturbed(&app).await;
        let mut heard = Vec::new();
        while heard.len() < powers.len() {
            let Heard::Text(frame) = socket.next().await else { panic!("closed after {}", heard.len()) };
            heard.extend(if is_raw { vec![frame] } else { messages(&frame) });
        }
        let lengths: Vec<usize> = heard.iter().map(String::len).collect();
        assert_eq!(lengths, powers.iter().map(|power| 1 << power).collect::<Vec<_>>(), "{path}");
    }
}
