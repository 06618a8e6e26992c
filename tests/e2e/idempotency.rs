//! A publish with an idempotency key is safe to repeat: it gets the first answer, and delivers nothing twice.

use harness::{Hub, KEY};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

/// A publish with a key in its header.
fn publish(hub: &Hub, channels: &[&str], message: &str, key: &str) -> RequestBuilder {
    let body = json!({ "channel": channels, "message": message });
    hub.post("/publish").bearer_auth(KEY).header("Idempotency-Key", key).json(&body)
}

/// Status and answer.
async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_delivers_nothing() {
    let mut hub = Hub::start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    let mut of_several = hub.subscribe(&["a", "b"]).await;
    let first = answer(publish(&hub, &["a", "b"], "once", "k")).await;
    assert_eq!(first.0, 200);
    assert_eq!(answer(publish(&hub, &["a", "b"], "once", "k")).await, first);
    assert_eq!(listener.next_event().await.data, "once");
    assert_eq!(of_several.next_data(2).await, ["once", "once"], "one of each channel");
    // Also after the object has lost its memory.
    hub.kill().await;
    hub.restart().await;
    assert_eq!(answer(publish(&hub, &["a", "b"], "once", "k")).await, first);
    hub.publish(&["a"], "next").await;
    let mut late = hub.resume(&["a"], "0").await;
    assert_eq!(late.next_data(2).await, ["once", "next"]);
}

#[tokio::test]
async fn repeats_at_the_same_time_are_published_once() {
    let hub = Hub::start().await;
    let answers = futures::future::join_all((0..20).map(|_| answer(publish(&hub, &["a"], "once", "k")))).await;
    assert!(answers.iter().all(|one| *one == answers[0] && one.0 == 200), "{answers:?}");
    hub.publish(&["a"], "end").await;
    assert_eq!(hub.resume(&["a"], "0").await.next_data(2).await, ["once", "end"]);
}

#[tokio::test]
async fn the_key_can_be_a_field_and_must_be_the_same_as_the_header() {
    let hub = Hub::start().await;
    let form = |id: &str| {
        let fields = [("key", KEY), ("channel", "a"), ("message", "once"), ("id", id)];
        hub.post("/publish").form(&fields)
    };
    let first = answer(form("k")).await;
    assert_eq!(first.0, 200);
    assert_eq!(answer(publish(&hub, &["a"], "once", "k")).await, first, "header, field of a form");
    let json = json!({ "key": KEY, "channel": "a", "message": "once", "id": "k" });
    assert_eq!(answer(hub.post("/publish").json(&json)).await, first, "field of JSON");
    assert_eq!(answer(form("k").header("Idempotency-Key", "k")).await, first, "both");
    let refused = answer(form("k").header("Idempotency-Key", "other")).await;
    assert_eq!((refused.0, &refused.1["error"]["code"]), (400, &json!("invalid_idempotency_key")));
    let refused = answer(publish(&hub, &["a"], "1", &"x".repeat(257))).await;
    assert_eq!((refused.0, &refused.1["error"]["code"]), (400, &json!("invalid_idempotency_key")));
}

#[tokio::test]
async fn a_key_stands_for_one_message_of_a_channel() {
    let hub = Hub::start().await;
    let first = answer(publish(&hub, &["a"], "one", "k")).await;
    let (status, refused) = answer(publish(&hub, &["a"], "other", "k")).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(answer(publish(&hub, &["b"], "other", "k")).await.0, 200, "another channel knows nothing of it");
    // One channel has it, the other takes it: each channel's outcome is told.
    let (status, split) = answer(publish(&hub, &["a", "c"], "other", "k")).await;
    assert_eq!((status, &split["error"]["failed"]), (422, &json!({ "a": "idempotency_key_reused" })), "{split}");
    assert!(split["error"]["ids"]["c"].is_u64(), "{split}");
    assert_eq!(answer(publish(&hub, &["a"], "one", "k")).await, first);
}

#[tokio::test]
async fn a_key_is_remembered_as_long_as_its_message() {
    let hub = Hub::builder().setting("HISTORY_MESSAGES", 2).start().await;
    let first = answer(publish(&hub, &["a"], "one", "k")).await;
    hub.publish(&["a"], "two").await;
    assert_eq!(answer(publish(&hub, &["a"], "one", "k")).await, first);
    hub.publish(&["a"], "three").await;
    let again = answer(publish(&hub, &["a"], "one", "k")).await;
    assert_eq!(again.0, 200);
    assert_ne!(again, first, "history holds the last two messages");
}
