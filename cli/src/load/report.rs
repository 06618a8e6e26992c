//! What came of a run, for people and for programs.

use std::{
    fs::write,
    io::{Write, stdout},
    path::Path,
    time::Duration,
};

use anyhow::Context;
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use serde::Serialize;

use super::{quantiles::Quantiles, tally::Outcome};

/// How connecting went.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) listeners: usize,
    pub(super) connected: usize,
    pub(super) took: Duration,
}

/// How publishing went.
#[derive(Debug)]
pub(super) struct Publishing {
    pub(super) errors: u64,
    /// Until the last answer, or until the schedule was over.
    pub(super) took: Duration,
}

/// The report of a run. Its members are the JSON's.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    listeners: usize,
    connected: usize,
    connect_seconds: f64,
    reconnects: u64,
    published: u64,
    publish_errors: u64,
    publish_seconds: f64,
    publishes_per_second: f64,
    publish_latency_ms: Quantiles,
    expected: u64,
    delivered: u64,
    lost: u64,
    doubled: u64,
    out_of_order: u64,
    deliveries_per_second: f64,
    latency_ms: Quantiles,
    last_listener_ms: Quantiles,
}

impl Report {
    pub(super) fn new(connections: &Connections, publishing: &Publishing, outcome: Outcome) -> Self {
        Self {
            listeners: connections.listeners,
            connected: connections.connected,
            connect_seconds: seconds(connections.took),
            reconnects: outcome.reconnects,
            published: outcome.published,
            publish_errors: publishing.errors,
            publish_seconds: seconds(publishing.took),
            publishes_per_second: per_second(outcome.published, publishing.took),
            publish_latency_ms: outcome.publish_latency,
            expected: outcome.expected,
            delivered: outcome.delivered,
            lost: outcome.expected.saturating_sub(outcome.delivered),
            doubled: outcome.doubled,
            out_of_order: outcome.out_of_order,
            deliveries_per_second: per_second(outcome.delivered, outcome.delivering),
            latency_ms: outcome.latency,
            last_listener_ms: outcome.last_listener,
        }
    }

    /// Prints the table, and writes the JSON where it is asked for: to a file, or to the standard output in place of the
    /// table.
    pub(super) fn write(&self, json: Option<&Path>) -> anyhow::Result<()> {
        let Some(path) = json else {
            return print(&self.table());
        };
        let text = serde_json::to_string_pretty(self)?;
        if path == Path::new("-") {
            return print(&text);
        }
        write(path, text + "\n").with_context(|| format!("{} cannot be written", path.display()))?;
        print(&self.table())
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING);
        let mut row = |name: &str, value: String| {
            table.add_row([name, &value]);
        };
        row("connected", format!("{} of {}, in {} s", self.connected, self.listeners, self.connect_seconds));
        row("reconnects", self.reconnects.to_string());
        row(
            "published",
            format!("{}, in {} s: {} a second", self.published, self.publish_seconds, self.publishes_per_second),
        );
        row("publishes that failed", self.publish_errors.to_string());
        row("delivered", format!("{} of {}: {} a second", self.delivered, self.expected, self.deliveries_per_second));
        row("lost", self.lost.to_string());
        row("doubled", self.doubled.to_string());
        row("out of order", self.out_of_order.to_string());
        let mut times = Table::new();
        times.load_style(NOTHING);
        times.set_header(["ms"].into_iter().chain(Quantiles::SHOWN.map(|(name, _)| name)));
        for (name, quantiles) in [
            ("until a publish is answered", &self.publish_latency_ms),
            ("until a listener has it", &self.latency_ms),
            ("until the last listener has it", &self.last_listener_ms),
        ] {
            let shown = |(_, part)| quantiles.of(part).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
            times.add_row([name.to_owned()].into_iter().chain(Quantiles::SHOWN.map(shown)));
        }
        times.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        format!("{}\n\n{}", table.trim_fmt(), times.trim_fmt())
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(stdout(), "{text}")?)
}

/// To a thousandth.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// To a tenth; 0 where nothing has happened.
fn per_second(count: u64, duration: Duration) -> f64 {
    let seconds = duration.as_secs_f64();
    if seconds > 0.0 { (count as f64 / seconds * 10.0).round() / 10.0 } else { 0.0 }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(deliveries: u64) -> Report {
        let mut latency = Quantiles::new();
        (0..deliveries).for_each(|_| latency.record(Duration::from_millis(2)));
        let outcome = Outcome {
            published: 100,
            expected: 1_000,
            delivered: deliveries,
            doubled: 1,
            out_of_order: 2,
            reconnects: 3,
            delivering: Duration::from_millis(if deliveries > 0 { 12_500 } else { 0 }),
            publish_latency: Quantiles::new(),
            latency: latency.clone(),
            last_listener: latency,
        };
        let connections = Connections { listeners: 12, connected: 10, took: Duration::from_millis(2_100) };
        let publishing = Publishing { errors: 4, took: Duration::from_secs(10) };
        Report::new(&connections, &publishing, outcome)
    }

    #[test]
    fn the_json_has_every_number_by_its_name() {
        let some = |ms: f64| json!({ "p50": ms, "p90": ms, "p99": ms, "max": ms });
        let none = json!({ "p50": null, "p90": null, "p99": null, "max": null });
        let expected = json!({
            "listeners": 12, "connected": 10, "connect_seconds": 2.1, "reconnects": 3,
            "published": 100, "publish_errors": 4, "publish_seconds": 10.0, "publishes_per_second": 10.0,
            "publish_latency_ms": none,
            "expected": 1000, "delivered": 990, "lost": 10, "doubled": 1, "out_of_order": 2,
            "deliveries_per_second": 79.2, "latency_ms": some(2.0), "last_listener_ms": some(2.0),
        });
        assert_eq!(serde_json::to_value(report(990)).unwrap(), expected);
    }

    #[test]
    fn the_table_shows_a_dash_where_nothing_was_measured() {
        let table = report(0).table();
        let line = table.lines().find(|line| line.contains("the last listener")).unwrap();
        assert_eq!(line.split_whitespace().rev().take(4).collect::<Vec<_>>(), ["-"; 4], "{table}");
        assert!(table.contains("10 of 12, in 2.1 s") && table.contains("0 of 1000: 0 a second"), "{table}");
    }
}
