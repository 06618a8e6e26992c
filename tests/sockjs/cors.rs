//! Pages of other origins: what `/info` and the endpoints of XMLHttpRequest say to them.

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming},
    wire::Ask,
};

#[tokio::test]
async fn a_preflight_is_consented_to_for_a_long_time() {
    let app = SockjsApp::start().await;
    for (path, method) in [
        ("/echo/info", "GET"),
        ("/echo/abc/abc/xhr", "POST"),
        ("/echo/abc/abc/xhr_send", "POST"),
        ("/echo/abc/abc/xhr_streaming", "POST"),
        ("/cookie_needed_echo/abc/abc/xhr", "POST"),
    ] {
        for origin in ["test", "null", "http://example.com:8080"] {
            let ask = Ask::options(path).header("Origin", origin).header("Access-Control-Request-Method", method);
            let reply = ask.reply(&app).await;
            assert!([200, 204].contains(&reply.head.status), "{path}: {reply:?}");
            assert_eq!(reply.body, "", "{path}");
            reply.head.is_cached_for_long();
            let age = reply.head.header("access-control-max-age").unwrap();
            assert!(age.parse::<u64>().unwrap() > 1_000_000, "{age}");
            let methods = reply.head.header("access-control-allow-methods").unwrap();
            let methods: Vec<&str> = methods.split(',').map(str::trim).collect();
            assert!(methods.contains(&"OPTIONS") && methods.contains(&method), "{path}: {methods:?}");
            reply.head.is_for_origin(origin);
        }
    }
}

#[tokio::test]
async fn headers_that_a_page_asks_for_are_allowed_and_no_others() {
    let app = SockjsApp::start().await;
    for (asked, allowed) in [(Some("a, b, c"), Some("a, b, c")), (Some(""), None), (None, None)] {
        for path in
            ["/echo/000/headers/xhr", "/echo/000/headers/xhr_send", "/echo/000/headers/xhr_streaming", "/echo/info"]
        {
            let mut ask = Ask::options(path).header("Origin", "test").header("Access-Control-Request-Method", "POST");
            if let Some(asked) = asked {
                ask = ask.header("Access-Control-Request-Headers", asked);
            }
            let reply = ask.reply(&app).await;
            reply.head.is_for_origin("test");
            let found = reply.head.header("access-control-allow-headers").filter(|found| !found.is_empty());
            assert_eq!(found, allowed, "{path}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_every_answer() {
    let app = SockjsApp::start().await;
    for origin in ["test", "null"] {
        let session = Session::of(&app, "echo");
        let post = |transport: &str| Ask::post(session.path(transport)).header("Origin", origin);
        for (ask, status) in [
            (Ask::get("/echo/info").header("Origin", origin), 200),
            (post("xhr_send").body("[\"a\"]"), 404),
            (post("xhr"), 200),
            (post("xhr_send"), 500),
            (post("xhr_send").body("[\"a\"]"), 204),
            (post("xhr"), 200),
        ] {
            let reply = ask.reply(&app).await;
            assert_eq!(reply.head.status, status, "{ask:?}: {reply:?}");
            reply.head.is_for_origin(origin);
        }
        for kind in [Streaming::Xhr, Streaming::EventSource] {
            let session = Session::of(&app, "echo");
            let (head, _wire) = kind.ask(&session).header("Origin", origin).begin(&app).await;
            head.is_for_origin(origin);
        }
    }
}

#[tokio::test]
async fn who_names_no_origin_gets_the_star_and_no_credentials() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    for ask in [Ask::get("/echo/info"), Ask::post(session.path("xhr")), Ask::post(session.path("xhr_send")).body("[]")]
    {
        let head = ask.reply(&app).await.head;
        assert_eq!(head.header("access-control-allow-origin"), Some("*"), "{ask:?}: {head:?}");
        assert_eq!(head.header("access-control-allow-credentials"), None, "{ask:?}: {head:?}");
    }
}
