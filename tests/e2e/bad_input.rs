//! Bad input gets a clear 4xx as JSON and changes nothing.

use harness::{Hub, KEY, raw_request};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

fn form(hub: &Hub, body: impl Into<String>) -> RequestBuilder {
    let request = hub.post("/publish").bearer_auth(KEY);
    request.header("Content-Type", "application/x-www-form-urlencoded").body(body.into())
}

fn json(hub: &Hub, body: impl Into<String>) -> RequestBuilder {
    hub.post("/publish").bearer_auth(KEY).header("Content-Type", "application/json; charset=utf-8").body(body.into())
}

fn channels(count: usize) -> String {
    (0..count).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn each_bad_request_gets_its_4xx_and_changes_nothing() {
    let hub = Hub::start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    let too_large = "x".repeat(64 * 1024 + 1);
    let cases: Vec<(RequestBuilder, u16, &str)> = vec![
        (hub.get("/"), 400, "no_channel"),
        (hub.get("/sse/?channels="), 400, "no_channel"),
        (hub.get("/?channels=a,,b"), 400, "invalid_channel"),
        (hub.get("/?channels=a%00"), 400, "invalid_channel"),
        (hub.get("/?channels=news.*"), 400, "invalid_channel"),
        (hub.get(&format!("/?channels={}", "x".repeat(257))), 400, "invalid_channel"),
        (hub.get("/?channels=%ff"), 400, "not_utf8"),
        (hub.get(&format!("/?channels={}", channels(101))), 400, "too_many_channels"),
        (hub.get("/?channels=a&transport=pigeon"), 400, "invalid_transport"),
        (hub.get("/?channels=a&ago="), 400, "invalid_ago"),
        (hub.get("/?channels=a&ago=-1"), 400, "invalid_ago"),
        (hub.get("/?channels=a&ago=1.5"), 400, "invalid_ago"),
        (hub.get("/?channels=a&ago=3600001"), 400, "invalid_ago"),
        (hub.get("/?channels=a,b&ago=1h&transport=longpoll&lastEventId=0.0"), 400, "invalid_ago"),
        (hub.get("/history"), 400, "no_channel"),
        (hub.get("/history?channel=a*"), 400, "invalid_channel"),
        (hub.get("/history?channel=a&channel=b"), 400, "repeated_field"),
        (hub.get("/history?channel=%ff"), 400, "not_utf8"),
        (hub.get("/history?channel=a&since=yesterday"), 400, "invalid_since"),
        (hub.get("/history?channel=a&limit=1001"), 400, "invalid_limit"),
        (hub.post("/history?channel=a"), 405, "method_not_allowed"),
        (form(&hub, "channel=a&message=1&id=%0a"), 400, "invalid_idempotency_key"),
        (form(&hub, "message=1"), 400, "no_channel"),
        (form(&hub, "channel=a"), 400, "missing_field"),
        (form(&hub, "channel=a&message="), 400, "missing_field"),
        (form(&hub, "channel=a&message=1&message=2"), 400, "repeated_field"),
        (form(&hub, "channel=a,b&message=1"), 400, "invalid_channel"),
        (form(&hub, "channel=a&message=%ff"), 400, "not_utf8"),
        (form(&hub, "channel=a&message=1&event=sse.gap"), 400, "invalid_event"),
        (form(&hub, format!("channel=a&message={too_large}")), 413, "too_large"),
        (json(&hub, "{"), 400, "malformed_json"),
        (json(&hub, "[]"), 400, "malformed_json"),
        (json(&hub, r#"{"channel":"a"}"#), 400, "missing_field"),
        (json(&hub, r#"{"channel":7,"message":1}"#), 400, "wrong_type"),
        (json(&hub, r#"{"channel":["a",7],"message":1}"#), 400, "wrong_type"),
        (json(&hub, r#"{"channel":["a","a*"],"message":1}"#), 400, "invalid_channel"),
        (json(&hub, r#"{"channel":"a","message":"\ud800"}"#), 400, "malformed_json"),
        (json(&hub, json!({ "channel": "a", "message": too_large }).to_string()), 413, "too_large"),
        (
            json(
                &hub,
                json!({ "channel": channels(101).split(',').chain(["a"]).collect::<Vec<_>>(), "message": 1 })
                    .to_string(),
            ),
            400,
            "too_many_channels",
        ),
        (hub.post("/publish").bearer_auth(KEY).body("channel=a&message=1"), 415, "unsupported_content_type"),
        (
            hub.post("/publish").bearer_auth(KEY).header("Content-Type", "text/plain").body("a"),
            415,
            "unsupported_content_type",
        ),
        (hub.post("/publish").form(&[("channel", "a"), ("message", "1")]), 401, "wrong_key"),
        (hub.post("/publish").form(&[("key", "wrong"), ("channel", "a"), ("message", "1")]), 401, "wrong_key"),
        (
            hub.post("/publish").bearer_auth("wrong").form(&[("key", KEY), ("channel", "a"), ("message", "1")]),
            401,
            "wrong_key",
        ),
        (hub.get("/nowhere"), 404, "not_found"),
        (hub.get("/publish/x"), 404, "not_found"),
        (hub.get("/append"), 404, "not_found"),
        (hub.get("/leg?channels=a&cursor=0").header("Upgrade", "websocket"), 404, "not_found"),
        (hub.get("/publish"), 405, "method_not_allowed"),
        (hub.post("/?channels=a"), 405, "method_not_allowed"),
        (hub.request("DELETE", "/stats"), 405, "method_not_allowed"),
        // The runtime itself answers methods that are in no standard, with 501.
        (hub.request("PROPFIND", "/?channels=a"), 405, "method_not_allowed"),
    ];
    for (request, status, code) in cases {
        let request = request.build().unwrap();
        let what = format!("{} {}", request.method(), request.url().as_str().chars().take(120).collect::<String>());
        let response = reqwest::Client::new().execute(request).await.unwrap();
        let (got, content_type) = (response.status().as_u16(), response.headers()["content-type"].clone());
        let text = response.text().await.unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}: no JSON: {got} {text:?}"));
        assert_eq!((got, answer["error"]["code"].as_str()), (status, Some(code)), "{what}: {answer}");
        assert_eq!(content_type, "application/json");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(!message.is_empty() && message.len() < 200, "{message}");
    }
    hub.publish(&["a"], "the first and only").await;
    assert_eq!(listener.next_event().await.data, "the first and only");
    let history = hub.resume(&["a"], "0").await.next_event().await;
    assert_eq!(history.data, "the first and only");
}

#[tokio::test]
async fn an_error_names_the_methods_that_a_path_takes() {
    let hub = Hub::start().await;
    let response = hub.get("/publish").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "POST");
    let response = hub.post("/stats").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET");
}

#[tokio::test]
async fn a_hundred_channels_are_enough_and_one_more_is_too_many() {
    let hub = Hub::start().await;
    let mut response = hub.get(&format!("/?channels={}", channels(100))).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.chunk().await.unwrap().is_some());
    assert_eq!(hub.get(&format!("/?channels={}", channels(101))).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_body_that_claims_or_becomes_too_much_is_refused_before_it_is_read() {
    let hub = Hub::start().await;
    let head = format!(
        "POST /publish HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
    );
    let claims = format!("{head}Content-Length: 100000000\r\n\r\n{{");
    raw_request(&hub, claims).await.read_until("the refusal", |text| text.starts_with("HTTP/1.1 413")).await;
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
    let becomes = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}");
    raw_request(&hub, becomes).await.read_until("the refusal", |text| text.starts_with("HTTP/1.1 413")).await;
}

#[tokio::test]
async fn a_limit_can_be_set() {
    let hub = Hub::builder().setting("MAX_MESSAGE_BYTES", 10).start().await;
    assert_eq!(hub.try_publish(&["a"], "0123456789").await.unwrap().status(), 200);
    assert_eq!(hub.try_publish(&["a"], "0123456789x").await.unwrap().status(), 413);
}
