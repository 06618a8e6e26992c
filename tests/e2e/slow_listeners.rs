//! Invariant 4, as far as it goes without crowds: a listener that does not read costs the others nothing, and is cut
//! once too much waits for it.

use harness::{Hub, eventually, raw_request};

#[tokio::test]
async fn a_listener_that_does_not_read_is_cut_and_the_others_get_everything() {
    let hub = Hub::start().await;
    for (query, channels) in [("channels=a", &["a"][..]), ("channels=b&channels=c", &["b", "c"])] {
        let mut healthy = hub.subscribe(channels).await;
        let request = format!("GET /?{query} HTTP/1.1\r\nHost: hub\r\n\r\n");
        let mut stalled = raw_request(&hub, request).await;
        stalled.read_until("the greeting", |text| text.contains("retry:")).await;
        let channel = channels[0];
        eventually("two listeners", || hub.stats(), |stats| stats.get(channel) == Some(&2)).await;

        let padding = "x".repeat(60 * 1024);
        let mut number = 0;
        // What the kernel buffers comes first: some megabytes.
        while hub.stats().await.get(channel) == Some(&2) {
            assert!(number < 1_000, "60 MB wait for a listener that does not read");
            for _ in 0..10 {
                number += 1;
                hub.publish(&[channel], &format!("{number} {padding}")).await;
                let data = healthy.next_event().await.data;
                assert_eq!(data.split(' ').next(), Some(number.to_string().as_str()));
            }
        }
        drop(stalled);
    }
}
