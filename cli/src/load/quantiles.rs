//! How durations are distributed, in milliseconds.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Serialize, ser::SerializeStruct};

/// Longer ones count as an hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// A distribution of durations, exact to a microsecond and a thousandth of each.
#[derive(Clone, Debug)]
pub(super) struct Quantiles(Histogram<u64>);

impl Quantiles {
    /// The quantiles that are shown.
    pub(super) const SHOWN: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)];

    pub(super) fn new() -> Self {
        let longest = u64::try_from(LONGEST.as_micros()).unwrap_or(u64::MAX);
        Self(Histogram::new_with_bounds(1, longest, 3).expect("the bounds and the precision are valid"))
    }

    pub(super) fn record(&mut self, duration: Duration) {
        self.0.saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// So many milliseconds, or less, took this part of all; `None` where there are none.
    pub(super) fn of(&self, part: f64) -> Option<f64> {
        let Self(histogram) = self;
        if histogram.is_empty() {
            return None;
        }
        let microseconds = if part < 1.0 { histogram.value_at_quantile(part) } else { histogram.max() };
        Some(microseconds as f64 / 1_000.0)
    }
}

impl Serialize for Quantiles {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut quantiles = serializer.serialize_struct("Quantiles", Self::SHOWN.len())?;
        for (name, part) in Self::SHOWN {
            quantiles.serialize_field(name, &self.of(part))?;
        }
        quantiles.end()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_milliseconds_and_null_where_there_is_nothing() {
        let mut quantiles = Quantiles::new();
        assert_eq!(serde_json::to_string(&quantiles).unwrap(), r#"{"p50":null,"p90":null,"p99":null,"max":null}"#);
        (1..=100).for_each(|ms| quantiles.record(Duration::from_millis(ms)));
        let near = |part, expected: f64| (quantiles.of(part).unwrap() - expected).abs() <= expected / 500.0;
        assert!(near(0.5, 50.0) && near(0.9, 90.0) && near(0.99, 99.0) && near(1.0, 100.0), "{quantiles:?}");
    }

    #[test]
    fn what_takes_longer_than_an_hour_counts_as_an_hour() {
        let mut quantiles = Quantiles::new();
        quantiles.record(Duration::from_secs(7200));
        assert!((3_600_000.0..3_610_000.0).contains(&quantiles.of(1.0).unwrap()));
    }
}
