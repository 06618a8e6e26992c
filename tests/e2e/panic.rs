//! Invariant 6: a request that panics takes no other listener down.
//!
//! A panic ends the WebAssembly instance that all objects and requests of the isolate share, so whoever listens to
//! anything is concerned. The worker is `tests/panic`, whose hooks panic when they are asked to.

use std::future::Future;

use futures::future::join_all;
use harness::{DEADLINE, Hub, Listener, eventually, legs, within};
use reqwest::{Error, Response};

/// With a keep-alive so long that none comes: what arrives does so without its help.
async fn start() -> Hub {
    Hub::builder().worker("tests/panic/build").setting("KEEPALIVE_SECONDS", 300).start().await
}

/// Sends a request that panics, and waits until it has; an answer may never come.
async fn panic(hub: &Hub, request: impl Future<Output = Result<Response, Error>>) {
    let panics = || hub.log().matches("panicked at").count();
    let before = panics();
    let answered = async {
        if let Ok(answer) = request.await {
            assert!(!answer.status().is_success(), "{}", answer.status());
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = answered => {}
        _ = eventually("the panic", async || panics(), |count| *count > before) => {}
    }
}

/// In a round a publish panics, in the next a listener's request does.
async fn panic_somewhere(hub: &Hub, round: usize) {
    if round.is_multiple_of(2) {
        panic(hub, hub.try_publish(&["a"], "panic")).await;
    } else {
        panic(hub, hub.get("/?channels=panic").send()).await;
    }
}

/// Publishes until that is acknowledged, each time another text; returns the id of the one that was.
async fn publish_in_spite_of_panics(hub: &Hub, message: &str) -> u64 {
    for attempt in 0.. {
        let answer = within(DEADLINE, "an answer", hub.try_publish(&["a"], &format!("{message} {attempt}"))).await;
        if let Ok(answer) = answer
            && answer.status().is_success()
        {
            return answer.json::<serde_json::Value>().await.unwrap()["ids"]["a"].as_u64().unwrap();
        }
    }
    unreachable!("the range has no end")
}

#[tokio::test]
async fn the_request_that_panics_fails() {
    let hub = start().await;
    for request in [hub.try_publish(&["a"], "panic").await, hub.get("/?channels=panic").send().await] {
        assert!(!request.is_ok_and(|answer| answer.status().is_success()));
    }
    hub.publish(&["a"], "the first and only").await;
    let mut listener = hub.resume(&["a"], "0").await;
    assert_eq!(listener.next_event().await.data, "the first and only");
}

#[tokio::test]
async fn listeners_get_what_is_published_after_a_panic_over_the_connections_they_had() {
    let hub = start().await;
    let mut listeners = [hub.subscribe(&["a"]).await, hub.subscribe(&["a", "b"]).await, hub.subscribe(&["b"]).await];
    let mut ids = vec![hub.publish(&["a", "b"], "before").await["a"]];
    for round in 0..4 {
        let poll = hub.get("/?channels=a&transport=longpoll").send().await.unwrap();
        panic_somewhere(&hub, round).await;
        ids.push(hub.publish(&["a", "b"], &round.to_string()).await["a"]);
        let polled = within(DEADLINE, "the waiting poll to be answered", poll.text()).await.unwrap();
        assert!(polled.ends_with(&format!("data: {round}\n\n")), "{polled}");
    }
    let [single, several, other] = &mut listeners;
    let expected = ["before", "0", "1", "2", "3"];
    assert_eq!(single.next_data(5).await, expected);
    assert_eq!(other.next_data(5).await, expected);
    // Order holds within a channel, not between channels.
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let event = several.next_event().await;
        if event.last_event_id.starts_with("0:") { &mut of_a } else { &mut of_b }.push(event.data);
    }
    assert_eq!((of_a, of_b), (expected.map(str::to_owned).to_vec(), expected.map(str::to_owned).to_vec()));
    for listener in &listeners {
        assert_eq!(listener.text().matches("retry:").count(), 1, "over one and the same connection");
    }
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

#[tokio::test]
async fn what_is_acknowledged_between_panics_arrives_in_order_and_once() {
    let hub = start().await;
    let mut single = hub.subscribe(&["a"]).await;
    let mut several = hub.subscribe(&["a", "b"]).await;
    let publish = join_all((0..4).map(async |publisher| {
        let mut ids = Vec::new();
        for message in 0..50 {
            ids.push(publish_in_spite_of_panics(&hub, &format!("{publisher} {message}")).await);
        }
        ids
    }));
    let panics = async {
        for round in 0..10 {
            panic_somewhere(&hub, round).await;
        }
    };
    let (ids, ()) = tokio::join!(publish, panics);
    let last = hub.publish(&["a"], "end").await["a"];
    for listener in [&mut single, &mut several] {
        let seen = ids_until(listener, last).await;
        assert!(seen.is_sorted_by(|one, next| one < next), "in order and once: {seen:?}");
        let missing: Vec<_> = ids.iter().flatten().filter(|id| !seen.contains(id)).collect();
        assert!(missing.is_empty(), "{missing:?} of {ids:?}");
        assert_eq!(listener.text().matches("retry:").count(), 1, "over one and the same connection");
    }
}

/// The ids in channel `a`, the first of the listener's, of what arrives up to this one.
async fn ids_until(listener: &mut Listener, last: u64) -> Vec<u64> {
    let mut ids = Vec::new();
    while ids.last() != Some(&last) {
        let cursor = listener.next_event().await.last_event_id;
        let positions = cursor.split_once(':').map_or(cursor.as_str(), |(_, positions)| positions);
        ids.push(positions.split('.').next().unwrap().parse().unwrap());
    }
    ids
}

#[tokio::test]
async fn a_replay_that_a_panic_interrupts_goes_on() {
    // What the instance that panicked was at is made up for when the object wakes, or with a socket at the next keep-alive.
    let keep_alive = if legs() == "stream" { 300 } else { 1 };
    let hub = Hub::builder().worker("tests/panic/build").setting("KEEPALIVE_SECONDS", keep_alive).start().await;
    let padding = "x".repeat(60 * 1024);
    for number in 0..100 {
        hub.publish(&["a"], &format!("{number} {padding}")).await;
    }
    let mut single = hub.resume(&["a"], "0").await;
    let mut several = hub.resume(&["a", "b"], "0.0").await;
    // As long as they read nothing, more and more probably the replay waits for them; then it runs.
    for round in 0..4 {
        panic_somewhere(&hub, round).await;
    }
    let panics = async {
        for round in 0..10 {
            panic_somewhere(&hub, round).await;
        }
        hub.publish(&["a"], "100 live").await;
    };
    let (of_single, of_several, ()) = tokio::join!(numbers(&mut single, 101), numbers(&mut several, 101), panics);
    for (listener, numbers) in [(single, of_single), (several, of_several)] {
        assert_eq!(numbers, (0..=100).collect::<Vec<_>>());
        assert_eq!(listener.text().matches("retry:").count(), 1, "over one and the same connection");
    }
}

/// What the next messages begin with.
async fn numbers(listener: &mut Listener, count: usize) -> Vec<usize> {
    let data = listener.next_data(count).await;
    data.iter().map(|data| data.split(' ').next().unwrap().parse().unwrap()).collect()
}
