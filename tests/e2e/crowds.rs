//! Crowds: legs chosen by size and message rate, relays that take over from a channel that is full and share what a place
//! listens to, and what a busy channel costs its listeners.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures::future::join_all;
use harness::{Clock, DEADLINE, Hub, Listener, eventually, legs, within};

/// How many relays a hub has woken.
fn relays(hub: &Hub) -> BTreeSet<String> {
    let log = hub.log();
    let woken = log.lines().filter_map(|line| line.strip_prefix("relay ")?.strip_suffix(" woke"));
    woken.map(str::to_owned).collect()
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn a_crowd_that_falls_quiet_gives_up_its_streams_and_misses_nothing() {
    let hub = Hub::builder().setting("LEGS", "auto").setting("STREAM_LISTENERS", 2);
    let hub = hub.setting("STREAM_MESSAGES_PER_MINUTE", 1).setting("STREAM_QUIET_SECONDS", 2).start().await;
    for channels in [&["a"][..], &["b", "c"]] {
        let channel = channels[0];
        let (mut first, mut quiet) = (hub.subscribe(channels).await, hub.subscribe(channels).await);
        hub.publish(&[channel], "0").await;
        assert_eq!(first.next_event().await.data, "0", "now the object knows that it is spoken to");
        assert_eq!(quiet.next_event().await.data, "0");
        let mut crowd = join_all((0..5).map(|_| hub.subscribe(channels))).await;
        hub.publish(&[channel], "1").await;
        for listener in &mut crowd {
            assert_eq!(listener.next_event().await.data, "1");
            // It was a stream that ends now. A socket would last.
            listener.ended(DEADLINE).await;
        }
        hub.publish(&[channel], "2").await;
        for listener in &mut crowd {
            listener.connect(&hub).await.unwrap();
            assert_eq!(listener.next_event().await.data, "2", "it has come back with its cursor");
        }
        for listener in [&mut first, &mut quiet] {
            assert_eq!(listener.next_data(2).await, ["1", "2"]);
            assert_eq!(listener.text().matches("retry:").count(), 1, "over one and the same connection");
        }
    }
}

#[tokio::test]
async fn streams_that_were_asked_for_do_not_end_when_it_is_quiet() {
    let hub = Hub::builder().setting("LEGS", "stream").setting("STREAM_QUIET_SECONDS", 1).start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    listener.read_until("four keep-alives", |text| text.matches(": sse ping").count() == 4).await;
    hub.publish(&["a"], "0").await;
    assert_eq!(listener.next_event().await.data, "0");
    assert_eq!(listener.text().matches("retry:").count(), 1, "over one and the same connection");
}

#[tokio::test]
async fn a_channel_that_is_full_hands_new_listeners_over_to_one_relay_after_another() {
    let hub = Hub::builder().setting("MAX_LISTENERS", 3).setting("RELAYS_PER_PLACE", 2).start().await;
    let mut listeners = Vec::new();
    for _ in 0..9 {
        listeners.push(hub.subscribe(&["a"]).await);
    }
    assert_eq!(hub.get("/?channels=a").send().await.unwrap().status(), 503);
    assert_eq!(relays(&hub), BTreeSet::from(["local-0".to_owned(), "local-1".to_owned()]));
    eventually("all to be counted", || hub.stats(), |stats| stats.get("a") == Some(&9)).await;
    for number in numbers(20) {
        hub.publish(&["a"], &number).await;
    }
    for listener in &mut listeners {
        assert_eq!(listener.next_data(20).await, numbers(20));
    }
    // Who comes back may be held by another object: its cursor is the same everywhere.
    let cursor = listeners[8].last_event_id().to_owned();
    drop(listeners);
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
    hub.publish(&["a"], "20").await;
    assert_eq!(hub.resume(&["a"], &cursor).await.next_event().await.data, "20");
}

#[tokio::test]
async fn the_relays_of_a_place_share_its_listeners() {
    let hub = Hub::builder().setting("RELAYS_PER_PLACE", 4).start().await;
    let sets: Vec<String> = (0..16).map(|number| format!("user-{number}")).collect();
    let mut listeners = Vec::new();
    for _ in 0..2 {
        for name in &sets {
            listeners.push((name, hub.subscribe(&["general", name]).await));
        }
    }
    assert_eq!(relays(&hub).len(), 4, "{:?}", relays(&hub));
    hub.publish(&["general"], "all").await;
    for name in &sets {
        hub.publish(&[name], name).await;
    }
    for (name, listener) in &mut listeners {
        let heard: BTreeSet<String> = listener.next_data(2).await.into_iter().collect();
        assert_eq!(heard, BTreeSet::from(["all".to_owned(), (*name).clone()]));
    }
}

#[tokio::test]
async fn a_busy_channel_reaches_each_of_many_once_and_in_order_whenever_they_come() {
    const MESSAGES: usize = 2_000;
    const AT_ONCE: usize = 16;
    for channels in [&["a"][..], &["a", "b"]] {
        let hub = Hub::builder().setting("STREAM_LISTENERS", 20).start().await;
        let early = join_all((0..60).map(|_| hub.subscribe(channels))).await;
        let publish = async {
            for first in (0..MESSAGES).step_by(AT_ONCE) {
                join_all((first..first + AT_ONCE).map(|number| {
                    let message = number.to_string();
                    let hub = &hub;
                    async move { hub.publish(&["a"], &message).await }
                }))
                .await;
            }
        };
        let late = async {
            // From the very first message, while more are on their way.
            let start = if channels.len() == 1 { "0" } else { "0.0" };
            let mut late = Vec::new();
            for _ in 0..30 {
                late.push(hub.resume(channels, start).await);
            }
            late
        };
        let ((), late) = tokio::join!(publish, late);
        let listeners = early.into_iter().chain(late);
        let heard = join_all(listeners.map(async |mut listener| all(&mut listener, MESSAGES).await));
        let heard = within(3 * DEADLINE, "all messages at all listeners", heard).await;
        // Those sent at the same time come in any order, which is the same for all.
        assert!(heard.iter().all(|one| *one == heard[0]), "all hear the same ({})", legs());
        assert_eq!(heard[0].iter().collect::<BTreeSet<_>>().len(), MESSAGES, "each once");
    }
}

#[tokio::test]
async fn a_crowd_is_delivered_to_while_its_clock_is_set_back() {
    const MESSAGES: usize = 100;
    let mut clock = Clock::default();
    // Fewer than a slice of a delivery, and several.
    for listeners in [10, 200] {
        let builder = Hub::builder().setting("LEGS", "stream").setting("KEEPALIVE_SECONDS", 1);
        let hub = clock.set_up(builder).start().await;
        let listeners = join_all((0..listeners).map(|_| hub.subscribe(&["a"]))).await;
        for number in 0..MESSAGES {
            if number % 30 == 10 {
                clock.step(-600);
            }
            hub.publish(&["a"], &number.to_string()).await;
        }
        // While the last is on its way.
        clock.step(-600);
        let heard = join_all(listeners.into_iter().map(async |mut listener| all(&mut listener, MESSAGES).await));
        let heard = within(DEADLINE, "all messages at all listeners", heard).await;
        assert!(heard.iter().all(|heard| *heard == numbers(MESSAGES)), "{heard:?}");
    }
}

#[tokio::test]
async fn what_was_to_come_while_a_clock_was_set_back_does_not_hold_up_what_comes_when_it_is_right_again() {
    let mut clock = Clock::default();
    let builder = Hub::builder().setting("LEGS", "stream").setting("KEEPALIVE_SECONDS", 1);
    let hub = clock.set_up(builder).start().await;
    let mut listeners = join_all((0..50).map(|_| hub.subscribe(&["a"]))).await;
    clock.step(-600);
    // Many ticks of the keep-alives' timer.
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < Duration::from_millis(500) {
        hub.publish(&["a"], &count.to_string()).await;
        count += 1;
    }
    clock.catch_up();
    hub.publish(&["a"], &count.to_string()).await;
    for listener in &mut listeners {
        assert_eq!(listener.next_data(count + 1).await, numbers(count + 1));
        let pings = |text: &str| text.matches(": sse ping").count();
        let before = pings(listener.text());
        listener.read_until("keep-alives", |text| pings(text) > before + 2).await;
    }
}

async fn all(listener: &mut Listener, count: usize) -> Vec<String> {
    let heard = listener.next_data(count).await;
    let more = tokio::time::timeout(Duration::from_millis(1), listener.next_event()).await;
    assert!(more.is_err(), "nothing comes twice: {more:?}");
    heard
}
