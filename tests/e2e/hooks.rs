//! A worker on top of the library decides who listens, who publishes and what is published; the example does what it
//! says.

use harness::{Hub, KEY, Listener, root};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

/// It has to be escaped in an address.
const TOKEN: &str = "a&b";

async fn example() -> Hub {
    Hub::builder().worker("examples/hooks/build").setting("PRIVATE_TOKEN", TOKEN).start().await
}

/// A listener that shows the token.
async fn admitted(hub: &Hub, channels: &[&str]) -> Listener {
    let mut listener = Listener::new(channels).with("token", TOKEN);
    listener.connect(hub).await.unwrap();
    listener
}

async fn refusal(request: RequestBuilder) -> (u16, String) {
    let response: Response = request.send().await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["access-control-allow-origin"], "*", "a page can read why");
    let answer: Value = response.json().await.unwrap();
    (status, answer["error"]["code"].as_str().unwrap().to_owned())
}

fn publish(hub: &Hub, channel: &str, message: &str) -> RequestBuilder {
    hub.post("/publish").form(&[("key", KEY), ("channel", channel), ("message", message)])
}

#[tokio::test]
async fn a_refused_listener_is_told_so_and_an_admitted_one_listens() {
    let hub = example().await;
    let refused = (403, "private_channel".to_owned());
    for query in [
        "channels=private-a",
        "channels=a&channels=private-a",
        "channels=private-a&token=a",
        "channels=private-a&token=",
    ] {
        assert_eq!(refusal(hub.get(&format!("/?{query}"))).await, refused, "{query}");
    }
    assert_eq!(refusal(hub.get("/?channels=private-a").header("X-Token", "wrong")).await, refused);

    let mut listener = admitted(&hub, &["a", "private-a"]).await;
    let header = hub.get("/?channels=private-a").header("X-Token", TOKEN).send().await.unwrap();
    assert_eq!(header.status(), 200);
    publish(&hub, "private-a", "psst").header("X-Token", TOKEN).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(listener.next_event().await.data, "psst");
}

#[tokio::test]
async fn without_its_token_set_a_private_channel_is_closed_to_all() {
    let unset = Hub::builder().worker("examples/hooks/build").start().await;
    let empty = Hub::builder().worker("examples/hooks/build").setting("PRIVATE_TOKEN", "").start().await;
    for hub in [unset, empty] {
        assert_eq!(refusal(hub.get("/?channels=private-a&token=")).await.0, 403);
    }
}

#[tokio::test]
async fn a_refused_publisher_is_told_so_and_publishes_nothing() {
    let hub = example().await;
    let mut listener = admitted(&hub, &["private-a"]).await;
    assert_eq!(refusal(publish(&hub, "private-a", "let me in")).await, (403, "private_channel".to_owned()));
    let keyless = hub.post("/publish").form(&[("channel", "private-a"), ("message", "let me in")]);
    assert_eq!(refusal(keyless.header("X-Token", TOKEN)).await, (401, "wrong_key".to_owned()), "the key comes first");
    let publish = publish(&hub, "private-a", "the first").header("X-Token", TOKEN);
    publish.send().await.unwrap().error_for_status().unwrap();
    assert_eq!(listener.next_event().await.data, "the first");
}

#[tokio::test]
async fn a_message_arrives_as_the_hook_changed_it_and_so_does_history_keep_it() {
    let hub = example().await;
    let mut single = hub.subscribe(&["a"]).await;
    let mut several = hub.subscribe(&["a", "b"]).await;
    hub.publish(&["a"], "well done :-)").await;
    assert_eq!(single.next_event().await.data, "well done 🙂");
    assert_eq!(several.next_event().await.data, "well done 🙂");
    assert_eq!(hub.resume(&["a"], "0").await.next_event().await.data, "well done 🙂");
}

#[tokio::test]
async fn a_refused_message_reaches_nobody() {
    let hub = example().await;
    let mut listener = hub.subscribe(&["a"]).await;
    assert_eq!(refusal(publish(&hub, "a", "HELLO")).await, (422, "shouting".to_owned()));
    hub.publish(&["a"], "hello").await;
    assert_eq!(listener.next_event().await.data, "hello");
}

#[tokio::test]
async fn a_route_of_its_own_answers_beside_those_of_the_hub() {
    let hub = example().await;
    let rules: Value = hub.get("/rules").send().await.unwrap().json().await.unwrap();
    assert_eq!(rules, json!({ "private": "private-", "smileys": true, "shouting": false }));

    let page = hub.get("/").header("Accept", "text/html").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(hub.get("/healthz").send().await.unwrap().status(), 200);
    let _listener = hub.subscribe(&["a", "b"]).await;
    harness::eventually("the count", || hub.stats(), |stats| stats.get("b") == Some(&1)).await;
    assert_eq!(refusal(hub.get("/nowhere")).await, (404, "not_found".to_owned()));
}

#[test]
fn the_example_is_configured_as_the_hub_is() {
    let read = |path: &str| -> toml::Table { std::fs::read_to_string(root().join(path)).unwrap().parse().unwrap() };
    let (hub, example) = (read("wrangler.toml"), read("examples/hooks/wrangler.toml"));
    for section in ["compatibility_date", "durable_objects", "migrations"] {
        assert_eq!(example[section], hub[section], "{section}");
    }
    assert_eq!(example["assets"]["run_worker_first"], hub["assets"]["run_worker_first"]);
}
