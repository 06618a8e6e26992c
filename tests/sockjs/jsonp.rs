//! `/jsonp` and `/jsonp_send`: polling by scripts, sending by forms.

use harness::SockjsApp;

use crate::{conversation::Session, wire::Ask};

/// What a poll with the callback `x` brings.
async fn poll(session: &Session<'_>) -> String {
    let reply = Ask::get(session.path("jsonp?c=x")).reply(session.app).await;
    assert_eq!(reply.head.status, 200, "{reply:?}");
    reply.body
}

async fn send(session: &Session<'_>, form: &str) {
    let reply = Ask::post(session.path("jsonp_send")).form(form).reply(session.app).await;
    assert_eq!((reply.head.status, reply.body.as_str()), (200, "ok"), "{form}");
}

#[tokio::test]
async fn a_poll_is_a_script_that_calls_with_one_frame() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let opened = Ask::get(session.path("jsonp?c=%63allback")).reply(&app).await;
    assert_eq!((opened.head.status, opened.body.as_str()), (200, "/**/callback(\"o\");\r\n"));
    assert_eq!(opened.head.content_type().as_deref(), Some("application/javascript;charset=UTF-8"));
    opened.head.is_not_cached();

    let sent = Ask::post(session.path("jsonp_send")).form("d=%5B%22x%22%5D").reply(&app).await;
    assert_eq!((sent.head.status, sent.body.as_str()), (200, "ok"));
    assert_eq!(sent.head.content_type().as_deref(), Some("text/plain;charset=UTF-8"));
    sent.head.is_not_cached();

    let next = Ask::get(session.path("jsonp?c=%63allback")).reply(&app).await;
    assert_eq!((next.head.status, next.body.as_str()), (200, "/**/callback(\"a[\\\"x\\\"]\");\r\n"));
}

#[tokio::test]
async fn what_is_no_payload_is_refused_and_harms_nothing() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    assert_eq!(poll(&session).await, "/**/x(\"o\");\r\n");
    for form in ["d=%5B%22x", "d=x", "d=%5B%22x%22%5D%5D"] {
        let reply = Ask::post(session.path("jsonp_send")).form(form).reply(&app).await;
        reply.fails_with("Broken JSON encoding.");
    }
    for form in ["", "d=", "p=p", "d", "&"] {
        let reply = Ask::post(session.path("jsonp_send")).form(form).reply(&app).await;
        reply.fails_with("Payload expected.");
    }
    send(&session, "d=%5B%22b%22%5D").await;
    assert_eq!(poll(&session).await, "/**/x(\"a[\\\"b\\\"]\");\r\n");
}

#[tokio::test]
async fn a_form_is_decoded_and_plain_text_is_not() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    poll(&session).await;
    send(&session, "d=%5B%22%61bc%22%5D").await;
    send(&session, "d=%5B%22a+b%2Bc%22%5D").await;
    send(&session, "other=1&d=%5B%22%D0%BD%22%5D").await;
    let charset = "application/x-www-form-urlencoded; charset=UTF-8";
    for (content_type, body) in
        [("text/plain", r#"["%61bc"]"#), ("text/plain;charset=UTF-8", r#"["a+b"]"#), (charset, "d=%5B%22d%22%5D")]
    {
        let ask = Ask::post(session.path("jsonp_send")).header("Content-Type", content_type).body(body);
        let reply = ask.reply(&app).await;
        assert_eq!((reply.head.status, reply.body.as_str()), (200, "ok"), "{content_type}");
    }
    let expected = r#"/**/x("a[\"abc\",\"a b+c\",\"н\",\"%61bc\",\"a+b\",\"d\"]");"#;
    assert_eq!(poll(&session).await, format!("{expected}\r\n"));
}

#[tokio::test]
async fn no_messages_are_no_error() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    poll(&session).await;
    send(&session, "d=%5B%5D").await;
    send(&session, "d=%5B%22x%22%5D").await;
    assert_eq!(poll(&session).await, "/**/x(\"a[\\\"x\\\"]\");\r\n");
}

#[tokio::test]
async fn nothing_is_sent_to_a_session_that_is_not_there() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    Ask::post(session.path("jsonp_send")).form("d=%5B%22x%22%5D").reply(&app).await.is_not_found();
}

#[tokio::test]
async fn every_poll_of_a_closed_session_says_that_it_is_closed() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "close");
    assert_eq!(poll(&session).await, "/**/x(\"o\");\r\n");
    for _ in 0..2 {
        assert_eq!(poll(&session).await, "/**/x(\"c[3000,\\\"Go away!\\\"]\");\r\n");
    }
}

#[tokio::test]
async fn a_second_receiver_is_sent_away() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let _first = session.begin_poll().await;
    let _ = Ask::get("/echo").reply(&app).await;
    assert_eq!(poll(&session).await, "/**/x(\"c[2010,\\\"Another connection still open\\\"]\");\r\n");
}

#[tokio::test]
async fn separators_of_javascript_are_escaped_in_the_script() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    session.send("[\"\u{2028}\u{2029}\"]").await;
    assert_eq!(poll(&session).await, "/**/x(\"a[\\\"\\\\u2028\\\\u2029\\\"]\");\r\n");
}
