//! Where the hub is, and whether anybody killed it while a request was under way.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::sleep;

/// What publishers and listeners know of the hub.
pub(super) struct Site {
    pub(super) address: String,
    began: Instant,
    /// Odd while the process is dead.
    life: AtomicU64,
    faults: Mutex<Vec<String>>,
}

/// The life of the process in which something began.
#[derive(Clone, Copy)]
pub(super) struct Life(u64);

impl Site {
    pub(super) fn new(address: String) -> Self {
        Self { address, began: Instant::now(), life: AtomicU64::new(0), faults: Mutex::default() }
    }

    /// Microseconds since the run began, by a clock that is not moved.
    pub(super) fn now(&self) -> u64 {
        self.began.elapsed().as_micros().try_into().unwrap()
    }

    /// The process dies now, or lives again.
    pub(super) fn turn(&self) {
        self.life.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn life(&self) -> Life {
        Life(self.life.load(Ordering::SeqCst))
    }

    /// Waits until the process lives.
    pub(super) async fn lives(&self) {
        while !self.life().is_alive() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Notes that something went wrong which no kill explains.
    pub(super) fn complain(&self, since: Life, fault: impl FnOnce() -> String) {
        if since.is_alive() && self.life().0 == since.0 {
            self.note(&fault());
        }
    }

    pub(super) fn note(&self, fault: &str) {
        self.faults.lock().unwrap().push(format!("at {:.3} s: {fault}", self.began.elapsed().as_secs_f64()));
    }

    pub(super) fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap().clone()
    }
}

impl Life {
    fn is_alive(self) -> bool {
        self.0.is_multiple_of(2)
    }
}
