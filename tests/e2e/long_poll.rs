//! Long-polling: the next messages, or a keep-alive, or the greeting where it is to be an event, and then the end.

use cyclone_edge_protocol::{EventStream, ReceivedEvent};
use harness::{DEADLINE, Hub, within};

/// Polls once, and returns the text of the answer, its events, and the cursor for the next poll.
pub(crate) async fn poll(hub: &Hub, query: &str, cursor: &str) -> (String, Vec<ReceivedEvent>, String) {
    let request = hub.get(query).header("X-Requested-With", "XMLHttpRequest").header("Last-Event-ID", cursor);
    let response = within(DEADLINE, "a long-poll", request.send()).await.unwrap();
    assert_eq!(response.status(), 200);
    let text = within(DEADLINE, "a long-poll to end", response.text()).await.unwrap();
    let mut stream = EventStream::new();
    let events = stream.push(text.as_bytes()).unwrap();
    (text, events, stream.last_event_id().to_owned())
}

#[tokio::test]
async fn a_poll_waits_for_the_next_message_and_ends() {
    for query in ["/?channels=a", "/?channels=a&channels=b"] {
        let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 30).start().await;
        let (_, waiting) = tokio::join!(
            async {
                harness::eventually("the poll to wait", || hub.stats(), |stats| stats.get("a") == Some(&1)).await;
                hub.publish(&["a"], "awaited").await
            },
            poll(&hub, query, "")
        );
        assert_eq!(waiting.1.iter().map(|event| event.data.as_str()).collect::<Vec<_>>(), ["awaited"]);
    }
}

#[tokio::test]
async fn a_poll_that_waited_in_vain_answers_with_the_ping_and_a_cursor() {
    let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 1).start().await;
    hub.publish(&["a"], "before").await;
    let (text, events, cursor) = poll(&hub, "/?channels=a", "").await;
    assert_eq!(events, []);
    assert!(text.starts_with("retry: "), "{text:?}");
    assert!(text.ends_with(&format!("\nid: {cursor}\n\n: sse ping\n\n")), "{text:?}");
    hub.publish(&["a"], "between two polls").await;
    let (_, events, _) = poll(&hub, "/?channels=a", &cursor).await;
    assert_eq!(events[0].data, "between two polls");
}

#[tokio::test]
async fn a_poll_that_asks_for_a_hello_is_answered_at_once_with_where_it_stands() {
    // Longer than any test waits: no answer here comes from a keep-alive.
    let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 300).start().await;
    let id = hub.publish(&["a"], "before").await["a"];
    for (query, stands) in [("/?channels=a", id.to_string()), ("/?channels=a&channels=b", format!("{id}.0"))] {
        let (text, events, cursor) = poll(&hub, &format!("{query}&greeting=event"), "").await;
        assert_eq!(cursor.split('@').next(), Some(stands.as_str()));
        assert!(text.starts_with("retry: "), "{text:?}");
        assert!(text.ends_with(&format!("\nid: {cursor}\nevent: sse.hello\ndata: \n\n")), "{text:?}");
        assert_eq!((events.len(), events[0].last_event_id.as_str()), (1, cursor.as_str()));
    }
}

#[tokio::test]
async fn a_poll_with_a_hello_takes_nothing_from_the_next() {
    for query in ["/?channels=a", "/?channels=a&channels=b"] {
        let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 300).start().await;
        let (_, _, cursor) = poll(&hub, &format!("{query}&greeting=event"), "").await;
        hub.publish(&["a"], "missed").await;
        let (_, events, again) = poll(&hub, &format!("{query}&greeting=event"), &cursor).await;
        assert_eq!((events.len(), events[0].event.as_str()), (1, "sse.hello"));
        // Where it stands is the same; the time of that is new.
        assert_eq!(again.split_once('@').unwrap().0, cursor.split_once('@').unwrap().0);
        let (_, events, _) = poll(&hub, query, &again).await;
        assert_eq!(events.iter().map(|event| event.data.as_str()).collect::<Vec<_>>(), ["missed"]);
    }
}

#[tokio::test]
async fn the_parameter_asks_for_a_poll_as_the_header_does() {
    let hub = Hub::start().await;
    hub.publish(&["a"], "missed").await;
    let response = hub.get("/?channels=a&transport=longpoll&lastEventId=0").send().await.unwrap();
    let text = within(DEADLINE, "the answer to end", response.text()).await.unwrap();
    assert!(text.contains("data: missed\n"), "{text}");
}

#[tokio::test]
async fn polling_misses_nothing_and_repeats_nothing() {
    for query in ["/?channels=a", "/?channels=a&channels=b&channels=c"] {
        let hub = Hub::start().await;
        let (_, _, mut cursor) = poll(&hub, query, "").await;
        let channels: &[&str] = if query.contains('b') { &["a", "b", "c"] } else { &["a"] };
        let publish = async {
            for n in 0..200 {
                hub.publish(&[channels[n % channels.len()]], &n.to_string()).await;
            }
        };
        let listen = async {
            let mut seen: Vec<usize> = Vec::new();
            while seen.len() < 200 {
                let (_, events, next) = poll(&hub, query, &cursor).await;
                seen.extend(events.iter().map(|event| event.data.parse::<usize>().unwrap()));
                cursor = next;
            }
            seen
        };
        let (_, seen) = tokio::join!(publish, listen);
        for channel in 0..channels.len() {
            let of_channel: Vec<_> = seen.iter().copied().filter(|n| n % channels.len() == channel).collect();
            assert!(of_channel.is_sorted(), "{of_channel:?}");
        }
        let mut all = seen;
        all.sort_unstable();
        assert_eq!(all, (0..200).collect::<Vec<_>>());
    }
}
