//! The prefix itself: `/echo` and `/echo/`.

use harness::SockjsApp;

use crate::wire::{Ask, Wire};

const WELCOME: &str = "Welcome to SockJS!\n";

#[tokio::test]
async fn the_prefix_with_and_without_a_slash_is_a_welcome() {
    let app = SockjsApp::start().await;
    for service in ["echo", "close", "disabled_websocket_echo", "cookie_needed_echo"] {
        for path in [format!("/{service}"), format!("/{service}/")] {
            let reply = Ask::get(&path).reply(&app).await;
            assert_eq!((reply.head.status, reply.body.as_str()), (200, WELCOME), "{path}");
            assert_eq!(reply.head.content_type().as_deref(), Some("text/plain;charset=UTF-8"), "{path}");
            assert_eq!(reply.head.header("set-cookie"), None, "{path}");
        }
    }
}

#[tokio::test]
async fn no_other_simple_path_is_found() {
    let app = SockjsApp::start().await;
    for path in ["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/", "/ /", "/%2F"] {
        Ask::get(format!("/echo{}", path.replace(' ', "%20"))).reply(&app).await.is_not_found();
    }
    for path in ["/ech", "/echoo", "/Echo", "//echo", "/echo2/info"] {
        Ask::get(path).reply(&app).await.is_not_found();
    }
}

#[tokio::test]
async fn a_connection_of_http_1_1_serves_one_request_after_the_other() {
    let app = SockjsApp::start().await;
    let mut wire = Wire::open(&app).await;
    for header in ["Keep-Alive", "keep-alive"] {
        wire.ask(&app, &Ask::get("/echo").header("Connection", header)).await;
        let head = wire.head().await;
        assert_eq!((head.version.as_str(), head.status), ("1.1", 200));
        assert!(head.header("connection").is_none() || head.is("connection", "keep-alive"), "{head:?}");
        match head.header("content-length") {
            Some(length) => {
                assert_eq!(length, WELCOME.len().to_string());
                assert!(!head.is_chunked(), "{head:?}");
            }
            None => assert!(head.is_chunked(), "{head:?}"),
        }
        assert_eq!(wire.body("GET", &head).await, WELCOME);
    }
}

#[tokio::test]
async fn an_empty_answer_leaves_the_connection_usable() {
    let app = SockjsApp::start().await;
    let mut wire = Wire::open(&app).await;
    for (ask, method, status) in [
        (Ask::get("/echo/nothing"), "GET", 404),
        (Ask::post("/echo/a/b/websocket"), "POST", 405),
        (Ask::options("/echo/info").header("Origin", "test"), "OPTIONS", 204),
        (Ask::post("/echo/a/unknown/xhr_send").body("[]"), "POST", 404),
        (Ask::get("/echo"), "GET", 200),
    ] {
        wire.ask(&app, &ask).await;
        let head = wire.head().await;
        assert!(head.status == status || (method == "OPTIONS" && head.status == 200), "{ask:?}: {head:?}");
        wire.body(method, &head).await;
    }
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_their_order() {
    let app = SockjsApp::start().await;
    let mut wire = Wire::open(&app).await;
    let asks = [Ask::get("/echo"), Ask::get("/echo/nothing"), Ask::post("/echo/0/pipelined/xhr"), Ask::get("/echo/")];
    wire.send(asks.iter().flat_map(|ask| ask.bytes(&app)).collect::<Vec<u8>>()).await;
    for (status, body) in [(200, Some(WELCOME)), (404, None), (200, Some("o\n")), (200, Some(WELCOME))] {
        let head = wire.head().await;
        let found = wire.body("GET", &head).await;
        assert_eq!(head.status, status);
        assert!(body.is_none_or(|body| body == found), "{found:?}");
    }
}

#[tokio::test]
async fn http_1_0_gets_no_chunks_and_the_connection_ends_unless_it_is_to_be_kept() {
    let app = SockjsApp::start().await;
    for connection in [None, Some("Keep-Alive"), Some("close")] {
        let mut ask = Ask::get("/echo").http_1_0();
        if let Some(connection) = connection {
            ask = ask.header("Connection", connection);
        }
        let (head, mut wire) = ask.begin(&app).await;
        assert_eq!(head.status, 200);
        assert_eq!(head.header("transfer-encoding"), None);
        match head.header("content-length") {
            Some(length) => assert_eq!(length, WELCOME.len().to_string()),
            None => assert!(head.is("connection", "close"), "{head:?}"),
        }
        assert_eq!(wire.text(WELCOME.len()).await, WELCOME);
        if head.is("connection", "keep-alive") {
            wire.ask(&app, &ask).await;
            assert_eq!(wire.head().await.status, 200);
        } else {
            wire.ends().await;
        }
    }
}

#[tokio::test]
async fn a_client_that_has_ended_its_side_is_answered() {
    let app = SockjsApp::start().await;
    let mut wire = Wire::open(&app).await;
    wire.ask(&app, &Ask::get("/echo")).await;
    wire.finish().await;
    let head = wire.head().await;
    assert_eq!(wire.body("GET", &head).await, WELCOME);
    wire.ends().await;
}
