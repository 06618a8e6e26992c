//! The hub behind nginx with the site of `examples/self-host`: nothing of a stream is held back, compressed or cut.

use std::{collections::BTreeMap, time::Duration};

use futures::StreamExt;
use harness::{DEADLINE, Hub, KEY, Nginx, eventually, root, within};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio_tungstenite::{connect_async, tungstenite::Message};

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
    assert_eq!(post(&"x".repeat(1_100_000)).await.unwrap().status(), 413);
}

#[tokio::test]
async fn clients_of_sockjs_have_a_web_socket_and_every_stream() {
    let hub = Hub::start().await;
    let nginx = Nginx::start(&hub).await;
    let address = nginx.url("/sockjs/000/a/websocket").replacen("http", "ws", 1);
    let (mut socket, _) = within(DEADLINE, "a WebSocket", connect_async(address)).await.unwrap();
    let mut next = async || loop {
        if let Message::Text(frame) = within(DEADLINE, "a frame", socket.next()).await.unwrap().unwrap() {
            return frame.to_string();
        }
    };
    assert_eq!(next().await, "o");
    for transport in ["xhr_streaming", "eventsource", "htmlfile?c=f"] {
        let url = nginx.url(&format!("/sockjs/000/{}/{transport}", transport.len()));
        let request = if transport == "xhr_streaming" { Client::new().post(url) } else { Client::new().get(url) };
        let mut stream = within(DEADLINE, "the head of a stream", request.send()).await.unwrap();
        assert_eq!(stream.status(), 200, "{transport}");
        // The open frame, which follows the prelude.
        read_until(&mut stream, if transport.starts_with("html") { "(\"o\")" } else { "o" }).await;
    }
}

#[tokio::test]
async fn the_address_of_a_sockjs_client_is_that_of_its_connection() {
    let hub = Hub::start().await;
    let nginx = Nginx::start(&hub).await;
    let post = async |transport: &str, address: &str, body: &'static str| {
        let request = Client::new().post(nginx.url(&format!("/sockjs/000/a/{transport}"))).body(body);
        let answer = within(DEADLINE, "an answer", request.header("CF-Connecting-IP", address).send()).await.unwrap();
        answer.text().await.unwrap()
    };
    assert_eq!(post("xhr", "192.0.2.1", "").await, "o\n");
    assert_eq!(post("xhr_send", "192.0.2.3", "[\"sub,b\"]").await, "");
    // The hub itself takes what it is told: nginx did not pass that on.
    let direct = hub.post("/sockjs/000/a/xhr").header("CF-Connecting-IP", "192.0.2.1").send().await.unwrap();
    assert!(direct.text().await.unwrap().starts_with("c[2010,"), "another address");
    let heard = post("xhr", "192.0.2.2", "").await;
    assert!(heard.starts_with("a[\"msg,b,"), "{heard}");
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
