//! Invariant 3: an object with only silent listeners is evicted, and they still get the next message.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use harness::{DEADLINE, Hub, HubBuilder, Listener, eventually, legs};
use tokio::time::sleep;

/// How long the runtime keeps a silent object; a test of silence can only wait for it to pass.
const SILENCE: Duration = Duration::from_secs(12);

/// A hub with one relay. A stream keeps its object awake: where all legs are to be streams, those chosen by themselves are
/// looked at here.
fn hub() -> HubBuilder {
    let legs = if legs() == "stream" { "auto".to_owned() } else { legs() };
    Hub::builder().setting("LEGS", legs).setting("RELAYS_PER_PLACE", 1)
}

/// How often an object, or one of a kind, was constructed.
fn wakes(hub: &Hub, object: &str) -> usize {
    hub.log().lines().filter(|line| line.starts_with(object) && line.ends_with(" woke")).count()
}

/// Publishes after ever longer silences, until the log shows that the object was evicted in one of them. Returns the
/// ids.
async fn publish_over_an_eviction(hub: &Hub, object: &str, listener: &mut Listener) -> Vec<u64> {
    let mut ids = vec![hub.publish(&["a"], "0").await["a"]];
    assert_eq!(listener.next_event().await.data, "0");
    let before = wakes(hub, object);
    for round in 1..=4 {
        sleep(SILENCE * round).await;
        ids.push(hub.publish(&["a"], &round.to_string()).await["a"]);
        assert_eq!(listener.next_event().await.data, round.to_string(), "delivered, whether evicted or not");
        if wakes(hub, object) > before {
            hub.publish(&["a"], "end").await;
            assert_eq!(listener.next_event().await.data, "end");
            return ids;
        }
    }
    panic!("{object} was never evicted: {}", hub.log());
}

#[tokio::test]
async fn an_idle_channel_is_evicted_and_its_listeners_get_the_next_message() {
    let hub = hub().start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    let ids = publish_over_an_eviction(&hub, "channel a", &mut listener).await;
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    assert_eq!(listener.text().matches("retry:").count(), 1, "over one and the same connection");
    // Who comes back with a cursor from before the eviction gets what came after.
    let mut late = hub.resume(&["a"], &ids[0].to_string()).await;
    assert_eq!(late.next_event().await.last_event_id, ids[1].to_string());
}

#[tokio::test]
async fn an_idle_relay_is_evicted_and_its_listeners_get_the_next_message() {
    let hub = hub().start().await;
    let mut listener = hub.subscribe(&["a", "b"]).await;
    publish_over_an_eviction(&hub, "relay local-0", &mut listener).await;
    assert_eq!(listener.text().matches("retry:").count(), 1, "over one and the same connection");
    // The cursor of the channel that was silent all the while is whole too.
    let cursor = listener.last_event_id().to_owned();
    hub.publish(&["b"], "b").await;
    assert_eq!(hub.resume(&["a", "b"], &cursor).await.next_event().await.data, "b");
}

#[tokio::test]
async fn a_crowd_that_falls_quiet_gets_sockets_however_much_was_said_before() {
    let hub = Hub::builder().setting("LEGS", "auto").setting("STREAM_LISTENERS", 2).setting("KEEPALIVE_SECONDS", 1);
    let hub = hub.setting("STREAM_MESSAGES_PER_MINUTE", 1).setting("STREAM_QUIET_SECONDS", 2).start().await;
    let _before_the_crowd = [hub.subscribe(&["a"]).await, hub.subscribe(&["a"]).await];
    for number in 0..100 {
        hub.publish(&["a"], &number.to_string()).await;
    }
    let mut crowd = join_all((0..5).map(|_| hub.subscribe(&["a"]))).await;
    for listener in &mut crowd {
        listener.ended(DEADLINE).await;
    }
    for listener in &mut crowd {
        listener.connect(&hub).await.unwrap();
    }
    publish_over_an_eviction(&hub, "channel a", &mut crowd[0]).await;
    for listener in &mut crowd {
        listener
            .read_until("the end, over the connection that it came back with", |text| text.contains("data: end"))
            .await;
    }
}

#[tokio::test]
async fn a_listener_in_the_middle_of_its_replay_does_not_keep_its_channel_awake() {
    let hub = hub().setting("KEEPALIVE_SECONDS", 300).start().await;
    let padding = "x".repeat(60 * 1024);
    for number in 1..=100 {
        hub.publish(&["a"], &format!("{number} {padding}")).await;
    }
    // It reads nothing, so its pipe does not ask for more.
    let mut listener = hub.resume(&["a"], "0").await;
    let woken = wakes(&hub, "channel a");
    sleep(SILENCE).await;
    let data = listener.next_data(100).await;
    let numbers: Vec<usize> = data.iter().map(|data| data.split_once(' ').unwrap().0.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
    assert!(wakes(&hub, "channel a") > woken, "it was evicted in the middle: {}", hub.log());
    hub.publish(&["a"], "live").await;
    assert_eq!(listener.next_event().await.data, "live");
}

#[tokio::test]
async fn a_relay_that_nobody_listens_through_is_left_to_sleep() {
    let hub = hub().start().await;
    hub.subscribe(&["a", "b"]).await.disconnect();
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
    sleep(SILENCE).await;
    let woken = wakes(&hub, "relay");
    for number in 0..10 {
        hub.publish(&["a"], &number.to_string()).await;
    }
    assert_eq!(wakes(&hub, "relay"), woken, "it was unfollowed: {}", hub.log());
    hub.subscribe(&["b", "c"]).await.disconnect();
    assert_eq!(wakes(&hub, "relay"), woken + 1, "it had been evicted: {}", hub.log());
}

#[tokio::test]
async fn what_a_channel_has_to_do_later_is_not_put_off_by_evictions() {
    let hub = hub().setting("HISTORY_SECONDS", 15).start().await;
    // A channel that a relay follows sets its alarm 30 s ahead at each publish, for trimming among other things.
    let mut listener = hub.subscribe(&["a", "b"]).await;
    let woken = wakes(&hub, "channel a");
    for number in 0..4 {
        hub.publish(&["a"], &number.to_string()).await;
        assert_eq!(listener.next_event().await.data, number.to_string());
        sleep(SILENCE).await;
    }
    assert!(wakes(&hub, "channel a") > woken + 1, "it was evicted more than once: {}", hub.log());
    let first = hub.resume(&["a"], "0").await.next_event().await;
    assert_eq!(first.event, "sse.gap", "the oldest were trimmed meanwhile: {first:?}");
}
