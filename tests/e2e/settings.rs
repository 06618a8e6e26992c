//! A bad setting is named, and every request says so.

use harness::Hub;
use serde_json::Value;

#[tokio::test]
async fn a_bad_setting_is_named_by_every_request() {
    let hub = Hub::builder().setting("HISTORY_MESSAGES", "many").start().await;
    for (method, path) in [("GET", "/healthz"), ("GET", "/?channels=a"), ("POST", "/publish"), ("GET", "/nowhere")] {
        let response = hub.request(method, path).send().await.unwrap();
        assert_eq!(response.status(), 500, "{path}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["code"], "misconfigured");
        assert_eq!(answer["error"]["message"], "the setting HISTORY_MESSAGES must be a whole number from 1 to 1000000");
    }
}

#[tokio::test]
async fn numbers_and_truth_values_need_no_quotes_and_what_is_neither_is_refused() {
    let hub = Hub::builder().json_setting("MAX_MESSAGE_BYTES", "10").start().await;
    assert_eq!(hub.try_publish(&["a"], "0123456789").await.unwrap().status(), 200);
    assert_eq!(hub.try_publish(&["a"], "0123456789x").await.unwrap().status(), 413);
    let cases = [
        ("KEEPALIVE_SECONDS", "-7", "a whole number from 1 to 300"),
        ("RETRY_MS", "[100]", "a whole number from 100 to 3600000"),
        ("PUBLISH_KEY", "{}", "a text"),
        ("PUBLISH_OPEN", "1", "`true` or `false`"),
    ];
    for (name, json, expected) in cases {
        let hub = Hub::builder().json_setting(name, json).start().await;
        let response = hub.get("/healthz").send().await.unwrap();
        assert_eq!(response.status(), 500, "{name}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["message"], format!("the setting {name} must be {expected}"));
    }
}
