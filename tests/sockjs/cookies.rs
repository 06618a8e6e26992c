//! `JSESSIONID`: the cookie that some load balancers go by, for services that ask for it.

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming},
    wire::{Ask, Head},
};

#[track_caller]
fn sets(head: &Head, cookie: &str) {
    let found = head.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {head:?}"));
    let parts: Vec<&str> = found.split(';').map(str::trim).collect();
    assert_eq!((parts[0], parts[1].to_lowercase().as_str()), (format!("JSESSIONID={cookie}").as_str(), "path=/"));
}

#[tokio::test]
async fn every_transport_over_http_sets_the_cookie() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "cookie_needed_echo");
    let poll = Ask::post(session.path("xhr")).reply(&app).await;
    assert_eq!(poll.body, "o\n");
    sets(&poll.head, "dummy");
    for kind in Streaming::ALL {
        sets(&Session::of(&app, "cookie_needed_echo").stream(kind).await.head, "dummy");
    }
    let session = Session::of(&app, "cookie_needed_echo");
    let poll = Ask::get(session.path("jsonp?c=%63allback")).reply(&app).await;
    assert_eq!(poll.body, "/**/callback(\"o\");\r\n");
    sets(&poll.head, "dummy");
    let sent = Ask::post(session.path("jsonp_send")).form("d=%5B%22x%22%5D").reply(&app).await;
    assert_eq!((sent.head.status, sent.body.as_str()), (200, "ok"));
    sets(&sent.head, "dummy");
}

#[tokio::test]
async fn the_cookie_that_a_client_has_is_kept() {
    let app = SockjsApp::start().await;
    for cookies in
        ["JSESSIONID=abcdef", "a=b; JSESSIONID=abcdef", "JSESSIONID=abcdef; XJSESSIONID=no", "a=b;JSESSIONID=abcdef;c"]
    {
        let session = Session::of(&app, "cookie_needed_echo");
        let reply = Ask::post(session.path("xhr")).header("Cookie", cookies).reply(&app).await;
        assert_eq!(reply.body, "o\n");
        sets(&reply.head, "abcdef");
    }
}

#[tokio::test]
async fn a_service_that_needs_no_cookie_sets_none() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let reply = Ask::post(session.path("xhr")).header("Cookie", "JSESSIONID=abcdef").reply(&app).await;
    assert_eq!(reply.head.header("set-cookie"), None);
    for kind in Streaming::ALL {
        assert_eq!(Session::of(&app, "echo").stream(kind).await.head.header("set-cookie"), None);
    }
}
