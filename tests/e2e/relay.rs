//! Listeners of several channels: one connection each, and only what they asked for.

use harness::{Hub, eventually};

#[tokio::test]
async fn two_listeners_on_one_relay_with_different_sets_get_only_theirs() {
    let hub = Hub::builder().setting("RELAYS_PER_PLACE", 1).start().await;
    let mut cats = hub.subscribe(&["general", "cats"]).await;
    let mut dogs = hub.subscribe(&["dogs", "general"]).await;
    for (channel, message) in
        [("cats", "meow"), ("dogs", "woof"), ("general", "hello"), ("dogs", "wuff"), ("cats", "mew")]
    {
        hub.publish(&[channel], message).await;
    }
    // Order holds within a channel, not between channels.
    let sorted = |mut data: Vec<String>| {
        data.sort();
        data
    };
    assert_eq!(sorted(cats.next_data(3).await), ["hello", "meow", "mew"]);
    assert_eq!(sorted(dogs.next_data(3).await), ["hello", "woof", "wuff"]);
    assert_eq!(
        hub.log().matches(" woke").count(),
        hub.log().matches("channel ").count() + 1,
        "one relay: {}",
        hub.log()
    );
}

#[tokio::test]
async fn a_message_crosses_to_every_place_that_listens() {
    let hub = Hub::builder().setting("RELAYS_PER_PLACE", 1).start().await;
    let mut listeners = Vec::new();
    for place in ["FRA", "LHR", "SIN"] {
        listeners.push(hub.subscribe_at(place, &["a", "b"]).await);
    }
    for number in 0..20 {
        hub.publish(&[["a", "b"][number % 2]], &number.to_string()).await;
    }
    for listener in &mut listeners {
        let mut numbers: Vec<usize> = listener.next_data(20).await.iter().map(|data| data.parse().unwrap()).collect();
        // Order holds within a channel, not between channels.
        for parity in 0..2 {
            assert!(numbers.iter().filter(|number| *number % 2 == parity).is_sorted(), "{numbers:?}");
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    }
    for place in ["fra-0", "lhr-0", "sin-0"] {
        assert!(hub.log().contains(&format!("relay {place} woke")), "{place}: {}", hub.log());
    }
}

#[tokio::test]
async fn a_listener_that_moves_from_place_to_place_sees_everything_once() {
    let hub = Hub::start().await;
    let places = ["FRA", "LHR", "SIN"];
    // Others keep the relays following, each as far as it has come.
    let mut others = Vec::new();
    for place in places {
        others.push(hub.subscribe_at(place, &["a", "b"]).await);
    }
    let mut listener = hub.subscribe_at("FRA", &["a", "b"]).await;
    let publish = async {
        for number in 0..400 {
            hub.publish(&["a"], &number.to_string()).await;
        }
    };
    let listen = async {
        let mut seen = Vec::new();
        while seen.len() < 400 {
            let event = listener.next_event().await;
            seen.push(event.data.parse::<usize>().unwrap());
            if seen.len() % 7 == 0 {
                listener.move_to(places[seen.len() % 3]);
                listener.connect(&hub).await.unwrap();
            }
        }
        seen
    };
    let ((), seen) = tokio::join!(publish, listen);
    assert_eq!(seen, (0..400).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_cursor_names_the_channel_that_an_event_is_from() {
    let hub = Hub::start().await;
    let mut listener = hub.subscribe(&["b", "a"]).await;
    let b = hub.publish(&["b"], "of b").await["b"];
    // The time says when channel `a` had no message.
    assert!(listener.next_event().await.last_event_id.starts_with(&format!("1:0.{b}@")));
    let a = hub.publish(&["a"], "of a").await["a"];
    assert_eq!(listener.next_event().await.last_event_id, format!("0:{a}.{b}"));
}

#[tokio::test]
async fn a_relay_that_lost_a_channels_last_listener_follows_it_again_for_the_next() {
    let hub = Hub::start().await;
    for round in 0..5 {
        let mut listener = hub.subscribe(&["a", "b"]).await;
        hub.publish(&["a"], &format!("a{round}")).await;
        hub.publish(&["b"], &format!("b{round}")).await;
        let mut data = listener.next_data(2).await;
        data.sort();
        assert_eq!(data, [format!("a{round}"), format!("b{round}")]);
        listener.disconnect();
        eventually("the relay to notice", || hub.stats(), |stats| !stats.contains_key("a")).await;
        hub.publish(&["a", "b"], "to nobody").await;
    }
}

#[tokio::test]
async fn listeners_that_come_and_go_while_others_stay_disturb_nobody() {
    let hub = Hub::start().await;
    let mut steady = hub.subscribe(&["a", "b"]).await;
    let churn = async {
        for round in 0..30 {
            let channels: &[&str] = if round % 2 == 0 { &["a", "b"] } else { &["b", "c"] };
            let mut passing = hub.subscribe(channels).await;
            passing.disconnect();
        }
    };
    let publish = async {
        for number in 0..150 {
            hub.publish(&["b"], &number.to_string()).await;
        }
    };
    let (_, _, data) = tokio::join!(churn, publish, steady.next_data(150));
    assert_eq!(data, (0..150).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_hundred_listeners_of_many_sets_each_get_each_message_once() {
    let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 30).start().await;
    let places = ["base", "extras", "cats", "dogs"];
    let mut listeners = Vec::new();
    for number in 0..100 {
        listeners.push((number, hub.subscribe(&["general", places[number % 4]]).await));
    }
    for round in 0..5 {
        hub.publish(&["general"], &format!("general {round}")).await;
        for place in places {
            hub.publish(&[place], &format!("{place} {round}")).await;
        }
    }
    for (number, mut listener) in listeners {
        let mut data = listener.next_data(10).await;
        data.sort();
        let place = places[number % 4];
        let mut expected: Vec<_> =
            (0..5).flat_map(|round| [format!("general {round}"), format!("{place} {round}")]).collect();
        expected.sort();
        assert_eq!(data, expected);
    }
}
