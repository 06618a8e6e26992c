//! `/xhr_streaming`: one answer for many frames, for XMLHttpRequest.

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming, messages},
    wire::Ask,
};

#[tokio::test]
async fn each_frame_is_one_chunk_after_two_kilobytes_of_prelude() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let (head, mut wire) = Streaming::Xhr.ask(&session).header("Origin", "test").begin(&app).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.content_type().as_deref(), Some("application/javascript;charset=UTF-8"));
    assert!(head.is_chunked() && head.header("content-length").is_none(), "{head:?}");
    head.is_for_origin("test");
    head.is_not_cached();
    assert_eq!(wire.chunk().await, Some("h".repeat(2_048) + "\n"));
    assert_eq!(wire.chunk().await.as_deref(), Some("o\n"));
    for message in ["x", "y"] {
        session.send(&format!("[\"{message}\"]")).await;
        assert_eq!(wire.chunk().await, Some(format!("a[\"{message}\"]\n")));
    }
    session.send(r#"["1","2","3"]"#).await;
    let mut together = Vec::new();
    while together.len() < 3 {
        together.extend(messages(&wire.chunk().await.unwrap()));
    }
    assert_eq!(together, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_session_that_is_closed_ends_the_answer_after_its_close_frame() {
    let app = SockjsApp::start().await;
    for kind in Streaming::ALL {
        let session = Session::of(&app, "close");
        let mut first = session.begin_stream(kind).await;
        first.says("o").await;
        first.says("c[3000,\"Go away!\"]").await;
        // Its receiver has been unlinked by then, or this would be a second one.
        let mut second = session.begin_stream(kind).await;
        second.says("c[3000,\"Go away!\"]").await;
        first.ends().await;
        second.ends().await;
    }
}

#[tokio::test]
async fn a_second_receiver_is_sent_away_whatever_the_transport_and_the_first_goes_on() {
    let app = SockjsApp::start().await;
    for kind in Streaming::ALL {
        let session = Session::of(&app, "echo");
        let mut first = session.begin_stream(kind).await;
        first.says("o").await;
        for other in Streaming::ALL {
            let mut second = session.begin_stream(other).await;
            second.says("c[2010,\"Another connection still open\"]").await;
            second.ends().await;
        }
        assert_eq!(session.poll().await, "c[2010,\"Another connection still open\"]\n");
        session.send("[\"x\"]").await;
        first.says_soon("a[\"x\"]").await;
    }
}

#[tokio::test]
async fn an_http_1_0_stream_has_no_chunks_and_ends_with_its_connection() {
    let app = SockjsApp::start().await;
    for connection in [None, Some("Keep-Alive")] {
        let session = Session::of(&app, "close");
        let mut ask = Streaming::Xhr.ask(&session).http_1_0();
        if let Some(connection) = connection {
            ask = ask.header("Connection", connection);
        }
        let (head, mut wire) = ask.begin(&app).await;
        assert_eq!(head.status, 200);
        assert_eq!((head.header("transfer-encoding"), head.header("content-length")), (None, None));
        assert_eq!(wire.rest().await, "h".repeat(2_048) + "\no\nc[3000,\"Go away!\"]\n");
    }
}

#[tokio::test]
async fn a_connection_takes_the_next_request_after_a_stream() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "close");
    let mut stream = session.begin_stream(Streaming::Xhr).await;
    stream.says("o").await;
    stream.says("c[3000,\"Go away!\"]").await;
    stream.ends().await;
    stream.wire.ask(&app, &Ask::get("/echo")).await;
    assert_eq!(stream.wire.head().await.status, 200);
}

#[tokio::test]
async fn a_stream_takes_over_what_polling_has_left() {
    let app = SockjsApp::start().await;
    for kind in Streaming::ALL {
        let session = Session::open(&app, "echo").await;
        session.send(r#"["a","b"]"#).await;
        let mut stream = session.begin_stream(kind).await;
        stream.says(r#"a["a","b"]"#).await;
    }
}
