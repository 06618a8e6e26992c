//! Publishing: forms, JSON, several channels at once, event types.

use harness::{Hub, KEY};
use serde_json::{Value, json};

#[tokio::test]
async fn the_form_of_cyclone_sse_publishes_to_every_channel_it_names() {
    let hub = Hub::start().await;
    let mut a = hub.subscribe(&["a"]).await;
    let mut b = hub.subscribe(&["b"]).await;
    let form = [("key", KEY), ("channel", "a"), ("channel", "b"), ("message", "[123, 124]")];
    let answer: Value = hub.post("/publish").form(&form).send().await.unwrap().json().await.unwrap();
    let (event_a, event_b) = (a.next_event().await, b.next_event().await);
    assert_eq!((event_a.data.as_str(), event_b.data.as_str()), ("[123, 124]", "[123, 124]"));
    assert_eq!(answer["status"], "ok");
    assert_eq!(answer["ids"]["a"].to_string(), event_a.last_event_id);
    assert_eq!(answer["ids"]["b"].to_string(), event_b.last_event_id);
}

#[tokio::test]
async fn json_messages_arrive_as_they_were_written() {
    let hub = Hub::start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    for message in [r#"{"b":1.50,"a":[null,1e400]}"#, "null", "12345678901234567890", r#"["type", {"x": "ü"}]"#] {
        let body = format!(r#"{{"channel":"a","message":{message}}}"#);
        let request = hub.post("/publish").bearer_auth(KEY).header("Content-Type", "application/json");
        assert_eq!(request.body(body).send().await.unwrap().status(), 200);
        assert_eq!(listener.next_event().await.data, message);
    }
}

#[tokio::test]
async fn an_event_field_makes_a_custom_event_type() {
    let hub = Hub::start().await;
    let mut single = hub.subscribe(&["a"]).await;
    let mut several = hub.subscribe(&["a", "b"]).await;
    let body = json!({ "channel": "a", "message": "1", "event": "price" });
    hub.post("/publish").bearer_auth(KEY).json(&body).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(single.next_event().await.event, "price");
    assert_eq!(several.next_event().await.event, "price");
    let missed = hub.resume(&["a"], "0").await.next_event().await;
    assert_eq!(missed.event, "price", "history keeps the type");
}

#[tokio::test]
async fn publishing_twice_to_a_channel_in_one_request_is_publishing_once() {
    let hub = Hub::start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    hub.publish(&["a", "a"], "once").await;
    hub.publish(&["a"], "end").await;
    assert_eq!(listener.next_data(2).await, ["once", "end"]);
}

#[tokio::test]
async fn a_hundred_channels_are_reached_at_once() {
    let hub = Hub::start().await;
    let names: Vec<String> = (0..100).map(|n| format!("channel {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut listener = hub.subscribe(&names).await;
    assert_eq!(hub.publish(&names, "to all").await.len(), 100);
    assert_eq!(listener.next_data(100).await, vec!["to all"; 100]);
}

#[tokio::test]
async fn nobody_may_publish_until_a_key_is_set_and_everybody_where_that_is_said() {
    let form = [("channel", "a"), ("message", "1"), ("key", "")];
    let closed = Hub::builder().without_setting("PUBLISH_KEY").start().await;
    let refused = closed.post("/publish").form(&form).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "publishing_closed");
    let open = Hub::builder().without_setting("PUBLISH_KEY").setting("PUBLISH_OPEN", true).start().await;
    assert_eq!(open.post("/publish").form(&form).send().await.unwrap().status(), 200);
}
