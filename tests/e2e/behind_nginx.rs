//! The hub behind nginx with the site of `examples/self-host`: nothing of a stream is held back, compressed or cut.

use std::{collections::BTreeMap, time::Duration};

use harness::{DEADLINE, Hub, KEY, Nginx, eventually, root, within};
use reqwest::{Client, Response};
use serde_json::{Value, json};

/// A listener that would take a compressed stream.
async fn listen(nginx: &Nginx, query: &str) -> Response {
    let request = Client::new().get(nginx.url(&format!("/sse/?{query}"))).header("Accept-Encoding", "gzip");
    let response = within(DEADLINE, "the head of a stream", request.send()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    assert_eq!(response.headers().get("content-encoding"), None);
    response
}

async fn read_until(stream: &mut Response, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let chunk = within(DEADLINE, end, stream.chunk()).await.unwrap();
        text += std::str::from_utf8(&chunk.expect("the stream goes on")).unwrap();
    }
    text
}

async fn publish(nginx: &Nginx, channel: &str, message: &str) {
    let body = json!({ "channel": channel, "message": message });
    let request = Client::new().post(nginx.url("/publish")).bearer_auth(KEY).json(&body);
    let response = within(DEADLINE, "a publish", request.send()).await.unwrap();
    let (status, answer) = (response.status(), response.json::<Value>().await.unwrap());
    assert_eq!((status.as_u16(), &answer["status"]), (200, &json!("ok")), "{answer}");
}

#[tokio::test]
async fn every_event_arrives_before_the_next_is_published() {
    let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 300).start().await;
    let nginx = Nginx::start(&hub).await;
    for channels in ["channels=a", "channels=a,b"] {
        let mut stream = listen(&nginx, channels).await;
        let greeting = read_until(&mut stream, "id: ").await;
        assert!(greeting.starts_with("retry: "), "{greeting}");
        for number in 0..20 {
            let message = format!("message {number}.");
            publish(&nginx, "a", &message).await;
            read_until(&mut stream, &message).await;
        }
    }
}

#[tokio::test]
async fn a_large_message_passes_and_what_is_too_large_is_refused() {
    let hub = Hub::start().await;
    let nginx = Nginx::start(&hub).await;
    let mut stream = listen(&nginx, "channels=a").await;
    // As many bytes as the largest message may have, each written with six.
    let escaped = "\\u0078".repeat(65_536);
    let post = |message: &str| {
        let body = format!(r#"{{"channel": "a", "message": "{message}"}}"#);
        let request = Client::new().post(nginx.url("/publish")).bearer_auth(KEY);
        request.header("Content-Type", "application/json").body(body).send()
    };
    assert_eq!(post(&escaped).await.unwrap().status(), 200);
    let text = read_until(&mut stream, "x\n\n").await;
    assert!(text.contains(&"x".repeat(65_536)));
    assert_eq!(post(&"x".repeat(700_000)).await.unwrap().status(), 413);
}

#[tokio::test]
async fn keep_alives_and_polls_pass() {
    let hub = Hub::start().await;
    let nginx = Nginx::start(&hub).await;
    let mut stream = listen(&nginx, "channels=a").await;
    for _ in 0..3 {
        read_until(&mut stream, ": sse ping").await;
    }
    let poll = listen(&nginx, "channels=a&transport=longpoll").await;
    let text = within(DEADLINE, "a poll to end", poll.text()).await.unwrap();
    assert!(text.contains(": sse ping"), "{text}");
}

#[tokio::test]
async fn a_listener_that_leaves_is_forgotten() {
    let hub = Hub::start().await;
    let nginx = Nginx::start(&hub).await;
    let stream = listen(&nginx, "channels=a").await;
    assert_eq!(hub.stats().await, BTreeMap::from([("a".to_owned(), 1)]));
    drop(stream);
    eventually("the listener to be gone", || hub.stats(), BTreeMap::is_empty).await;
}

#[tokio::test]
async fn the_browser_package_is_compressed() {
    let hub = Hub::start().await;
    let nginx = Nginx::start(&hub).await;
    for name in ["cyclone_edge_client.js", "cyclone_edge_client_bg.wasm", "jquery.sse.js"] {
        let request = Client::new().get(nginx.url(&format!("/media/client/{name}"))).header("Accept-Encoding", "gzip");
        let response = within(Duration::from_secs(5), name, request.send()).await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{name}");
        let size = std::fs::metadata(root().join("media/client").join(name)).unwrap().len();
        assert!((response.bytes().await.unwrap().len() as u64) < size, "{name}");
    }
}
