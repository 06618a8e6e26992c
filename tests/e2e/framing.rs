//! What a publisher sends is what a listener gets, but for the line breaks that the format makes equal.

use harness::Hub;

#[tokio::test]
async fn payloads_of_every_kind_arrive() {
    let hub = Hub::start().await;
    let mut single = hub.subscribe(&["a"]).await;
    let mut several = hub.subscribe(&["a", "b"]).await;
    let cases = [
        ("two\nlines", "two\nlines"),
        ("two\r\nlines", "two\nlines"),
        ("two\rlines", "two\nlines"),
        ("\n", "\n"),
        ("ends with one\n", "ends with one\n"),
        ("  leading and trailing  ", "  leading and trailing  "),
        ("nul \0 inside", "nul \0 inside"),
        ("\u{feff}byte order mark", "\u{feff}byte order mark"),
        ("🦀 beyond the BMP \u{10ffff}", "🦀 beyond the BMP \u{10ffff}"),
        ("id: 1\nevent: x\n\nretry: 1", "id: 1\nevent: x\n\nretry: 1"),
        (": comment", ": comment"),
    ];
    for (sent, expected) in cases {
        hub.publish(&["a"], sent).await;
        for listener in [&mut single, &mut several] {
            let event = listener.next_event().await;
            assert_eq!((event.data.as_str(), event.event.as_str()), (expected, "message"), "{sent:?}");
        }
    }
    let replayed = hub.resume(&["a"], "0").await.next_data(cases.len()).await;
    assert_eq!(replayed, cases.map(|(_, expected)| expected));
}

#[tokio::test]
async fn the_largest_message_arrives_whole() {
    let hub = Hub::start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    let message = "ü".repeat(32 * 1024);
    hub.publish(&["a"], &message).await;
    assert_eq!(listener.next_event().await.data, message);
}
