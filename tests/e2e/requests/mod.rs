//! Invariant 7, in numbers: ten thousand random requests, of which none is answered with 5xx (but for the 500 that SockJS prescribes) or not at all, and through all
//! of which the hub goes on delivering.
//!
//! - `random`: the requests
//! - `framing`: how they say where their body ends
//! - `verdict`: which answers are right

mod framing;
mod random;
mod verdict;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use futures::future::join_all;
use harness::{DEADLINE, Hub, Listener, Then, eventually, exchange, within};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::{runtime::Handle, task::spawn_blocking};

use random::{RandomRequest, requests};

/// How many requests there are; `REQUESTS` in the environment says another number.
const REQUESTS: u32 = 10_000;
/// How many senders there are at the same time.
const SENDERS: u32 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_answered_with_5xx_or_keeps_the_hub_from_delivering() {
    // Messages small enough for random ones to be too large.
    let hub = Arc::new(Hub::builder().setting("MAX_MESSAGE_BYTES", 500).start().await);
    let mut witness = Witness::arrive(&hub).await;
    let answers = Arc::new(Mutex::new(BTreeMap::new()));
    let done = AtomicBool::new(false);
    let send = async {
        let senders = (0..SENDERS).map(|_| spawn_blocking(sender(hub.clone(), answers.clone())));
        let sent: Vec<Result<(), String>> = join_all(senders).await.into_iter().map(Result::unwrap).collect();
        done.store(true, Relaxed);
        sent
    };
    let watch = async {
        while !done.load(Relaxed) {
            witness.hears(&hub).await;
        }
    };
    let (sent, ()) = tokio::join!(send, watch);
    let failures: Vec<String> = sent.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}\n{}", failures.join("\n"), hub.log());
    witness.hears(&hub).await;
    eventually("all others to be forgotten", || hub.stats(), |stats| *stats == Witness::counts()).await;
    assert_calm(&hub.log());
    let answers = answers.lock().unwrap();
    println!("{answers:?}; the witness heard {} messages meanwhile", witness.heard);
    // Random requests that never got past the door would say little.
    let kinds = ["200 stream", "200 of /publish", "204", "400", "401", "404", "405", "415", "the runtime's 400"];
    let of_sockjs = ["200", "204", "404", "405", "500"].map(|status| format!("{status} of SockJS"));
    for kind in kinds.into_iter().chain(of_sockjs.iter().map(String::as_str)) {
        assert!(answers.get(kind).is_some_and(|count| *count >= 10), "{kind} is rare: {answers:?}");
    }
}

/// Sends its share of the requests. The one that failed, made as small as it gets, is in the error.
fn sender(hub: Arc<Hub>, answers: Arc<Mutex<BTreeMap<String, u32>>>) -> impl FnOnce() -> Result<(), String> {
    let runtime = Handle::current();
    let requests_in_all = std::env::var("REQUESTS").map_or(REQUESTS, |number| number.parse().unwrap());
    let cases = requests_in_all.div_ceil(SENDERS);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 1_000, ..Config::default() };
    move || {
        let send = |request| {
            let verdict = runtime.block_on(judge(&hub, &request)).map_err(TestCaseError::fail)?;
            *answers.lock().unwrap().entry(verdict).or_default() += 1;
            Ok(())
        };
        TestRunner::new(config).run(&requests(), send).map_err(|error| error.to_string())
    }
}

async fn judge(hub: &Hub, request: &RandomRequest) -> Result<String, String> {
    let then = if request.is_whole() { Then::Wait } else { Then::Finish };
    let exchange = exchange(hub, [request.bytes()].into_iter(), then).await;
    verdict::of(request, &exchange.answer)
}

/// What a panic, a failure or a request that hangs leaves in the log.
fn assert_calm(log: &str) {
    for trace in [
        "panicked",
        "unreachable",
        "RuntimeError",
        "had hung",
        "500 internal",
        "503 unavailable",
        "sent away",
        "a session cannot",
    ] {
        assert!(!log.contains(trace), "{trace:?} in {log}");
    }
}

/// A listener of one channel and one of several, who hear what is published meanwhile.
struct Witness {
    single: Listener,
    several: Listener,
    heard: usize,
}

impl Witness {
    /// Names that no random request has.
    const CHANNELS: [&str; 2] = ["witness-one", "witness-other"];

    async fn arrive(hub: &Hub) -> Self {
        let [one, other] = Self::CHANNELS;
        Self { single: hub.subscribe(&[one]).await, several: hub.subscribe(&[one, other]).await, heard: 0 }
    }

    fn counts() -> BTreeMap<String, u64> {
        let [one, other] = Self::CHANNELS.map(str::to_owned);
        BTreeMap::from([(one, 2), (other, 1)])
    }

    async fn hears(&mut self, hub: &Hub) {
        self.heard += 1;
        let message = self.heard.to_string();
        hub.publish(&Self::CHANNELS[..1], &message).await;
        for listener in [&mut self.single, &mut self.several] {
            let event = within(DEADLINE, "the witness to hear", listener.next()).await;
            assert_eq!(event.expect("the connection holds").data, message);
        }
    }
}
