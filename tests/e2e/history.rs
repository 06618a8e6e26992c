//! `GET /history`: late readers get what a channel keeps, page by page.

use harness::Hub;
use serde_json::{Value, json};

/// The answer to a query.
async fn history(hub: &Hub, query: &str) -> Value {
    let response = hub.get(&format!("/history?{query}")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.json().await.unwrap()
}

/// The messages of an answer.
fn messages(answer: &Value) -> Vec<&str> {
    answer["messages"].as_array().unwrap().iter().map(|message| message["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_message_is_listed_as_it_was_published() {
    let hub = Hub::start().await;
    let first = hub.publish(&["a b"], "line\nline").await["a b"];
    let fields = json!({ "key": harness::KEY, "channel": "a b", "event": "price", "message": { "n": 1 } });
    let answer: Value = hub.post("/publish").json(&fields).send().await.unwrap().json().await.unwrap();
    let second = &answer["ids"]["a b"];
    let expected = json!({
        "channel": "a b",
        "messages": [
            { "id": first, "message": "line\nline" },
            { "id": second, "event": "price", "message": "{\"n\":1}" },
        ],
        "gap": false,
        "more": false,
        "head": second,
    });
    assert_eq!(history(&hub, "channel=a+b").await, expected);
    assert_eq!(history(&hub, "channel=a%20b&since=0").await, expected);
}

#[tokio::test]
async fn a_reader_goes_through_history_page_by_page_and_then_listens() {
    let hub = Hub::start().await;
    let mut ids = Vec::new();
    for number in 0..25 {
        ids.push(hub.publish(&["a"], &number.to_string()).await["a"]);
    }
    let (mut since, mut seen) = (0, Vec::new());
    loop {
        let page = history(&hub, &format!("channel=a&since={since}&limit=10")).await;
        let page_messages = page["messages"].as_array().unwrap();
        assert!((1..=10).contains(&page_messages.len()), "{page}");
        seen.extend(messages(&page).into_iter().map(str::to_owned));
        since = page_messages.last().unwrap()["id"].as_u64().unwrap();
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen, (0..25).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(since, ids[24]);
    let mut listener = hub.resume(&["a"], &since.to_string()).await;
    hub.publish(&["a"], "live").await;
    assert_eq!(listener.next_event().await.data, "live");

    let last = history(&hub, "channel=a&limit=3").await;
    assert_eq!(
        (messages(&last), &last["gap"], &last["more"]),
        (vec!["23", "24", "live"], &json!(false), &json!(false))
    );
    // An id is a time: `since` can be one too.
    let later = history(&hub, &format!("channel=a&since={}", ids[24] - 1)).await;
    assert_eq!(messages(&later).last(), Some(&"live"));
    let before = history(&hub, &format!("channel=a&since={}", ids[0] - 10_000)).await;
    assert_eq!((messages(&before).len(), &before["gap"]), (26, &json!(false)));
    let after = history(&hub, &format!("channel=a&since={}", ids[24] + 3_600_000)).await;
    assert_eq!((messages(&after).len(), &after["gap"], &after["more"]), (0, &json!(false), &json!(false)));
}

#[tokio::test]
async fn what_is_gone_is_said_to_be_gone() {
    let hub = Hub::builder().setting("HISTORY_MESSAGES", 2).start().await;
    let first = hub.publish(&["a"], "0").await["a"];
    for number in 1..5 {
        hub.publish(&["a"], &number.to_string()).await;
    }
    let since_first = history(&hub, &format!("channel=a&since={first}")).await;
    assert_eq!((messages(&since_first), &since_first["gap"]), (vec!["3", "4"], &json!(true)));
    let last = history(&hub, "channel=a").await;
    assert_eq!((messages(&last), &last["gap"]), (vec!["3", "4"], &json!(false)), "the last ones are the last ones");
}

#[tokio::test]
async fn large_messages_come_a_few_at_a_time_and_at_least_one() {
    let hub = Hub::builder().setting("MAX_MESSAGE_BYTES", 1_048_576).start().await;
    let large = "x".repeat(700_000);
    for _ in 0..3 {
        hub.publish(&["a"], &large).await;
    }
    let page = history(&hub, "channel=a&since=0").await;
    assert_eq!((messages(&page).len(), &page["more"]), (1, &json!(true)));
    let mut count = 1;
    let mut since = page["messages"][0]["id"].clone();
    while count < 3 {
        let next = history(&hub, &format!("channel=a&since={since}")).await;
        assert_eq!(messages(&next), [large.as_str()]);
        since = next["messages"][0]["id"].clone();
        count += 1;
        assert_eq!(next["more"], count < 3);
    }
}

#[tokio::test]
async fn a_channel_that_nobody_published_to_has_an_empty_history() {
    let hub = Hub::start().await;
    let nothing = json!({ "channel": "a", "messages": [], "gap": false, "more": false, "head": 0 });
    assert_eq!(history(&hub, "channel=a&since=0&limit=1").await, nothing);
    assert_eq!(history(&hub, "channel=a").await, nothing);
}
