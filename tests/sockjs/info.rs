//! `/info`: what a client asks before anything else.

use std::collections::BTreeSet;

use harness::SockjsApp;
use serde_json::{Value, json};

use crate::wire::{Ask, Reply};

fn info(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("no JSON: {reply:?}"))
}

#[tokio::test]
async fn the_info_says_what_the_server_can_do() {
    let app = SockjsApp::start().await;
    for (service, websocket, cookie_needed) in [
        ("echo", true, false),
        ("close", true, false),
        ("disabled_websocket_echo", false, false),
        ("cookie_needed_echo", true, true),
    ] {
        let reply = Ask::get(format!("/{service}/info")).header("Origin", "test").reply(&app).await;
        assert_eq!(reply.head.status, 200);
        assert_eq!(reply.head.content_type().as_deref(), Some("application/json;charset=UTF-8"));
        assert_eq!(reply.head.header("set-cookie"), None, "{service}");
        reply.head.is_not_cached();
        reply.head.is_for_origin("test");
        let mut info = info(&reply);
        let entropy = info["entropy"].take();
        assert!(entropy.as_u64().is_some_and(|entropy| entropy <= u64::from(u32::MAX)), "{entropy}");
        let expected =
            json!({ "cookie_needed": cookie_needed, "entropy": null, "origins": ["*:*"], "websocket": websocket });
        assert_eq!(info, expected, "{service}");
    }
}

#[tokio::test]
async fn the_entropy_is_another_each_time() {
    let app = SockjsApp::start().await;
    let mut seen = BTreeSet::new();
    for _ in 0..10 {
        let info = info(&Ask::get("/echo/info").reply(&app).await);
        assert!(seen.insert(info["entropy"].as_u64().unwrap()), "{info} after {seen:?}");
    }
}

#[tokio::test]
async fn the_info_has_a_query_to_get_past_caches() {
    let app = SockjsApp::start().await;
    assert_eq!(Ask::get("/echo/info?t=1234").reply(&app).await.head.status, 200);
}
