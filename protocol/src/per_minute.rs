//! How often something happened lately, in constant memory: one minute is counted, and the one before it is remembered.

/// A count of what happened in the last minute.
///
/// It takes what happened in the minute before this one to be spread evenly over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerMinute {
    /// Which minute since the epoch is being counted.
    minute: u64,
    count: u64,
    before: u64,
}

const MINUTE_MS: u64 = 60_000;

impl PerMinute {
    /// It happened `times` times more.
    pub fn add(&mut self, times: u64, now_ms: u64) {
        self.turn(now_ms);
        self.count = self.count.saturating_add(times);
    }

    /// How often it happened in the last minute.
    #[must_use]
    pub fn get(mut self, now_ms: u64) -> u64 {
        self.turn(now_ms);
        let remaining_ms = MINUTE_MS - now_ms % MINUTE_MS;
        self.count.saturating_add(self.before.saturating_mul(remaining_ms) / MINUTE_MS)
    }

    /// Begins another minute. After a step of the clock, in whichever direction, nothing is known of the last one.
    fn turn(&mut self, now_ms: u64) {
        let minute = now_ms / MINUTE_MS;
        if minute != self.minute {
            let before = if minute == self.minute.saturating_add(1) { self.count } else { 0 };
            *self = Self { minute, count: 0, before };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_counts_for_a_minute_and_fades_over_the_next() {
        let mut messages = PerMinute::default();
        messages.add(2, 120_000);
        messages.add(4, 179_999);
        assert_eq!(messages.get(179_999), 6);
        assert_eq!(messages.get(180_000), 6);
        assert_eq!(messages.get(210_000), 3);
        messages.add(10, 210_000);
        assert_eq!(messages.get(210_000), 13);
        assert_eq!(messages.get(300_000), 0, "two minutes later");
    }

    #[test]
    fn a_clock_that_steps_forgets() {
        let mut messages = PerMinute::default();
        messages.add(5, 1_000_000);
        assert_eq!(messages.get(9_000_000), 0);
        assert_eq!(messages.get(0), 0);
        messages.add(u64::MAX, 60_000);
        messages.add(u64::MAX, 60_000);
        assert_eq!(messages.get(60_000), u64::MAX);
    }
}
