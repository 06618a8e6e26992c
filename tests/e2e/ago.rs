//! A listener without a position says how long ago it asked first, and gets what was published since.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::{Hub, Listener, eventually};
use serde_json::{Value, json};

use crate::long_poll::poll;

const AN_HOUR: &str = "3600000";

/// A new listener that begins so many milliseconds ago, connected.
async fn begin(hub: &Hub, channels: &[&str], ms: &str) -> Listener {
    let mut listener = Listener::new(channels).with("ago", ms);
    listener.connect(hub).await.unwrap();
    listener
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

/// Waits until the clock has passed the time of a message by so much.
async fn passes(id: u64, ms: u64) {
    eventually("time to pass", async || now_ms(), |now| *now > id + ms).await;
}

#[tokio::test]
async fn a_listener_begins_as_long_ago_as_it_says() {
    for channels in [&["a"][..], &["a", "b"]] {
        let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 30).start().await;
        let old = hub.publish(&["a"], "old").await["a"];
        passes(old, 3_000).await;
        hub.publish(&["a"], "new").await;
        // Half a second after the old message and long before the new one, so that no delay of the test matters.
        let since = || (now_ms() - old - 500).to_string();
        let query = format!("/?channels={}&ago={}", channels.join(","), since());
        let (_, events, cursor) = poll(&hub, &query, "").await;
        assert_eq!(events.iter().map(|event| event.data.as_str()).collect::<Vec<_>>(), ["new"], "{channels:?}");
        let mut polled = hub.resume(channels, &cursor).await;
        // A relay that follows the channels already knows no more of their history than one that does not.
        let mut one = begin(&hub, channels, &since()).await;
        let mut other = begin(&hub, channels, &since()).await;
        for listener in [&mut one, &mut other] {
            assert_eq!(listener.next_event().await.data, "new", "{channels:?}");
        }
        hub.publish(&["a"], "live").await;
        for listener in [&mut polled, &mut one, &mut other] {
            assert_eq!(listener.next_event().await.data, "live", "{channels:?}");
        }
    }
}

#[tokio::test]
async fn a_first_answer_that_was_held_back_costs_a_listener_nothing() {
    for query in ["/?channels=a", "/?channels=a&channels=b"] {
        let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 300).start().await;
        let _unread = hub.get(query).send().await.unwrap();
        hub.publish(&["a"], "missed").await;
        let (_, events, cursor) = poll(&hub, &format!("{query}&greeting=event&ago=60000"), "").await;
        assert_eq!((events.len(), events[0].event.as_str()), (1, "sse.hello"));
        hub.publish(&["a"], "between").await;
        let (_, events, _) = poll(&hub, query, &cursor).await;
        assert_eq!(events.iter().map(|event| event.data.as_str()).collect::<Vec<_>>(), ["missed", "between"]);
    }
}

#[tokio::test]
async fn a_channel_that_is_younger_than_that_has_no_gap() {
    for channels in [&["a"][..], &["a", "b"]] {
        let hub = Hub::start().await;
        let from_the_start = format!("{}@", vec!["0"; channels.len()].join("."));
        let mut blank = begin(&hub, channels, AN_HOUR).await;
        assert!(blank.last_event_id().starts_with(&from_the_start), "{blank:?}");
        hub.publish(&["a"], "1").await;
        let mut young = begin(&hub, channels, AN_HOUR).await;
        for listener in [&mut blank, &mut young] {
            let event = listener.next_event().await;
            assert_eq!((event.event.as_str(), event.data.as_str()), ("message", "1"), "{channels:?}");
        }
        // The cursor of the greeting, which is all that a listener may have got, leads to no gap either.
        let (_, _, cursor) =
            poll(&hub, &format!("/?channels={}&greeting=event&ago={AN_HOUR}", channels.join(",")), "").await;
        assert!(cursor.starts_with(&from_the_start), "{cursor}");
        assert_eq!(hub.resume(channels, &cursor).await.next_event().await.data, "1");
    }
}

#[tokio::test]
async fn who_begins_after_the_last_message_gets_nothing_from_before_and_can_resume() {
    for channels in [&["a"][..], &["a", "b"]] {
        let hub = Hub::start().await;
        let id = hub.publish(&["a"], "before").await["a"];
        passes(id, 1).await;
        let mut listener = begin(&hub, channels, "0").await;
        assert_eq!(
            listener.last_event_id().split('.').next().unwrap(),
            id.to_string(),
            "the head, and no time after it"
        );
        listener.disconnect();
        hub.publish(&["a"], "while away").await;
        let mut listener = hub.resume(channels, listener.last_event_id()).await;
        assert_eq!(listener.next_event().await.data, "while away");
    }
}

#[tokio::test]
async fn what_is_gone_since_then_is_told_of_and_what_is_left_follows() {
    let hub = Hub::builder().setting("HISTORY_MESSAGES", 10).start().await;
    for number in 1..=30 {
        hub.publish(&["a"], &number.to_string()).await;
    }
    for channels in [&["a"][..], &["a", "b"]] {
        let mut listener = begin(&hub, channels, AN_HOUR).await;
        let gap = listener.next_event().await;
        assert_eq!(gap.event, "sse.gap", "{channels:?}");
        assert_eq!(serde_json::from_str::<Value>(&gap.data).unwrap(), json!({ "channels": ["a"] }));
        let left: Vec<usize> = listener.next_data(10).await.iter().map(|number| number.parse().unwrap()).collect();
        assert!(left.last() == Some(&30) && left.is_sorted(), "{left:?}");
    }
}

#[tokio::test]
async fn it_is_for_channels_in_which_the_listener_has_no_position() {
    for (channels, cursor_of, missed) in [
        (&["a"][..], "A", &[][..]),
        (&["a"], "-", &["a1"]),
        (&["a"], "no cursor", &["a1"]),
        (&["a", "b"], "A.B", &[]),
        (&["a", "b"], "A.-", &["b1"]),
        (&["a", "b"], "0:-.B", &["a1"]),
        (&["a", "b", "c"], "-.-.-", &["a1", "b1"]),
    ] {
        let hub = Hub::start().await;
        let [a, b] = [hub.publish(&["a"], "a1").await["a"], hub.publish(&["b"], "b1").await["b"]];
        let cursor = cursor_of.replace('A', &a.to_string()).replace('B', &b.to_string());
        let mut listener = Listener::new(channels).with("ago", AN_HOUR);
        listener.resume_from(&cursor);
        listener.connect(&hub).await.unwrap();
        hub.publish(&["a"], "a2").await;
        let mut data = listener.next_data(missed.len() + 1).await;
        // Order holds within a channel, not between channels.
        data.sort_by_key(|data| (data == "a2", data.clone()));
        assert_eq!(data, [missed, &["a2"]].concat(), "{cursor}");
    }
}
