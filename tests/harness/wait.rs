//! Waiting for a condition, with a deadline. Nothing here or in the tests pauses for a fixed time in the hope that it
//! is enough.

use std::{fmt::Debug, future::Future, time::Duration};

use tokio::time::{Instant, sleep, timeout};

/// How long a test waits for what should happen at once; generous, since the machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for a future, and fails with `what` when it takes too long.
pub async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    timeout(limit, future).await.unwrap_or_else(|_| panic!("after {limit:?} still waiting for {what}"))
}

/// Asks again and again until the answer satisfies.
pub async fn eventually<T: Debug>(what: &str, mut ask: impl AsyncFnMut() -> T, satisfies: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        let answer = ask().await;
        if satisfies(&answer) {
            return answer;
        }
        assert!(Instant::now() < end, "after {DEADLINE:?} still waiting for {what}; the last answer was {answer:?}");
        sleep(Duration::from_millis(20)).await;
    }
}
