//! Invariant 2: a 2xx from `/publish` means that the message is durable in every named channel; a failure says which
//! channels lack it.

use std::collections::BTreeMap;

use harness::{Hub, eventually};
use serde_json::{Value, json};
use tokio::fs;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let mut hub = Hub::start().await;
    for round in 0..10 {
        let names = [format!("a{round}"), format!("b{round}")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        hub.publish(&names, "durable").await;
        hub.kill().await;
        hub.restart().await;
        for name in names {
            let mut listener = hub.resume(&[name], "0").await;
            assert_eq!(listener.next_event().await.data, "durable", "{name}");
        }
    }
}

/// A hub in which the storage of the channel `broken` cannot be read.
async fn hub_with_a_broken_channel() -> Hub {
    let mut hub = Hub::start().await;
    hub.publish(&["broken"], "1").await;
    hub.kill().await;
    // The only channel so far is the only one with files: its storage becomes unreadable. (`metadata.sqlite` is where the
    // runtime keeps all alarms.)
    let mut files = fs::read_dir(hub.storage("Channel")).await.unwrap();
    while let Some(file) = files.next_entry().await.unwrap() {
        if !file.file_name().to_string_lossy().starts_with("metadata.sqlite") {
            fs::write(file.path(), vec![b'#'; 8192]).await.unwrap();
        }
    }
    hub.restart().await;
    hub
}

#[tokio::test]
async fn a_failure_names_the_channels_that_lack_the_message() {
    let hub = hub_with_a_broken_channel().await;
    let mut listener = hub.subscribe(&["whole"]).await;
    let response = hub.try_publish(&["broken", "whole"], "2").await.unwrap();
    assert_eq!(response.status(), 503);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["error"]["failed"], json!({ "broken": "unavailable" }), "{answer}");
    let event = listener.next_event().await;
    assert_eq!(event.data, "2");
    assert_eq!(answer["error"]["ids"]["whole"].to_string(), event.last_event_id);
}

#[tokio::test]
async fn a_listener_that_cannot_be_served_is_told_to_come_back() {
    let hub = hub_with_a_broken_channel().await;
    for query in ["channels=broken", "channels=broken&channels=whole"] {
        // Any status but 200 would end an EventSource for good.
        let answer = hub.get(&format!("/?{query}")).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"].to_str().unwrap()[..17]),
            (200, "text/event-stream")
        );
        let text = answer.text().await.unwrap();
        assert!(text.starts_with("retry: ") && text.matches('\n').count() == 2, "{query}: {text:?}");
        let answer = hub.get(&format!("/?{query}&transport=longpoll")).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{query}");
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "unavailable");
    }
}

#[tokio::test]
async fn a_relay_that_cannot_follow_one_channel_goes_on_with_the_others() {
    let hub = hub_with_a_broken_channel().await;
    let mut before = hub.subscribe(&["whole", "other"]).await;
    hub.get("/?channels=broken&channels=whole&channels=lone").send().await.unwrap().text().await.unwrap();
    let mut after = hub.subscribe(&["whole", "lone"]).await;
    for (number, channel) in ["whole", "lone", "other", "whole"].into_iter().enumerate() {
        hub.publish(&[channel], &format!("{number} {channel}")).await;
    }
    let of = |channel: &str, data: &[String]| {
        data.iter().filter(|data| data.ends_with(channel)).cloned().collect::<Vec<_>>()
    };
    let (before, after) = (before.next_data(3).await, after.next_data(3).await);
    assert_eq!(
        (of("whole", &before), of("other", &before)),
        (vec!["0 whole".into(), "3 whole".into()], vec!["2 other".into()])
    );
    assert_eq!(
        (of("whole", &after), of("lone", &after)),
        (vec!["0 whole".into(), "3 whole".into()], vec!["1 lone".into()])
    );
}

#[tokio::test]
async fn a_name_that_is_only_asked_for_leaves_nothing_behind() {
    let hub = Hub::start().await;
    hub.publish(&["written"], "1").await;
    hub.subscribe(&["asked"]).await.disconnect();
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
    let (mut files, mut written) = (fs::read_dir(hub.storage("Channel")).await.unwrap(), 0);
    while let Some(file) = files.next_entry().await.unwrap() {
        // What is written goes to the write-ahead log first.
        let name = file.file_name().into_string().unwrap();
        let is_log = name.ends_with(".sqlite-wal") && !name.starts_with("metadata.");
        written += usize::from(is_log && file.metadata().await.unwrap().len() > 0);
    }
    assert_eq!(written, 1, "only the channel that was published to has written anything");
}
