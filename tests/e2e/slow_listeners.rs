//! Invariant 4: listeners that do not read, or read slowly, cost the others nothing, and no more than so much of what they
//! do not read is kept. One that is cut comes back with its cursor and misses nothing.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::future::join_all;
use harness::{DEADLINE, Hub, RawResponse, eventually, raw_request, raw_request_with_little_room, within};
use tokio::{io::AsyncReadExt, net::TcpStream, time::sleep};

const MIB: u64 = 1024 * 1024;
const HEALTHY: usize = 20;
const STALLED: usize = 200;
/// How many messages of how many bytes are published while they stall: more than the kernel takes for each of them, some
/// megabytes.
const MESSAGES: usize = 150;
const MESSAGE_BYTES: usize = 60 * 1024;
/// What memory grows by for a listener that does not read, at most: what waits for it, and garbage that the runtime leaves
/// from all that the kernel took for it. What was published to it is more than four times that.
const BYTES_FOR_ONE: u64 = 2 * MIB;
/// The same for one that asks for a long history: the runtime has read it from storage, for all at once.
const BYTES_FOR_ONE_WITH_HISTORY: u64 = 4 * MIB;

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

#[tokio::test]
async fn two_hundred_that_never_read_one_channel_cost_twenty_others_nothing() {
    crowd_stalls("channels=a").await;
}

#[tokio::test]
async fn two_hundred_that_never_read_several_channels_cost_twenty_others_nothing() {
    crowd_stalls("channels=a&channels=b").await;
}

async fn crowd_stalls(query: &str) {
    let hub = Hub::start().await;
    let clock = Clock::default();
    let mut healthy = Readers::connect(&hub, query, &clock).await;
    let alone = healthy.hear_one_by_one(&hub, &clock, 50).await;

    let before = hub.memory();
    let first = Stalled::connect(&hub, query, &clock).await;
    let (beside, peak) = hub.peak_memory(healthy.hear_one_by_one(&hub, &clock, MESSAGES)).await;
    println!(
        "{query}: median {alone:?} without them, {beside:?} with them; from {} to {} MiB",
        before / MIB,
        peak / MIB
    );
    // Machines are noisy: this fails when the others wait for those that stall, and not when it takes a while.
    assert!(beside < 10 * alone + Duration::from_secs(1), "{alone:?} without them, {beside:?} with them");
    assert!(peak < before + STALLED as u64 * BYTES_FOR_ONE, "from {} to {} MiB", before / MIB, peak / MIB);
    first.are_cut(&hub, query, &clock).await;

    // The second crowd finds the room that the first had, and the messages come as fast as can be.
    let before = peak;
    let second = Stalled::connect(&hub, query, &clock).await;
    let (_, ((), peak)) = healthy.hear(hub.peak_memory(clock.publish(&hub, MESSAGES)), &clock).await;
    println!("{query}: from {} to {} MiB", before / MIB, peak / MIB);
    assert!(peak < before + STALLED as u64 * BYTES_FOR_ONE, "from {} to {} MiB", before / MIB, peak / MIB);
    second.are_cut(&hub, query, &clock).await;
}

/// Listeners that have read their greeting and read no more, beside those that are well.
struct Stalled {
    responses: Vec<RawResponse>,
    first_missed: usize,
}

impl Stalled {
    async fn connect(hub: &Hub, query: &str, clock: &Clock) -> Self {
        let responses = join_all((0..STALLED).map(|_| stall(hub, query, ""))).await;
        counts(hub, HEALTHY + STALLED).await;
        Self { responses, first_missed: clock.published() }
    }

    /// All of them are cut, and one comes back and misses nothing.
    async fn are_cut(self, hub: &Hub, query: &str, clock: &Clock) {
        counts(hub, HEALTHY).await;
        let cursor = greeted_with(&self.responses[0]);
        drop(self.responses);
        let mut back = Reader::connect(hub, &format!("{query}&lastEventId={cursor}"), self.first_missed).await;
        let missed = async {
            while back.next < clock.published() {
                back.read(clock).await;
            }
        };
        within(3 * DEADLINE, "all that it missed", missed).await;
        drop(back);
        counts(hub, HEALTHY).await;
    }
}

#[tokio::test]
async fn two_hundred_that_ask_for_a_long_history_and_never_read_it_cost_twenty_others_nothing() {
    for query in ["channels=a", "channels=a&channels=b"] {
        let hub = Hub::start().await;
        let clock = Clock::default();
        clock.publish(&hub, MESSAGES).await;
        let mut healthy = Readers::connect(&hub, query, &clock).await;
        let alone = healthy.hear(clock.publish(&hub, 50), &clock).await.0;
        let start = if query.contains('b') { "0.0" } else { "0" };
        let before = hub.memory();
        let stall_and_publish = async {
            let stalled = join_all((0..STALLED).map(|_| stall(&hub, query, start))).await;
            clock.publish(&hub, 100).await;
            stalled
        };
        let (beside, (stalled, peak)) = healthy.hear(hub.peak_memory(stall_and_publish), &clock).await;
        println!(
            "{query}: median {alone:?} without them, {beside:?} with them; from {} to {} MiB",
            before / MIB,
            peak / MIB
        );
        assert!(beside < 10 * alone + Duration::from_secs(1), "{alone:?} without them, {beside:?} with them");
        assert!(
            peak < before + STALLED as u64 * BYTES_FOR_ONE_WITH_HISTORY,
            "from {} to {} MiB",
            before / MIB,
            peak / MIB
        );
        // They are not cut: what they have not read waits in history.
        counts(&hub, HEALTHY + STALLED).await;
        drop(stalled);
        counts(&hub, HEALTHY).await;
    }
}

#[tokio::test]
async fn who_reads_in_fits_gets_everything_once_and_in_order_however_often_it_is_cut() {
    for query in ["channels=a", "channels=a&channels=b"] {
        let hub = Hub::start().await;
        let clock = Clock::default();
        let mut healthy = Readers::connect(&hub, query, &clock).await;
        let in_fits = join_all((0..10).map(|_| read_in_fits(&hub, query, &clock)));
        let publish = async {
            counts(&hub, HEALTHY + 10).await;
            clock.publish(&hub, MESSAGES).await;
        };
        let (_, cuts) = tokio::join!(healthy.hear(publish, &clock), in_fits);
        println!("{query}: readers in fits were cut so often: {cuts:?}");
        assert!(cuts.iter().all(|cuts| *cuts > 0), "{cuts:?}");
    }
}

#[tokio::test]
async fn who_reads_too_slowly_is_cut_and_gets_everything_once_and_in_order() {
    for query in ["channels=a", "channels=a&channels=b"] {
        let hub = Hub::start().await;
        let clock = Clock::default();
        let slowly = join_all((0..10).map(|_| read_slowly(&hub, query, &clock)));
        let publish = async {
            counts(&hub, 10).await;
            clock.publish(&hub, MESSAGES).await;
        };
        let (cuts, ()) = tokio::join!(slowly, publish);
        println!("{query}: readers that were slow were cut so often: {cuts:?}");
        assert!(cuts.iter().all(|cuts| *cuts > 0), "{cuts:?}");
    }
}

#[tokio::test]
async fn a_burst_that_the_kernel_takes_cuts_nobody() {
    for query in ["channels=a", "channels=a&channels=b"] {
        let hub = Hub::start().await;
        let readers = join_all((0..100).map(|_| raw_request(&hub, listen(query))));
        let mut readers: Vec<TcpStream> = readers.await.into_iter().map(|response| response.connection).collect();
        counts(&hub, readers.len()).await;
        let padding = "x".repeat(MESSAGE_BYTES);
        for _ in 0..5 {
            let burst = join_all((0..8).map(async |_| hub.publish(&["a"], &padding).await));
            let read = readers.iter_mut().map(async |reader| {
                let (mut buffer, mut count) = (vec![0; READ_BYTES], 0);
                while count < 8 * MESSAGE_BYTES {
                    let read = within(DEADLINE, "the burst", reader.read(&mut buffer)).await.unwrap();
                    assert!(read > 0, "the connection holds");
                    count += read;
                }
            });
            tokio::join!(burst, join_all(read));
        }
    }
}

#[tokio::test]
async fn messages_larger_than_what_may_wait_reach_who_reads() {
    let hub = Hub::builder().setting("MAX_MESSAGE_BYTES", MIB).setting("KEEPALIVE_SECONDS", 300).start().await;
    for number in 0..8 {
        hub.publish(&["a"], &format!("{number} {}", "x".repeat(1_000_000))).await;
    }
    for (query, start) in [("channels=a", "0"), ("channels=a&channels=b", "0.0")] {
        let request = listen(&format!("{query}&lastEventId={start}"));
        let mut reader = Reader::of(raw_request_with_little_room(&hub, request).await, 0).await;
        while reader.next < 8 {
            assert!(within(DEADLINE, "a message", reader.try_read()).await, "the connection holds");
        }
    }
}

fn listen(query: &str) -> String {
    format!("GET /?{query} HTTP/1.1\r\nHost: hub\r\n\r\n")
}

/// A listener that has read its greeting and reads no more.
async fn stall(hub: &Hub, query: &str, last_event_id: &str) -> RawResponse {
    let mut response = raw_request_with_little_room(hub, listen(&format!("{query}&lastEventId={last_event_id}"))).await;
    response.read_until("the greeting", |text| text.contains("\nid: ")).await;
    response
}

/// The cursor that a listener was greeted with.
fn greeted_with(response: &RawResponse) -> String {
    let text = response.text();
    text.split("\nid: ").nth(1).unwrap().lines().next().unwrap().to_owned()
}

/// Reads all messages, but each time that it is there it waits until it has been cut, unless little is left to come.
/// Returns how often it was.
async fn read_in_fits(hub: &Hub, query: &str, clock: &Clock) -> usize {
    let (mut cuts, mut cursor, mut next) = (0, String::new(), 0);
    loop {
        let request = listen(&format!("{query}&lastEventId={cursor}"));
        let mut reader = Reader::of(raw_request_with_little_room(hub, request).await, next).await;
        let waits_until = next + MESSAGES / 2;
        while clock.published() < waits_until.min(MESSAGES) {
            sleep(Duration::from_millis(20)).await;
        }
        while reader.next < MESSAGES && within(DEADLINE, "a message", reader.try_read()).await {}
        if reader.next == MESSAGES {
            return cuts;
        }
        (cuts, cursor, next) = (cuts + 1, reader.cursor, reader.next);
    }
}

/// Reads all messages, never stops for long, and is slow until it has been cut. Returns how often it was.
async fn read_slowly(hub: &Hub, query: &str, clock: &Clock) -> usize {
    const SLOW_BYTES: u64 = 4 * 1024;
    let (mut cuts, mut cursor, mut next) = (0, String::new(), 0);
    loop {
        let request = listen(&format!("{query}&lastEventId={cursor}"));
        let mut reader = Reader::of(raw_request_with_little_room(hub, request).await, next).await;
        let at_once = if cuts == 0 { SLOW_BYTES } else { u64::MAX };
        while reader.next < MESSAGES && within(DEADLINE, "a message", reader.try_read_at_most(at_once)).await {
            if cuts == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        }
        if reader.next == MESSAGES {
            assert_eq!(clock.published(), MESSAGES);
            return cuts;
        }
        (cuts, cursor, next) = (cuts + 1, reader.cursor, reader.next);
    }
}

async fn counts(hub: &Hub, listeners: usize) {
    let listeners = listeners as u64;
    eventually("the count", || hub.stats(), |stats| stats.get("a").is_some_and(|count| *count == listeners)).await;
}

/// When each message was sent to `/publish`; the messages are numbered from 0.
#[derive(Clone, Debug, Default)]
struct Clock(Arc<Mutex<Vec<Instant>>>);

impl Clock {
    /// Publishes so many more messages in channel `a`, one after the other.
    async fn publish(&self, hub: &Hub, count: usize) {
        let padding = "x".repeat(MESSAGE_BYTES);
        for _ in 0..count {
            let number = self.tick();
            hub.publish(&["a"], &format!("{number} {padding}")).await;
        }
    }

    fn tick(&self) -> usize {
        let mut sent = self.0.lock().unwrap();
        sent.push(Instant::now());
        sent.len() - 1
    }

    fn since(&self, number: usize) -> Duration {
        self.0.lock().unwrap()[number].elapsed()
    }

    fn published(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// How much is read at once at most.
const READ_BYTES: usize = 256 * 1024;

/// A listener that reads numbered messages, which have to come in order and once. It does not parse what it can skip.
#[derive(Debug)]
struct Reader {
    connection: TcpStream,
    wire: Vec<u8>,
    /// How much of the current chunk is to come; `None` before the first.
    left: Option<usize>,
    text: String,
    cursor: String,
    /// The number of the next message.
    next: usize,
    delays: Vec<Duration>,
}

impl Reader {
    async fn connect(hub: &Hub, query: &str, next: usize) -> Self {
        Self::of(raw_request(hub, listen(query)).await, next).await
    }

    async fn of(response: RawResponse, next: usize) -> Self {
        let (connection, text, cursor) = (response.connection, String::new(), String::new());
        let mut reader = Self {
            connection,
            wire: Vec::with_capacity(READ_BYTES),
            left: None,
            text,
            cursor,
            next,
            delays: Vec::new(),
        };
        while reader.cursor.is_empty() {
            assert!(reader.try_read().await, "the greeting comes");
        }
        reader
    }

    async fn read(&mut self, clock: &Clock) {
        let before = self.next;
        assert!(within(DEADLINE, "a message", self.try_read()).await, "the connection holds");
        self.delays.extend((before..self.next).map(|number| clock.since(number)));
    }

    /// `false` when the connection has ended.
    async fn try_read(&mut self) -> bool {
        self.try_read_at_most(READ_BYTES as u64).await
    }

    /// The same, with no more than so much at once.
    async fn try_read_at_most(&mut self, bytes: u64) -> bool {
        if !matches!((&mut self.connection).take(bytes).read_buf(&mut self.wire).await, Ok(1..)) {
            return false;
        }
        while self.take_chunk() {}
        while let Some(end) = self.text.find("\n\n") {
            let block = self.text[..end + 2].to_owned();
            self.text.drain(..end + 2);
            self.take(&block);
        }
        true
    }

    /// Moves on in the chunked coding (RFC 9112, section 7.1), whose first line follows the head.
    fn take_chunk(&mut self) -> bool {
        let line_end = if self.left.is_none() { &b"\r\n\r\n"[..] } else { b"\r\n" };
        match self.left {
            Some(left @ 1..) => {
                let count = left.min(self.wire.len());
                self.text.push_str(str::from_utf8(&self.wire[..count]).unwrap());
                self.wire.drain(..count);
                self.left = Some(left - count);
                count > 0
            }
            _ => {
                let Some(end) = self.wire.windows(line_end.len()).position(|window| window == line_end) else {
                    return false;
                };
                let line: Vec<u8> = self.wire.drain(..end + line_end.len()).collect();
                // The head is no number, nor is the empty line that ends a chunk.
                let size = str::from_utf8(&line).unwrap().trim_end();
                self.left = Some(usize::from_str_radix(size, 16).unwrap_or(0));
                true
            }
        }
    }

    fn take(&mut self, block: &str) {
        if let Some((_, cursor)) = block.split_once("id: ") {
            self.cursor = cursor.lines().next().unwrap().to_owned();
        }
        if let Some((_, data)) = block.split_once("\ndata: ") {
            let number: usize = data.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(number, self.next, "in order and once");
            self.next += 1;
        }
    }
}

/// The listeners that are well.
#[derive(Debug)]
struct Readers(Vec<Reader>);

impl Readers {
    async fn connect(hub: &Hub, query: &str, clock: &Clock) -> Self {
        Self(join_all((0..HEALTHY).map(|_| Reader::connect(hub, query, clock.published()))).await)
    }

    /// All of them get so many messages, each published when all have the one before; the median of how long it took.
    async fn hear_one_by_one(&mut self, hub: &Hub, clock: &Clock, count: usize) -> Duration {
        let mut medians = Vec::new();
        for _ in 0..count {
            medians.push(self.hear(clock.publish(hub, 1), clock).await.0);
        }
        medians.sort();
        medians[count / 2]
    }

    /// All of them get all that is published meanwhile; the median of how long it took.
    async fn hear<T>(&mut self, publish: impl Future<Output = T>, clock: &Clock) -> (Duration, T) {
        let done = Mutex::new(None);
        let publish = async {
            let result = publish.await;
            *done.lock().unwrap() = Some(clock.published());
            result
        };
        let read = self.0.iter_mut().map(async |reader| {
            // Keep-alives come when nothing else does.
            while done.lock().unwrap().is_none_or(|published| reader.next < published) {
                reader.read(clock).await;
            }
            std::mem::take(&mut reader.delays)
        });
        let (result, delays) = tokio::join!(publish, join_all(read));
        let mut delays = delays.concat();
        delays.sort();
        (delays[delays.len() / 2], result)
    }
}
