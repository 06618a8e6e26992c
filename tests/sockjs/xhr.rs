//! `/xhr` and `/xhr_send`: polling.

use harness::SockjsApp;

use crate::{
    conversation::{Session, messages},
    wire::{Ask, Wire},
};

#[tokio::test]
async fn a_poll_opens_a_session_and_the_next_ones_bring_messages() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let opened = Ask::post(session.path("xhr")).header("Origin", "test").reply(&app).await;
    assert_eq!((opened.head.status, opened.body.as_str()), (200, "o\n"));
    assert_eq!(opened.head.content_type().as_deref(), Some("application/javascript;charset=UTF-8"));
    opened.head.is_for_origin("test");
    opened.head.is_not_cached();
    assert_eq!(opened.head.header("set-cookie"), None);

    let sent = Ask::post(session.path("xhr_send")).header("Origin", "test").body("[\"x\"]").reply(&app).await;
    assert_eq!((sent.head.status, sent.body.as_str()), (204, ""));
    assert_eq!(sent.head.content_type().as_deref(), Some("text/plain;charset=UTF-8"));
    sent.head.is_for_origin("test");
    sent.head.is_not_cached();

    assert_eq!(session.poll().await, "a[\"x\"]\n");
}

#[tokio::test]
async fn the_letters_of_a_charset_are_upper_case() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    for ask in
        [Ask::get("/echo"), Ask::get("/echo/info"), Ask::post(session.path("xhr")), Ask::get("/echo/iframe.html")]
    {
        let head = ask.reply(&app).await.head;
        assert!(head.header("content-type").unwrap().ends_with("charset=UTF-8"), "{head:?}");
    }
}

#[tokio::test]
async fn messages_that_wait_leave_in_one_frame_and_in_their_order() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    session.send(r#"["a","b"]"#).await;
    session.send(r#"["c"]"#).await;
    session.send("[]").await;
    session.send(r#"["d", "e"  , "f" ]"#).await;
    assert_eq!(session.poll().await, "a[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]\n");
}

#[tokio::test]
async fn a_poll_that_waits_gets_the_message_when_it_comes() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let mut wire = session.begin_poll().await;
    session.send(r#"["x"]"#).await;
    let head = wire.head().await;
    assert_eq!(wire.body("POST", &head).await, "a[\"x\"]\n");
    // The connection takes the next poll.
    session.send(r#"["y"]"#).await;
    wire.ask(&app, &Ask::post(session.path("xhr"))).await;
    let head = wire.head().await;
    assert_eq!(wire.body("POST", &head).await, "a[\"y\"]\n");
}

#[tokio::test]
async fn many_messages_keep_their_order_over_many_polls() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let sending = async {
        for number in 0..100 {
            session.send(&format!("[\"{number}\"]")).await;
        }
    };
    let polling = async {
        let mut all = Vec::new();
        while all.len() < 100 {
            all.extend(messages(&session.poll().await));
        }
        all
    };
    let ((), all) = tokio::join!(sending, polling);
    assert_eq!(all, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_is_sent_to_a_session_that_is_not_there() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    Ask::post(session.path("xhr_send")).body("[\"x\"]").reply(&app).await.is_not_found();
    // Nor has it come to be by that.
    Ask::post(session.path("xhr_send")).body("[\"x\"]").reply(&app).await.is_not_found();
    assert_eq!(session.poll().await, "o\n");
}

#[tokio::test]
async fn what_is_no_array_of_messages_is_refused_and_harms_nothing() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let send = |body: &'static [u8]| Ask::post(session.path("xhr_send")).body(body);
    for body in [&b"[\"x"[..], b"x", b"[\"a\"]]", b"[\"a\",]", b"['a']", b"[\"\n\"]", b"\x00"] {
        send(body).reply(&app).await.fails_with("Broken JSON encoding.");
    }
    send(b"").reply(&app).await.fails_with("Payload expected.");
    session.send("[\"a\"]").await;
    assert_eq!(session.poll().await, "a[\"a\"]\n");
}

#[tokio::test]
async fn json_that_is_no_array_is_no_payload() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    for body in ["null", "1", "true", "{}", r#"{"a":"b"}"#] {
        let reply = Ask::post(session.path("xhr_send")).body(body).reply(&app).await;
        assert_eq!(reply.head.status, 500, "{body}: {reply:?}");
    }
    session.send("[\"a\"]").await;
    assert_eq!(session.poll().await, "a[\"a\"]\n");
}

#[tokio::test]
async fn the_content_type_of_what_is_sent_does_not_matter() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let types = [
        "text/plain",
        "T",
        "application/json",
        "application/xml",
        "",
        "application/json; charset=utf-8",
        "text/xml; charset=utf-8",
        "text/xml",
    ];
    for content_type in types {
        let ask = Ask::post(session.path("xhr_send")).header("Content-Type", content_type).body("[\"a\"]");
        let reply = ask.reply(&app).await;
        assert_eq!((reply.head.status, reply.body.as_str()), (204, ""), "{content_type}");
    }
    let reply = Ask::post(session.path("xhr_send")).body("[\"a\"]").reply(&app).await;
    assert_eq!(reply.head.status, 204, "without a type");
    assert_eq!(session.poll().await, format!("a[{}]\n", ["\"a\""; 9].join(",")));
}

#[tokio::test]
async fn a_post_needs_no_content_length() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let reply = Ask::post(session.path("xhr")).without_length().reply(&app).await;
    assert_eq!((reply.head.status, reply.body.as_str()), (200, "o\n"));
}

#[tokio::test]
async fn what_is_sent_may_be_chunked_and_come_byte_by_byte() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let ask = Ask::post(session.path("xhr_send")).without_length().header("Transfer-Encoding", "chunked");
    let mut wire = Wire::open(&app).await;
    let body = "2\r\n[\"\r\n1\r\nx\r\n2\r\n\"]\r\n0\r\n\r\n";
    for byte in [ask.bytes(&app).as_slice(), body.as_bytes()].concat() {
        wire.send([byte]).await;
    }
    assert_eq!(wire.head().await.status, 204);
    assert_eq!(session.poll().await, "a[\"x\"]\n");
}

#[tokio::test]
async fn a_second_receiver_is_sent_away_and_the_first_goes_on() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let mut first = session.begin_poll().await;
    has_a_receiver(&session).await;
    session.send(r#"["x"]"#).await;
    let head = first.head().await;
    assert_eq!(first.body("POST", &head).await, "a[\"x\"]\n");
    // Nothing of that remains.
    session.send(r#"["y"]"#).await;
    assert_eq!(session.poll().await, "a[\"y\"]\n");
}

/// A second receiver is told that there is one. Two polls that are on their way at the same time race, so it asks until
/// the first has arrived; a poll that came before it would have waited.
async fn has_a_receiver(session: &Session<'_>) {
    // The server has read the first request when it answers one that was sent later on another connection; not before.
    let _ = Ask::get("/echo").reply(session.app).await;
    assert_eq!(session.poll().await, "c[2010,\"Another connection still open\"]\n");
}

#[tokio::test]
async fn every_poll_of_a_closed_session_says_that_it_is_closed() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "close");
    assert_eq!(session.poll().await, "o\n");
    for _ in 0..3 {
        assert_eq!(session.poll().await, "c[3000,\"Go away!\"]\n");
    }
}

#[tokio::test]
async fn http_1_0_polls_and_sends() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let poll = Ask::post(session.path("xhr")).http_1_0();
    assert_eq!(poll.reply(&app).await.body, "o\n");
    let sent = Ask::post(session.path("xhr_send")).http_1_0().body("[\"x\"]").reply(&app).await;
    assert_eq!(sent.head.status, 204);
    let reply = poll.reply(&app).await;
    assert_eq!(reply.body, "a[\"x\"]\n");
    assert_eq!(reply.head.header("transfer-encoding"), None);
}
