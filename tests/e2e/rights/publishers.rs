//! What opens publishing: keys, several at once and each for its channels, and tokens.

use harness::{Hub, KEY};
use reqwest::RequestBuilder;
use serde_json::json;

use super::{SECRET, forbidden_channel, invalid_token, now, outcome, token};

const KEYS: &str = r#"[{"key":"next-key"},{"name":"newsroom","key":"news-key","channels":["news.*","sport"]}]"#;

fn publish(hub: &Hub, channels: &[&str], message: &str) -> RequestBuilder {
    hub.post("/publish").json(&json!({ "channel": channels, "message": message }))
}

fn ok() -> (u16, String, String) {
    (200, String::new(), String::new())
}

fn wrong_key() -> (u16, String, String) {
    (401, "wrong_key".to_owned(), "Bearer".to_owned())
}

#[tokio::test]
async fn every_key_opens_publishing_and_nothing_else_does() {
    let hub = Hub::builder().setting("PUBLISH_KEYS", KEYS).start().await;
    for key in [KEY, "next-key"] {
        assert_eq!(outcome(publish(&hub, &["any"], "1").bearer_auth(key)).await, ok(), "{key}");
        let form = [("key", key), ("channel", "any"), ("message", "1")];
        assert_eq!(outcome(hub.post("/publish").form(&form)).await, ok(), "{key}");
    }
    for wrong in ["", "next", "newsroom", "next-keynews-key", "key 0", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(outcome(publish(&hub, &["any"], "1").bearer_auth(wrong)).await, wrong_key(), "{wrong}");
    }
    assert_eq!(outcome(publish(&hub, &["any"], "1")).await, wrong_key());
}

#[tokio::test]
async fn keys_need_no_other_key_beside_them() {
    let hub = Hub::builder().without_setting("PUBLISH_KEY").setting("PUBLISH_KEYS", KEYS).start().await;
    assert_eq!(outcome(publish(&hub, &["any"], "1").bearer_auth("next-key")).await, ok());
    assert_eq!(outcome(publish(&hub, &["any"], "1").bearer_auth(KEY)).await, wrong_key());
}

#[tokio::test]
async fn what_a_key_is_not_good_for_is_published_nowhere() {
    let hub = Hub::builder().setting("PUBLISH_KEYS", KEYS).start().await;
    let mut listener = hub.subscribe(&["news.world", "other"]).await;
    for channels in [&["other"][..], &["news.world", "other"], &["news.world", "sport", "sports"], &["news"]] {
        let refused = outcome(publish(&hub, channels, "refused").bearer_auth("news-key")).await;
        assert_eq!(refused, forbidden_channel(), "{channels:?}");
    }
    assert_eq!(outcome(publish(&hub, &["news.world", "sport"], "taken").bearer_auth("news-key")).await, ok());
    assert_eq!(listener.next_event().await.data, "taken");
    assert_eq!(hub.resume(&["news.world"], "0").await.next_event().await.data, "taken", "nothing else is kept");
}

#[tokio::test]
async fn a_token_publishes_where_its_claim_says() {
    let hub = Hub::builder().setting("JWT_SECRET", SECRET).start().await;
    let mut listener = hub.subscribe(&["a", "b"]).await;
    let shown = token(&json!({ "exp": now() + 60.0, "publish": ["a*"], "subscribe": "*" }));
    let form = [("key", shown.as_str()), ("channel", "a"), ("message", "1")];
    assert_eq!(outcome(hub.post("/publish").form(&form)).await, ok());
    assert_eq!(outcome(publish(&hub, &["a", "b"], "refused").bearer_auth(&shown)).await, forbidden_channel());
    assert_eq!(outcome(publish(&hub, &["a"], "2").bearer_auth(&shown)).await, ok());
    assert_eq!(outcome(publish(&hub, &["b"], "3").bearer_auth(KEY)).await, ok(), "keys count as before");
    assert_eq!(listener.next_data(3).await, ["1", "2", "3"]);

    let listens = token(&json!({ "exp": now() + 60.0, "subscribe": "*" }));
    assert_eq!(outcome(publish(&hub, &["a"], "refused").bearer_auth(listens)).await, forbidden_channel());
    let expired = token(&json!({ "exp": now() - 60.0, "publish": "*" }));
    assert_eq!(outcome(publish(&hub, &["a"], "refused").bearer_auth(expired)).await, invalid_token());
    let endless = token(&json!({ "publish": "*" }));
    assert_eq!(outcome(publish(&hub, &["a"], "refused").bearer_auth(endless)).await, invalid_token());
}

#[tokio::test]
async fn neither_cookie_nor_query_publishes() {
    let hub = Hub::builder().setting("JWT_SECRET", SECRET).setting("CORS_ORIGINS", "https://page.example");
    let hub = hub.start().await;
    let shown = token(&json!({ "exp": now() + 60.0, "publish": "*" }));
    let body = json!({ "channel": "a", "message": "1" });
    for credential in [KEY, &shown] {
        for parameter in ["access_token", "key"] {
            let request = hub.post("/publish").query(&[(parameter, credential)]).json(&body);
            assert_eq!(outcome(request).await, wrong_key());
        }
        let request = hub.post("/publish").header("Origin", "https://page.example");
        let request = request.header("Cookie", format!("cyclone_token={credential}")).json(&body);
        assert_eq!(outcome(request).await, wrong_key());
    }
}

#[tokio::test]
async fn with_tokens_alone_publishing_is_theirs() {
    let hub = Hub::builder().without_setting("PUBLISH_KEY").setting("JWT_SECRET", SECRET).start().await;
    assert_eq!(outcome(publish(&hub, &["a"], "1").bearer_auth(KEY)).await, wrong_key());
    let shown = token(&json!({ "exp": now() + 60.0, "publish": "a" }));
    assert_eq!(outcome(publish(&hub, &["a"], "1").bearer_auth(shown)).await, ok());
}
