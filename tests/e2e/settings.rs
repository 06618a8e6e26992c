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
