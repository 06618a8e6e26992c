//! How long to wait before the next attempt.

use core::cell::Cell;

/// What is doubled at least, in milliseconds.
const LEAST_MS: f64 = 250.0;

/// Counts the attempts that failed in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The time to wait after another failure, in milliseconds.
    ///
    /// The first is what the server asked for; each one after that is twice as long, up to `ceiling_ms`. So that those
    /// who were cut off together do not come back together, up to half as long again is added, by `random` from 0 to 1:
    /// nobody comes sooner than the server asked.
    pub(super) fn next_ms(&mut self, retry_ms: f64, ceiling_ms: f64, random: f64) -> f64 {
        // A server that asks for more than the ceiling gets it.
        let ceiling_ms = if ceiling_ms > retry_ms { ceiling_ms } else { retry_ms };
        // Whoever may come back at once does so once.
        let mut wait_ms = if self.failures > 0 && retry_ms < LEAST_MS { LEAST_MS } else { retry_ms };
        for _ in 0..self.failures {
            if wait_ms >= ceiling_ms {
                break;
            }
            wait_ms *= 2.0;
        }
        self.failures = self.failures.saturating_add(1);
        (if wait_ms > ceiling_ms { ceiling_ms } else { wait_ms }) * (1.0 + random / 2.0)
    }

    /// As [`Self::next_ms`], with a number of the browser's as `random`.
    pub(super) fn count(backoff: &Cell<Self>, retry_ms: f64, ceiling_ms: f64) -> f64 {
        let mut counted = backoff.get();
        let ms = counted.next_ms(retry_ms, ceiling_ms, js_sys::Math::random());
        backoff.set(counted);
        ms
    }

    /// How many attempts failed in a row.
    pub(super) fn failures(self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(retry_ms: f64, ceiling_ms: f64, random: f64) -> Vec<f64> {
        let mut backoff = Backoff::default();
        (0..6).map(|_| backoff.next_ms(retry_ms, ceiling_ms, random)).collect()
    }

    #[test]
    fn waits_double_up_to_the_ceiling() {
        assert_eq!(waits(1_000.0, 6_000.0, 0.0), [1_000.0, 2_000.0, 4_000.0, 6_000.0, 6_000.0, 6_000.0]);
    }

    #[test]
    fn up_to_half_as_long_again_is_added_at_random() {
        assert_eq!(waits(1_000.0, 6_000.0, 1.0), [1_500.0, 3_000.0, 6_000.0, 9_000.0, 9_000.0, 9_000.0]);
    }

    #[test]
    fn a_server_may_ask_for_more_than_the_ceiling_and_for_nothing() {
        assert_eq!(waits(9_000.0, 6_000.0, 0.0), [9_000.0; 6]);
        assert_eq!(waits(0.0, 6_000.0, 0.0), [0.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 6_000.0]);
        assert_eq!(waits(10.0, 20.0, 0.0), [10.0, 20.0, 20.0, 20.0, 20.0, 20.0]);
    }

    #[test]
    fn failures_without_end_stay_at_the_ceiling() {
        let mut backoff = Backoff::default();
        for count in 0..10_000 {
            assert_eq!(backoff.failures(), count);
            assert!(backoff.next_ms(1_000.0, 6_000.0, 0.0) <= 6_000.0);
        }
    }
}
