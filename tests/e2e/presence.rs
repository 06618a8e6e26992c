//! Invariant 5: a listener that went away is forgotten within two keep-alive intervals, and counts fall accordingly.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use harness::{Hub, eventually, raw_request};

const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// Connects three listeners, loses one by `lose`, and returns when the count has fallen.
async fn count_falls(query: &str, lose: impl AsyncFn(tokio::net::TcpStream)) -> Duration {
    // Nobody is asked for counts: they fall because the objects report it.
    let builder = Hub::builder().setting("STATS_CONFIRM_SECONDS", 86_400);
    let hub = builder.setting("KEEPALIVE_SECONDS", KEEP_ALIVE.as_secs()).start().await;
    let mut connections = Vec::new();
    for _ in 0..3 {
        let request = format!("GET /?{query} HTTP/1.1\r\nHost: hub\r\n\r\n");
        let mut response = raw_request(&hub, request).await;
        response.read_until("the greeting", |text| text.contains("retry:")).await;
        connections.push(response.connection);
    }
    eventually("three listeners", || hub.stats(), |stats| stats.get("a") == Some(&3)).await;
    let lost = Instant::now();
    lose(connections.pop().unwrap()).await;
    eventually("two listeners", || hub.stats(), |stats| stats.get("a") == Some(&2)).await;
    lost.elapsed()
}

#[tokio::test]
async fn a_listener_that_closes_is_forgotten_within_two_keep_alives() {
    for query in ["channels=a", "channels=a&channels=b"] {
        let took = count_falls(query, async |connection| drop(connection)).await;
        assert!(took <= 2 * KEEP_ALIVE, "{query}: {took:?}");
    }
}

#[tokio::test]
async fn a_listener_whose_connection_breaks_is_forgotten_within_two_keep_alives() {
    let reset = async |connection: tokio::net::TcpStream| {
        connection.set_zero_linger().unwrap();
        drop(connection);
    };
    for query in ["channels=a", "channels=a&channels=b"] {
        let took = count_falls(query, reset).await;
        assert!(took <= 2 * KEEP_ALIVE, "{query}: {took:?}");
    }
}

#[tokio::test]
async fn listeners_that_a_kill_took_along_are_forgotten_within_two_keep_alives() {
    let builder = Hub::builder().without_setting("STATS_CONFIRM_SECONDS");
    let mut hub = builder.setting("KEEPALIVE_SECONDS", KEEP_ALIVE.as_secs()).start().await;
    let single = hub.subscribe(&["a"]).await;
    let several = hub.subscribe(&["a", "b"]).await;
    eventually("two listeners", || hub.stats(), |stats| stats.get("a") == Some(&2)).await;
    hub.kill().await;
    let killed = Instant::now();
    drop((single, several));
    hub.restart().await;
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
    assert!(killed.elapsed() <= 2 * KEEP_ALIVE, "{:?}", killed.elapsed());
}

#[tokio::test]
async fn a_long_poll_counts_while_it_waits() {
    let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 2).start().await;
    let poll = hub.get("/?channels=a&transport=longpoll").send();
    let watch = async {
        eventually("the poll", || hub.stats(), |stats| stats.get("a") == Some(&1)).await;
        eventually("its end", || hub.stats(), BTreeMap::is_empty).await;
    };
    let (_, answer) = tokio::join!(watch, async { poll.await.unwrap().text().await.unwrap() });
    assert!(answer.ends_with(": sse ping\n\n"));
}
