//! Storage is given back: a channel with no listeners and nothing left in history deletes itself, and its ids never repeat.

use std::collections::BTreeMap;

use harness::{Hub, HubBuilder, Listener, eventually};
use serde_json::{Value, json};
use tokio::fs;

/// Channels whose history is over after a second.
fn forgetful() -> HubBuilder {
    Hub::builder().setting("HISTORY_SECONDS", 1)
}

/// What an object's database has that holds nothing: a page.
const EMPTY: u64 = 4096;

/// How many bytes the channels have stored, beyond an empty database for each. (The runtime keeps all alarms in
/// `metadata.sqlite`.)
async fn stored(hub: &Hub) -> u64 {
    let (mut files, mut bytes) = (fs::read_dir(hub.storage("Channel")).await.unwrap(), 0);
    while let Some(file) = files.next_entry().await.unwrap() {
        let is_metadata = file.file_name().to_string_lossy().starts_with("metadata.sqlite");
        let length = file.metadata().await.map_or(0, |file| file.len());
        bytes += if is_metadata || length == EMPTY { 0 } else { length };
    }
    bytes
}

async fn is_given_back(hub: &Hub, channel: &str) {
    are_given_back(hub, channel, 1).await;
}

/// Waits until a channel has given its storage back so many times.
async fn are_given_back(hub: &Hub, channel: &str, times: usize) {
    let line = format!("channel {channel} gives its storage back");
    eventually("a channel's storage", async || hub.log(), |log| log.matches(&line).count() >= times).await;
}

#[tokio::test]
async fn a_channel_that_nobody_uses_deletes_itself_and_begins_anew_with_higher_ids() {
    let hub = forgetful().start().await;
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(hub.publish(&["a"], &"x".repeat(10_000)).await["a"]);
    }
    assert!(stored(&hub).await > 500_000, "{}", stored(&hub).await);
    is_given_back(&hub, "a").await;
    eventually("empty databases", || stored(&hub), |bytes| *bytes == 0).await;

    // Who comes from before then is told, and gets what is there.
    let next = hub.publish(&["a"], "anew").await["a"];
    assert!(next > ids[49], "{next} after {}", ids[49]);
    let mut late = hub.resume(&["a"], &ids[49].to_string()).await;
    let (gap, message) = (late.next_event().await, late.next_event().await);
    assert_eq!((gap.event.as_str(), message.data.as_str()), ("sse.gap", "anew"));
    // And it goes on as any channel does.
    let last = hub.publish(&["a"], "2").await["a"];
    assert!(last > next);
    assert_eq!(late.next_event().await.data, "2");
}

#[tokio::test]
async fn who_was_there_before_the_first_message_and_comes_back_after_the_last_is_told_of_the_gap() {
    let hub = forgetful().start().await;
    let mut listeners = [hub.subscribe(&["a"]).await, hub.subscribe(&["a", "b"]).await];
    listeners.iter_mut().for_each(Listener::disconnect);
    hub.publish(&["a"], "missed").await;
    are_given_back(&hub, "a", 1).await;
    for listener in &mut listeners {
        listener.connect(&hub).await.unwrap();
        let gap = listener.next_event().await;
        assert_eq!((gap.event.as_str(), gap.last_event_id.contains('@')), ("sse.gap", true), "{gap:?}");
        listener.disconnect();
    }
    // And a second time, from where the gap left them.
    hub.publish(&["a"], "missed again").await;
    are_given_back(&hub, "a", 2).await;
    for listener in &mut listeners {
        listener.connect(&hub).await.unwrap();
        assert_eq!(listener.next_event().await.event, "sse.gap");
    }
}

#[tokio::test]
async fn who_asks_for_what_is_over_is_told_that_some_may_be_gone() {
    let hub = forgetful().start().await;
    let id = hub.publish(&["a"], "gone").await["a"];
    is_given_back(&hub, "a").await;
    for channels in [&["a"][..], &["a", "b"]] {
        let mut listener = Listener::new(channels).with("ago", "60000");
        listener.connect(&hub).await.unwrap();
        assert_eq!(listener.next_event().await.event, "sse.gap", "{channels:?}");
    }
    let history = |since: u64| hub.get(&format!("/history?channel=a&since={since}")).send();
    let gap = async |since| history(since).await.unwrap().json::<Value>().await.unwrap()["gap"].clone();
    assert_eq!((gap(id - 1).await, gap(0).await), (json!(true), json!(false)));
}

#[tokio::test]
async fn who_was_there_before_the_first_message_gets_it() {
    let hub = Hub::start().await;
    let mut listeners = [hub.subscribe(&["a"]).await, hub.subscribe(&["a", "b"]).await];
    assert!(listeners.iter().all(|listener| listener.last_event_id().contains("0@")), "{listeners:?}");
    listeners.iter_mut().for_each(Listener::disconnect);
    hub.publish(&["a"], "first").await;
    for mut listener in listeners {
        listener.connect(&hub).await.unwrap();
        let event = listener.next_event().await;
        assert_eq!((event.event.as_str(), event.data.as_str()), ("message", "first"));
    }
}

#[tokio::test]
async fn what_only_relays_left_behind_is_given_back_too() {
    let hub = forgetful().start().await;
    hub.subscribe(&["a", "b"]).await.disconnect();
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
    is_given_back(&hub, "a").await;
    is_given_back(&hub, "b").await;
    eventually("empty databases", || stored(&hub), |bytes| *bytes == 0).await;
}

#[tokio::test]
async fn a_channel_with_listeners_stays_and_they_miss_nothing() {
    let hub = forgetful().start().await;
    let mut single = hub.subscribe(&["a"]).await;
    let mut several = hub.subscribe(&["b", "c"]).await;
    for channel in ["a", "b"] {
        hub.publish(&[channel], "1").await;
    }
    assert_eq!((single.next_event().await.data, several.next_event().await.data), ("1".into(), "1".into()));
    // Another channel, used at the same time and left, shows that the time has passed.
    hub.publish(&["other"], "1").await;
    is_given_back(&hub, "other").await;
    for channel in ["a", "b"] {
        assert!(!hub.log().contains(&format!("channel {channel} gives")), "{channel}");
        hub.publish(&[channel], "2").await;
    }
    assert_eq!((single.next_event().await.data, several.next_event().await.data), ("2".into(), "2".into()));
}

#[tokio::test]
async fn a_listener_of_a_quiet_channel_that_is_away_for_a_moment_is_told_of_no_gap() {
    let hub = Hub::builder().setting("HISTORY_SECONDS", 4).start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    hub.publish(&["a"], "1").await;
    assert_eq!(listener.next_event().await.data, "1");
    // Its message is gone from history, and so is that of another channel, which nobody left lately.
    hub.publish(&["other"], "1").await;
    is_given_back(&hub, "other").await;
    listener.disconnect();
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
    listener.connect(&hub).await.unwrap();
    hub.publish(&["a"], "2").await;
    let event = listener.next_event().await;
    assert_eq!((event.event.as_str(), event.data.as_str()), ("message", "2"));
}
