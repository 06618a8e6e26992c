//! Invariant 1: per channel, every listener sees messages in publish order, each exactly once, through any number of
//! reconnects and restarts, as long as history reaches back; otherwise it sees `sse.gap`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use cyclone_edge_protocol::ReceivedEvent;
use futures::future::join_all;
use harness::{DEADLINE, Hub, KEY, Listener, eventually, within};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::fs;

/// Cursors of a listener that was there before the first message.
fn from_the_start(channels: &[&str]) -> String {
    vec!["0"; channels.len()].join(".")
}

/// Listens until each channel has brought its message number `last`, and breaks the connection after every few events.
async fn listen_with_breaks(hub: &Hub, channels: &[&str], last: usize) -> BTreeMap<String, Vec<usize>> {
    let mut listener = Listener::new(channels);
    listener.resume_from(&from_the_start(channels));
    let mut seen: BTreeMap<String, Vec<usize>> =
        channels.iter().map(|channel| ((*channel).to_owned(), Vec::new())).collect();
    let mut connections: usize = 0;
    while seen.values().any(|numbers| numbers.last() != Some(&last)) {
        // A hub that is being restarted refuses connections: come again.
        if listener.connect(hub).await.is_err() {
            tokio::task::yield_now().await;
            continue;
        }
        connections += 1;
        for _ in 0..connections % 37 {
            let Some(event) = within(DEADLINE, "an event", listener.next()).await else { break };
            let (channel, number) = event.data.split_once(' ').unwrap_or_else(|| panic!("{event:?}"));
            seen.get_mut(channel).unwrap().push(number.parse().unwrap());
            if seen.values().all(|numbers| numbers.last() == Some(&last)) {
                break;
            }
        }
        listener.disconnect();
    }
    assert!(connections > 10, "the connection was broken only {connections} times");
    seen
}

#[tokio::test]
async fn a_listener_that_is_cut_again_and_again_sees_1_to_1000_once_each_in_order() {
    let count = 1_000;
    for channels in [&["a"][..], &["a", "b", "c"][..]] {
        let hub = Hub::start().await;
        let publish = async {
            for number in 1..=count {
                for channel in channels {
                    hub.publish(&[channel], &format!("{channel} {number}")).await;
                }
            }
        };
        let (_, seen) = tokio::join!(publish, listen_with_breaks(&hub, channels, count));
        for channel in channels {
            assert_eq!(seen[*channel], (1..=count).collect::<Vec<_>>(), "{channel} of {channels:?}");
        }
    }
}

#[tokio::test]
async fn a_hub_killed_and_restarted_while_it_is_published_to_loses_and_doubles_nothing() {
    for channels in [&["a"][..], &["a", "b", "c"][..]] {
        let mut hub = Hub::start().await;
        let mut listener = hub.subscribe(channels).await;
        let mut acknowledged: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut seen: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for round in 0..4 {
            for number in round * 50..(round + 1) * 50 {
                for channel in channels {
                    hub.publish(&[channel], &format!("{channel} {number}")).await;
                    acknowledged.entry(channel).or_default().push(number);
                }
                // Half of the rounds leave what was delivered unread, so that the kill takes it along.
                if round % 2 == 0 {
                    read_one(&mut listener, &mut seen).await;
                }
            }
            hub.kill().await;
            while read_one(&mut listener, &mut seen).await {}
            hub.restart().await;
            listener.connect(&hub).await.unwrap();
        }
        while channels.iter().any(|channel| seen.get(*channel).and_then(|seen| seen.last()) != Some(&199)) {
            assert!(read_one(&mut listener, &mut seen).await, "{seen:?}");
        }
        for channel in channels {
            assert_eq!(seen[*channel], acknowledged[channel], "{channel} of {channels:?}");
        }
    }
}

#[tokio::test]
async fn what_is_in_flight_when_the_hub_is_killed_arrives_once_if_it_was_acknowledged() {
    for channels in [&["a"][..], &["a", "b", "c"][..]] {
        let mut hub = Hub::start().await;
        let mut listener = hub.subscribe(channels).await;
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let publishers = channels.iter().map(|channel| {
            let (publish, acknowledged) = (hub.post("/publish").bearer_auth(KEY), acknowledged.clone());
            publish_until_acknowledged(publish, channel, 300, acknowledged)
        });
        let publishers = join_all(publishers);
        let count = async || acknowledged.lock().unwrap().len();
        let mut seen: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let kills = async {
            for kill in 1..=4 {
                eventually("more to be acknowledged", count, |count| *count >= kill * 40 * channels.len()).await;
                hub.kill().await;
                hub.restart().await;
                while let Some(event) = within(DEADLINE, "an event", listener.next()).await {
                    see(&mut seen, channels, &event);
                }
                listener.connect(&hub).await.unwrap();
            }
        };
        tokio::join!(kills, publishers);
        let acknowledged = acknowledged.lock().unwrap().clone();
        let is_missing = |seen: &BTreeMap<String, Vec<u64>>| {
            acknowledged.iter().any(|(channel, id)| !seen.get(channel).is_some_and(|ids| ids.contains(id)))
        };
        while is_missing(&seen) {
            see(&mut seen, channels, &listener.next_event().await);
        }
        for ids in seen.values() {
            assert!(ids.is_sorted_by(|one, next| one < next), "in order and once: {ids:?}");
        }
    }
}

/// Publishes so many messages, each again and again until the hub says that it has it.
async fn publish_until_acknowledged(
    publish: RequestBuilder,
    channel: &str,
    count: usize,
    acknowledged: Arc<Mutex<Vec<(String, u64)>>>,
) {
    for number in 0..count {
        let body = json!({ "channel": channel, "message": number });
        let id = eventually(
            "an acknowledgement",
            async || {
                let answer = publish.try_clone().unwrap().json(&body).send().await.ok()?.error_for_status().ok()?;
                answer.json::<Value>().await.ok()?["ids"][channel].as_u64()
            },
            Option::is_some,
        );
        let id = id.await.unwrap();
        acknowledged.lock().unwrap().push((channel.to_owned(), id));
    }
}

/// Notes the id of an event in its channel.
fn see(seen: &mut BTreeMap<String, Vec<u64>>, channels: &[&str], event: &ReceivedEvent) {
    assert_eq!(event.event, "message", "{event:?}");
    let (source, positions) = event.last_event_id.split_once(':').unwrap_or(("0", &event.last_event_id));
    let source: usize = source.parse().unwrap();
    let id = positions.split('.').nth(source).unwrap().parse().unwrap();
    seen.entry(channels[source].to_owned()).or_default().push(id);
}

/// Reads an event of the form `channel number`; `false` when the connection has ended.
async fn read_one(listener: &mut Listener, seen: &mut BTreeMap<String, Vec<usize>>) -> bool {
    let Some(event) = within(DEADLINE, "an event", listener.next()).await else { return false };
    let (channel, number) = event.data.split_once(' ').unwrap_or_else(|| panic!("{event:?}"));
    seen.entry(channel.to_owned()).or_default().push(number.parse().unwrap());
    true
}

#[tokio::test]
async fn a_listener_cut_before_its_first_message_resumes_too() {
    for channels in [&["a"][..], &["a", "b"][..]] {
        let hub = Hub::start().await;
        hub.publish(&["a"], "before").await;
        let mut listener = hub.subscribe(channels).await;
        listener.disconnect();
        hub.publish(&["a"], "while away").await;
        listener.connect(&hub).await.unwrap();
        assert_eq!(listener.next_event().await.data, "while away");
    }
}

#[tokio::test]
async fn a_new_listener_gets_nothing_from_before() {
    for channels in [&["a"][..], &["a", "b"][..]] {
        let mut hub = Hub::start().await;
        hub.publish(&["a"], "before").await;
        drop(hub.subscribe(channels).await);
        hub.publish(&["a"], "before the restart").await;
        hub.kill().await;
        hub.restart().await;
        hub.publish(&["a"], "after the restart").await;
        let mut listener = hub.subscribe(channels).await;
        hub.publish(&["a"], "after").await;
        assert_eq!(listener.next_event().await.data, "after");
    }
}

#[tokio::test]
async fn a_cursor_that_is_none_is_treated_as_none() {
    let hub = Hub::start().await;
    let id = hub.publish(&["a"], "before").await["a"];
    for cursor in ["x", "-1", "1.2", "99999999999999999999", &"9".repeat(5_000), "ä", "%00", "0:0"] {
        let mut response = hub.get("/?channels=a").query(&[("lastEventId", cursor)]).send().await.unwrap();
        assert_eq!(response.status(), 200, "{cursor}");
        let greeting = String::from_utf8(response.chunk().await.unwrap().unwrap().to_vec()).unwrap();
        assert!(greeting.ends_with(&format!("\nid: {id}\n\n")), "{cursor}: {greeting:?}");
    }
}

#[tokio::test]
async fn who_comes_too_late_for_history_is_told_so_and_gets_what_is_left() {
    let mut hub = Hub::builder().setting("HISTORY_MESSAGES", 10).start().await;
    let first = hub.publish(&["a"], "1").await["a"];
    let other = hub.publish(&["b"], "b").await["b"];
    for number in 2..=30 {
        hub.publish(&["a"], &number.to_string()).await;
    }
    let (of_one, of_two) = (first.to_string(), format!("{first}.{other}"));
    for (restart, channels, cursor) in [
        (false, &["a"][..], &of_one),
        (false, &["a", "b"], &of_two),
        (true, &["a"], &of_one),
        (false, &["a", "b"], &of_two),
    ] {
        if restart {
            hub.kill().await;
            hub.restart().await;
        }
        let mut listener = hub.resume(channels, cursor).await;
        let gap = listener.next_event().await;
        assert_eq!(gap.event, "sse.gap");
        assert_eq!(serde_json::from_str::<Value>(&gap.data).unwrap(), json!({ "channels": ["a"] }));
        let left = listener.next_data(10).await;
        assert_eq!(left.last().unwrap(), "30");
        let numbers: Vec<usize> = left.iter().map(|number| number.parse().unwrap()).collect();
        assert!(numbers.is_sorted() && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        // The gap's own cursor leads to the same place without another gap.
        let mut again = hub.resume(channels, &gap.last_event_id).await;
        assert_eq!(again.next_data(10).await, left);
    }
}

#[tokio::test]
async fn history_is_trimmed_by_age_too() {
    let mut hub = Hub::builder().setting("HISTORY_SECONDS", 1).start().await;
    let first = hub.publish(&["a"], "1").await["a"];
    hub.publish(&["a"], "2").await;
    let resumed = async || {
        let mut listener = hub.resume(&["a"], &first.to_string()).await;
        listener.next_event().await.event
    };
    eventually("history to be trimmed", resumed, |event| event == "sse.gap").await;
    hub.kill().await;
    hub.restart().await;
    let mut listener = hub.resume(&["a"], &first.to_string()).await;
    assert_eq!(listener.next_event().await.event, "sse.gap");
    hub.publish(&["a"], "3").await;
    assert_eq!(listener.next_event().await.data, "3");
}

#[tokio::test]
async fn a_cursor_from_a_history_that_was_wiped_gets_a_gap_and_ids_do_not_repeat() {
    for channels in [&["a"][..], &["a", "b"][..]] {
        let mut hub = Hub::start().await;
        let mut listener = hub.subscribe(channels).await;
        let id = hub.publish(&["a"], "1").await["a"];
        listener.next_event().await;
        hub.kill().await;
        for class in ["Channel", "Relay", "Directory"] {
            let _ = fs::remove_dir_all(hub.storage(class)).await;
        }
        hub.restart().await;
        let next = hub.publish(&["a"], "2").await["a"];
        assert!(next > id);
        listener.connect(&hub).await.unwrap();
        assert_eq!(listener.next_event().await.event, "sse.gap", "{channels:?}");
        assert_eq!(listener.next_event().await.data, "2");
    }
}

#[tokio::test]
async fn much_history_is_replayed_in_pieces_while_more_is_published() {
    for channels in [&["a"][..], &["a", "b"][..]] {
        let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 30).start().await;
        let padding = "x".repeat(8 * 1024);
        let (stored, live) = (500, 100);
        for number in 1..=stored {
            hub.publish(&["a"], &format!("{number} {padding}")).await;
        }
        let mut listener = hub.resume(channels, &from_the_start(channels)).await;
        let publish = async {
            for number in stored + 1..=stored + live {
                hub.publish(&["a"], &format!("{number} {padding}")).await;
            }
        };
        let (_, data) = tokio::join!(publish, listener.next_data(stored + live));
        let numbers: Vec<usize> = data.iter().map(|data| data.split_once(' ').unwrap().0.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=stored + live).collect::<Vec<_>>(), "{channels:?}");
    }
}
