//! All invariants at once, under the fault script of `tests/faults`; `npm run soak` runs it with other seeds.

use futures::{StreamExt, stream};
use harness::faults::{Schedule, run};

/// Some that evict, some with a short history, some with one channel, some with all four.
const SEEDS: [u64; 8] = [2, 5, 7, 9, 10, 11, 13, 3];
/// As many as a small machine has cores.
const AT_ONCE: usize = 2;

#[tokio::test]
async fn whatever_happens_every_listener_sees_what_was_published_once_and_in_order() {
    let runs = stream::iter(SEEDS).map(|seed| async move { run(&Schedule::new(seed)).await });
    let mut reports = runs.buffer_unordered(AT_ONCE);
    while let Some(report) = reports.next().await {
        println!("{report}");
        assert!(report.is_clean(), "{}", report.failure());
    }
}
