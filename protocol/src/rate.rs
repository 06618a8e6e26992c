//! How often something may happen: the generic cell rate algorithm (ITU-T I.371), with a second's worth at once.

/// So many times a second, and as many at once after a quiet second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval_us: u64,
}

/// How much of a rate is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// When all that happened is paid off, in microseconds since the epoch.
    paid_at_us: u64,
}

impl Rate {
    /// The highest rate, in times a second.
    pub const MAX_PER_SECOND: u64 = 1_000_000;

    const SECOND_US: u64 = 1_000_000;

    /// A rate of 1 to [`Self::MAX_PER_SECOND`] times a second; what is beyond is taken for the nearest of these.
    #[must_use]
    pub fn per_second(times: u64) -> Self {
        Self { interval_us: Self::SECOND_US / times.clamp(1, Self::MAX_PER_SECOND) }
    }
}

impl Meter {
    /// Has it happen once more, unless that is more than the rate allows.
    ///
    /// A clock that is set back costs a second's worth at most.
    ///
    /// # Errors
    /// In how many milliseconds it may happen again: 1 to 1,000.
    pub fn pass(&mut self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        let now_us = now_ms.saturating_mul(1_000);
        let full_us = now_us.saturating_add(Rate::SECOND_US);
        self.paid_at_us = self.paid_at_us.clamp(now_us, full_us);
        let paid_at_us = self.paid_at_us.saturating_add(rate.interval_us);
        if paid_at_us > full_us {
            return Err((paid_at_us - full_us).div_ceil(1_000));
        }
        self.paid_at_us = paid_at_us;
        Ok(())
    }

    /// Whether nothing is used up any more.
    #[must_use]
    pub fn is_idle(self, now_ms: u64) -> bool {
        self.paid_at_us <= now_ms.saturating_mul(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How many of `times` attempts at one moment pass.
    fn passes(meter: &mut Meter, rate: Rate, times: usize, now_ms: u64) -> usize {
        (0..times).filter(|_| meter.pass(rate, now_ms).is_ok()).count()
    }

    #[test]
    fn a_second_is_worth_of_the_rate_passes_at_once_and_the_rest_in_its_time() {
        let (mut meter, rate) = (Meter::default(), Rate::per_second(10));
        assert_eq!(passes(&mut meter, rate, 100, 5_000), 10);
        assert_eq!(meter.pass(rate, 5_000), Err(100));
        assert_eq!(meter.pass(rate, 5_099), Err(1));
        assert_eq!(passes(&mut meter, rate, 100, 5_100), 1);
        assert_eq!(passes(&mut meter, rate, 100, 5_600), 5);
        assert!(!meter.is_idle(5_600));
        assert!(meter.is_idle(9_000));
        assert_eq!(passes(&mut meter, rate, 100, 9_000), 10);
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let (mut meter, rate) = (Meter::default(), Rate::per_second(2));
        assert_eq!(passes(&mut meter, rate, 5, 1_000_000), 2);
        assert_eq!(meter.pass(rate, 10_000), Err(500));
        assert_eq!(passes(&mut meter, rate, 5, 11_000), 2);
    }

    proptest! {
        #[test]
        fn no_second_sees_more_than_twice_the_rate(
            times in 1..200_u64, steps in proptest::collection::vec(0..50_u64, 1..400),
        ) {
            let (mut meter, rate, mut now, mut passed) = (Meter::default(), Rate::per_second(times), 1_000, Vec::new());
            for step in steps {
                now += step;
                match meter.pass(rate, now) {
                    Ok(()) => passed.push(now),
                    Err(wait) => {
                        prop_assert!((1..=1_000).contains(&wait));
                        prop_assert!(meter.clone().pass(rate, now + wait).is_ok(), "after the wait it passes");
                    }
                }
            }
            for (place, end) in passed.iter().enumerate() {
                let within = passed.iter().take(place + 1).filter(|at| **at + 1_000 > *end).count() as u64;
                prop_assert!(within <= 2 * times + 1, "{within} of {times} a second");
            }
        }
    }
}
