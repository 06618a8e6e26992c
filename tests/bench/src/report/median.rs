//! Medians over rounds, and ratios of them. Nothing comes of nothing: what was not measured has neither.

use crate::{load::Report, results::Results, server::Server, task::Task};

/// The middle value; of an even number, the mean of the two in the middle.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(*values.get(middle.checked_sub(1)?)?, upper))
}

/// So many times as much.
pub(super) fn ratio(value: Option<f64>, of: Option<f64>) -> Option<f64> {
    Some(value? / of.filter(|of| *of > 0.0)?)
}

impl Results {
    /// The median over the rounds of a task, of what `pick` finds in each report.
    pub(super) fn median(&self, on: Server, task: Task, pick: impl Fn(&Report) -> Option<f64>) -> Option<f64> {
        median(self.loads(on, task).filter_map(|load| pick(&load.report)))
    }

    pub(super) fn p50(&self, on: Server, task: Task) -> Option<f64> {
        self.median(on, task, |report| report.latency_ms.p50)
    }

    pub(super) fn p99(&self, on: Server, task: Task) -> Option<f64> {
        self.median(on, task, |report| report.latency_ms.p99)
    }

    /// Until the last listener has a message: the median over messages, and of these over rounds.
    pub(super) fn last(&self, on: Server, task: Task) -> Option<f64> {
        self.median(on, task, |report| report.last_listener_ms.p50)
    }

    pub(super) fn deliveries(&self, on: Server, task: Task) -> Option<f64> {
        self.median(on, task, |report| Some(report.deliveries_per_second))
    }

    /// Messages that did not arrive, in the worst round: a loss is not made good by a round without.
    pub(super) fn lost(&self, on: Server, task: Task) -> Option<f64> {
        self.loads(on, task).map(|load| load.report.lost as f64).max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, middle) in [
            (vec![], None),
            (vec![5.0], Some(5.0)),
            (vec![5.0, 1.0], Some(3.0)),
            (vec![9.0, 1.0, 5.0], Some(5.0)),
            (vec![9.0, 1.0, 1_000.0, 5.0], Some(7.0)),
        ] {
            assert_eq!(median(values.clone()), middle, "{values:?}");
        }
    }

    #[test]
    fn a_ratio_needs_both_and_something_to_divide_by() {
        assert_eq!(ratio(Some(150.0), Some(60.0)), Some(2.5));
        for (value, of) in [(None, Some(1.0)), (Some(1.0), None), (Some(1.0), Some(0.0))] {
            assert_eq!(ratio(value, of), None);
        }
    }
}
