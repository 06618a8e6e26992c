//! What is promised, and whether it holds.

use crate::{
    report::{
        listeners::{eviction_seconds, few_and_many, idle_bytes},
        median::{median, ratio},
        number::{count, number},
        table::Table,
    },
    results::{Joins, Results},
    server::Server,
    task::{Mix, Task},
};

/// Where a plain loop over the listeners takes 210 ms, Nchan takes 60 and the hub 170.
const TIMES_NCHAN: f64 = 170.0 / 60.0;

/// How much more a listener may cost among many than among few, where cost grows with their number and no faster.
const LINEAR: f64 = 1.5;

/// A bound, and what was measured.
#[derive(Clone, Debug, PartialEq)]
struct Target {
    what: String,
    bound: Bound,
    unit: &'static str,
    measured: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn at_most(what: String, bound: f64, unit: &'static str, measured: Option<f64>) -> Self {
        Self { what, bound: Bound::AtMost(bound), unit, measured }
    }

    fn at_least(what: String, bound: f64, unit: &'static str, measured: Option<f64>) -> Self {
        Self { what, bound: Bound::AtLeast(bound), unit, measured }
    }

    fn verdict(&self) -> &'static str {
        match (self.measured, self.bound) {
            (None, _) => "not measured",
            (Some(measured), Bound::AtMost(bound)) if measured <= bound => "yes",
            (Some(measured), Bound::AtLeast(bound)) if measured >= bound => "yes",
            _ => "**no**",
        }
    }

    fn row(&self) -> [String; 4] {
        let bound = match self.bound {
            Bound::AtMost(bound) => format!("at most {}", number(Some(bound))),
            Bound::AtLeast(bound) => format!("at least {}", number(Some(bound))),
        };
        let with_unit = |text: String| format!("{text} {}", self.unit).trim_end().to_owned();
        let measured = if self.measured.is_some() { with_unit(number(self.measured)) } else { String::new() };
        [self.what.clone(), with_unit(bound), measured, self.verdict().to_owned()]
    }
}

/// The table of targets.
pub(super) fn section(results: &Results) -> String {
    let mut table = Table::new(["what", "target", "measured", "met"], []);
    for target in targets(results) {
        table.row(target.row());
    }
    format!(
        "## Targets\n\nHow each is measured is said below. A broadcast also has to hold against the peer, which ran beside it: 170 ms are \
         promised where Nchan takes 60. Linear is taken to be what costs a listener among many at most half as much again as \
         among few.\n\n{table}"
    )
}

fn targets(results: &Results) -> Vec<Target> {
    let mut targets = Vec::new();
    for mix in Mix::ALL {
        targets.extend(broadcast(results, mix));
    }
    targets.extend(sustained(results));
    targets.extend(listeners(results));
    targets.extend(growth(results));
    targets
}

fn broadcast(results: &Results, mix: Mix) -> [Target; 3] {
    let task = results.plan.broadcast(mix);
    let what =
        |what: &str| format!("Broadcast to {} listeners of {}: {what}", count(results.plan.broadcast), mix.name());
    let (p50, last) = (results.p50(Server::Hub, task), results.last(Server::Hub, task));
    [
        Target::at_most(what("until the last has it"), 170.0, "ms", last),
        Target::at_most(what("that, to Nchan's"), TIMES_NCHAN, "x", ratio(last, results.last(Server::Nchan, task))),
        Target::at_most(what("median"), 70.0, "ms", p50),
    ]
}

fn sustained(results: &Results) -> [Target; 6] {
    let (plan, task) = (&results.plan, results.plan.sustained());
    let what = |what: &str| {
        let (listeners, rate, seconds) = (count(plan.listeners), plan.sustained_rate, plan.sustained_seconds);
        format!("{rate} messages/s to {listeners} listeners for {seconds} s: {what}")
    };
    let tasks = plan.rates.iter().map(|per_second| plan.rate(*per_second)).chain([task, plan.flat_out()]);
    let of_peer = tasks.filter_map(|task| results.deliveries(Server::Nchan, task)).max_by(f64::total_cmp);
    let growth = results
        .loads(Server::Hub, task)
        .filter_map(|load| ratio(Some(load.memory.end as f64), Some(load.memory.middle as f64)));
    [
        Target::at_least(
            what("published, to what was offered"),
            0.99,
            "x",
            results.median(Server::Hub, task, |report| {
                ratio(Some(report.publishes_per_second), Some(f64::from(plan.sustained_rate)))
            }),
        ),
        Target::at_most(what("lost"), 0.0, "", results.lost(Server::Hub, task)),
        Target::at_least(
            what("deliveries/s, to the most of Nchan"),
            1.5,
            "x",
            ratio(results.deliveries(Server::Hub, task), of_peer),
        ),
        Target::at_most(what("p99"), 150.0, "ms", results.p99(Server::Hub, task)),
        Target::at_most(what("memory at the end, to the middle"), 1.1, "x", median(growth)),
        Target::at_least(
            "Publishes to one channel, durable, no listeners, 32 connections".to_owned(),
            2_500.0,
            "/s",
            results.median(Server::Hub, plan.publish(), |report| Some(report.publishes_per_second)),
        ),
    ]
}

fn listeners(results: &Results) -> [Target; 3] {
    let kilobytes = |on| idle_bytes(results, on).map(|bytes| bytes / 1_000.0);
    [
        Target::at_most("Memory of an idle listener, stream leg".to_owned(), 80.0, "KB", kilobytes(Server::HubStreams)),
        Target::at_most(
            "Memory of an idle listener, socket leg".to_owned(),
            150.0,
            "KB",
            kilobytes(Server::HubSockets),
        ),
        Target::at_most(
            "Silence after which a channel with listeners is evicted, in every round".to_owned(),
            15.0,
            "s",
            eviction_seconds(results).map(f64::from),
        ),
    ]
}

/// Linear is what costs each listener among many as much as among few.
fn growth(results: &Results) -> Vec<Target> {
    let sizes = &results.plan.sizes;
    // Fewer than about a thousand cost so little that what one message costs by itself would count.
    let few = sizes.iter().copied().filter(|size| *size >= 1_000).min();
    let mut targets = Vec::new();
    if let (Some(few), Some(many)) = (few, sizes.iter().copied().max())
        && few < many
    {
        let each = |listeners: u32| {
            let task: Task = results.plan.size(listeners);
            results.last(Server::Hub, task).map(|last| last / f64::from(listeners))
        };
        let what =
            format!("Time until the last has it, for each of {} listeners, to that of {}", count(many), count(few));
        targets.push(Target::at_most(what, LINEAR, "x", ratio(each(many), each(few))));
    }
    for mix in Mix::ALL {
        for (name, [few, many]) in [
            ("join", few_and_many(results, mix, Joins::join_microseconds)),
            ("leave", few_and_many(results, mix, Joins::leave_microseconds)),
        ] {
            let what = format!("Processor time of a {name} among many, to that among few, {}", mix.name());
            targets.push(Target::at_most(what, LINEAR, "x", ratio(many, few)));
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::results;

    #[test]
    fn a_bound_holds_up_to_itself() {
        let verdict = |bound, measured| Target { what: String::new(), bound, unit: "ms", measured }.verdict();
        for (bound, measured, expected) in [
            (Bound::AtMost(170.0), Some(170.0), "yes"),
            (Bound::AtMost(170.0), Some(170.1), "**no**"),
            (Bound::AtLeast(1.5), Some(1.5), "yes"),
            (Bound::AtLeast(1.5), Some(1.4), "**no**"),
            (Bound::AtMost(0.0), Some(0.0), "yes"),
            (Bound::AtMost(0.0), Some(f64::NAN), "**no**"),
            (Bound::AtMost(0.0), None, "not measured"),
        ] {
            assert_eq!(verdict(bound, measured), expected, "{bound:?} {measured:?}");
        }
    }

    #[test]
    fn targets_take_what_was_measured() {
        let targets = targets(&results());
        let found =
            |text: &str| targets.iter().find(|target| target.what.contains(text)).and_then(|found| found.measured);
        assert_eq!(found("two channels each: until the last has it"), Some(150.0));
        assert_eq!(found("two channels each: that, to Nchan's"), Some(2.5));
        assert_eq!((found("published, to what was offered"), found("lost")), (Some(1.0), Some(0.0)));
        assert_eq!(found("to the most of Nchan"), Some(2.0), "of what it does flat out, which is more");
        assert_eq!(found("stream leg"), Some(75.0));
        assert_eq!(found("is evicted"), Some(12.0));
        assert_eq!(found("for each of 8,000 listeners, to that of 1,000"), Some(1.0));
        assert_eq!(found("a join among many, to that among few, one channel"), Some(1.25));
        assert_eq!(found("32 connections"), None, "it is not in the sample");
    }
}
