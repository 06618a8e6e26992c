//! What happens when a token's time is over: the stream ends with an event that says so, and a listener that comes back
//! with a new token and its cursor has lost and doubled nothing.

use cyclone_edge_protocol::EventStream;
use harness::{DEADLINE, Hub, Listener, eventually, within};
use serde_json::json;

use super::{guarded, invalid_token, now, outcome, poll, token};

const EXPIRED: &str = "event: sse.expired\ndata: {}\n\n";

fn pass_until(exp: f64) -> String {
    token(&json!({ "exp": exp, "subscribe": "*" }))
}

/// A hub without leeway, and without keep-alives that anybody waits for.
async fn start() -> Hub {
    guarded().setting("JWT_LEEWAY_SECONDS", 0).setting("KEEPALIVE_SECONDS", 300).start().await
}

/// All that a stream brings, and when it ended.
async fn read(hub: &Hub, query: &str, shown: &str) -> (String, f64) {
    let response = within(DEADLINE, "a stream", hub.get(query).bearer_auth(shown).send()).await.unwrap();
    assert_eq!(response.status(), 200);
    let text = within(DEADLINE, "the stream to end", response.text()).await.unwrap();
    (text, now())
}

#[tokio::test]
async fn an_open_stream_and_a_waiting_poll_end_when_the_token_expires() {
    let hub = start().await;
    for query in
        ["/?channels=a", "/?channels=a,b", "/?channels=a&transport=longpoll", "/?channels=a,b&transport=longpoll"]
    {
        let exp = now() + 1.5;
        let (text, ended) = read(&hub, query, &pass_until(exp)).await;
        assert!((exp - 0.002..exp + 5.0).contains(&ended), "{query}: ended {} s after its time", ended - exp);
        let (greeting, rest) = text.split_once("\n\n").unwrap();
        assert!(greeting.starts_with("retry: ") && greeting.contains("\nid: "), "{query}: {text:?}");
        assert_eq!(rest, EXPIRED, "{query}");
        eventually("the listener to be forgotten", || hub.stats(), std::collections::BTreeMap::is_empty).await;
    }
}

#[tokio::test]
async fn the_old_token_does_not_open_the_stream_again() {
    let hub = start().await;
    let shown = pass_until(now() + 1.0);
    let (text, _) = read(&hub, "/?channels=a", &shown).await;
    assert!(text.ends_with(EXPIRED), "{text:?}");
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(&shown)).await, invalid_token());
}

#[tokio::test]
async fn the_event_leaves_the_cursor_where_it_was() {
    let hub = start().await;
    let mut listener = Listener::new(&["a"]).with("access_token", &pass_until(now() + 1.5));
    listener.connect(&hub).await.unwrap();
    let id = hub.publish(&["a"], "1").await["a"];
    assert_eq!(listener.next_event().await.data, "1");
    let expired = listener.next_event().await;
    assert_eq!((expired.event.as_str(), expired.data.as_str()), ("sse.expired", "{}"));
    assert_eq!(expired.last_event_id, id.to_string());
    assert_eq!(listener.next().await, None);
}

#[tokio::test]
async fn what_counts_only_by_the_leeway_ends_with_the_leeway() {
    let hub = guarded().setting("JWT_LEEWAY_SECONDS", 3).setting("KEEPALIVE_SECONDS", 300).start().await;
    let exp = now() - 1.5;
    let (text, ended) = read(&hub, "/?channels=a", &pass_until(exp)).await;
    assert!(text.ends_with(EXPIRED), "{text:?}");
    assert!((exp + 3.0 - 0.002..exp + 8.0).contains(&ended), "{}", ended - exp);
}

#[tokio::test]
async fn a_token_that_lasts_longer_than_a_timer_can_does_not_end_at_once() {
    let hub = guarded().setting("KEEPALIVE_SECONDS", 1).start().await;
    for exp in [now() + 30.0 * 86_400.0, 1e11, 1e300] {
        let mut listener = Listener::new(&["a"]).with("access_token", &pass_until(exp));
        listener.connect(&hub).await.unwrap();
        listener.read_until("two keep-alives", |text| text.matches(": sse ping\n\n").count() == 2).await;
        assert!(!listener.text().contains("sse.expired"), "{}", listener.text());
    }
}

/// Listens to `channels` with one short token after the other, until the last message of `a` has come.
async fn listen_again_and_again(hub: &Hub, channels: &[&str], cursor: &str, last: &str) -> (Vec<String>, usize) {
    let (mut seen, mut expired, mut cursor) = (Vec::new(), 0, cursor.to_owned());
    while !seen.iter().any(|data| data == last) {
        let mut listener = Listener::new(channels).with("access_token", &pass_until(now() + 1.5));
        listener.resume_from(&cursor);
        listener.connect(hub).await.unwrap();
        while let Some(event) = within(DEADLINE, "an event or the end", listener.next()).await {
            match event.event.as_str() {
                "message" => seen.push(event.data),
                "sse.expired" => expired += 1,
                other => panic!("{other}"),
            }
        }
        listener.last_event_id().clone_into(&mut cursor);
    }
    (seen, expired)
}

#[tokio::test]
async fn whoever_comes_back_with_new_tokens_has_lost_and_doubled_nothing() {
    let hub = start().await;
    let expected: Vec<String> = (0..400).map(|number| number.to_string()).collect();
    let publish = async {
        for number in &expected {
            hub.publish(&["a"], number).await;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    // They begin where nothing was published yet.
    let single = listen_again_and_again(&hub, &["a"], "0", "399");
    let several = listen_again_and_again(&hub, &["a", "b"], "0.0", "399");
    let (of_single, of_several, ()) = tokio::join!(single, several, publish);
    for (seen, expired) in [of_single, of_several] {
        assert_eq!(seen, expected);
        assert!(expired >= 2, "{expired} ends");
    }
}

#[tokio::test]
async fn a_replay_that_is_cut_short_goes_on_where_it_was() {
    /// More than the kernel keeps for a connection.
    const COUNT: usize = 400;
    let hub = start().await;
    let padding = "x".repeat(60 * 1024);
    for number in 0..COUNT {
        hub.publish(&["a"], &format!("{number} {padding}")).await;
    }
    for (channels, cursor) in [("a", "0"), ("a,b", "0.0")] {
        let (mut seen, mut cursor, mut ends) = (Vec::new(), cursor.to_owned(), 0);
        while seen.len() < COUNT {
            let shown = pass_until(now() + 1.0);
            let request =
                hub.get(&format!("/?channels={channels}")).header("Last-Event-ID", &cursor).bearer_auth(shown);
            let mut response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            let mut stream = EventStream::new();
            let mut text = String::new();
            while let Some(chunk) = within(DEADLINE, "more or the end", response.chunk()).await.unwrap() {
                text.push_str(std::str::from_utf8(&chunk).unwrap());
                for event in stream.push(&chunk).unwrap() {
                    if event.event == "message" {
                        seen.push(event.data.split(' ').next().unwrap().parse::<usize>().unwrap());
                    }
                }
                // A slow reader: the token expires while most waits to be read.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            assert!(text.ends_with(&format!("\n\n{EXPIRED}")), "{:?}", text.get(text.len().saturating_sub(200)..));
            stream.last_event_id().clone_into(&mut cursor);
            ends += 1;
        }
        assert_eq!(seen, (0..COUNT).collect::<Vec<_>>());
        assert!(ends > 1, "{ends} ends");
    }
}
