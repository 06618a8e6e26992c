//! A run of `cyclone load`: the command, and the JSON that it writes.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

use crate::{hub::KEY, service::Service, task::Task};

/// For connecting, and for what a server that cannot keep up delivers late.
const GRACE: Duration = Duration::from_secs(180);

/// How often memory is looked at.
const INTERVAL: Duration = Duration::from_millis(100);

/// What `cyclone load` says of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) listeners: u64,
    pub(crate) connected: u64,
    pub(crate) connect_seconds: f64,
    pub(crate) reconnects: u64,
    pub(crate) published: u64,
    pub(crate) publish_errors: u64,
    pub(crate) publish_seconds: f64,
    pub(crate) publishes_per_second: f64,
    pub(crate) publish_latency_ms: Quantiles,
    pub(crate) expected: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) out_of_order: u64,
    pub(crate) deliveries_per_second: f64,
    pub(crate) latency_ms: Quantiles,
    pub(crate) last_listener_ms: Quantiles,
}

/// A distribution; nothing where nothing was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: Option<f64>,
    pub(crate) p90: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// Bytes of the server's memory in the course of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Before anybody came.
    pub(crate) before: u64,
    /// When all were connected.
    pub(crate) start: u64,
    pub(crate) middle: u64,
    pub(crate) end: u64,
    pub(crate) most: u64,
}

/// What the server's memory was, and when.
type Sample = (Instant, u64);

/// Runs a task against a server. The load generator runs where this program does.
pub(crate) async fn run(cyclone: &Path, service: &Service, task: Task) -> anyhow::Result<(Report, Memory)> {
    let before = service.process.memory()?;
    let began = Instant::now();
    let mut command = Command::new(cyclone);
    command.arg("load").args(service.load_options()).args(task.options()).args(["--json", "-", "--quiet"]);
    command.env("PUBLISH_KEY", KEY).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().with_context(|| format!("{} does not start", cyclone.display()))?;
    let mut samples = Vec::new();
    let sampling = async {
        loop {
            samples.extend(service.process.memory().map(|bytes| (Instant::now(), bytes)));
            sleep(INTERVAL).await;
        }
    };
    let limit = GRACE + Duration::from_secs(task.seconds().into());
    let output = tokio::select! {
        output = timeout(limit, child.wait_with_output()) => output.context("cyclone load does not end")??,
        () = sampling => bail!("sampling goes on"),
    };
    if !output.status.success() {
        bail!("cyclone load: {}", output.status);
    }
    let report: Report = serde_json::from_slice(&output.stdout).context("what cyclone load writes")?;
    let connected = began + Duration::from_secs_f64(report.connect_seconds);
    Ok((report, Memory::of(before, &samples, connected)))
}

impl Memory {
    /// The last samples may be from when listeners left: that is what is between the end of the run and the next look.
    fn of(before: u64, samples: &[Sample], connected: Instant) -> Self {
        let while_connected: Vec<u64> =
            samples.iter().filter(|(at, _)| *at >= connected).map(|(_, bytes)| *bytes).collect();
        let at = |index: usize| while_connected.get(index).copied().unwrap_or(before);
        let last = while_connected.len().saturating_sub(3);
        let most = samples.iter().map(|(_, bytes)| *bytes).max().unwrap_or(before);
        Self { before, start: at(0), middle: at(last / 2), end: at(last), most }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_cyclone_load_writes_is_read() {
        let text = r#"{
            "listeners": 3600, "connected": 3600, "connect_seconds": 2.1, "reconnects": 0,
            "published": 100, "publish_errors": 0, "publish_seconds": 10.0, "publishes_per_second": 10.0,
            "publish_latency_ms": {"p50": 1.5, "p90": 2, "p99": 3.25, "max": 4},
            "expected": 360000, "delivered": 360000, "lost": 0, "doubled": 0, "out_of_order": 0,
            "deliveries_per_second": 36000.0,
            "latency_ms": {"p50": null, "p90": null, "p99": null, "max": null},
            "last_listener_ms": {"p50": 150, "p90": 151, "p99": 152, "max": 153},
            "something_new": true
        }"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert_eq!((report.connected, report.connect_seconds, report.delivered), (3_600, 2.1, 360_000));
        assert_eq!(report.publish_latency_ms.p99, Some(3.25));
        assert_eq!(report.latency_ms, Quantiles::default());
        assert_eq!(report.last_listener_ms.max, Some(153.0));
    }

    #[test]
    fn memory_is_that_of_the_time_in_which_all_are_connected() {
        let start = Instant::now();
        let samples: Vec<Sample> = (0..10).map(|index| (start + index as u32 * INTERVAL, 100 + index)).collect();
        let memory = Memory::of(50, &samples, start + 2 * INTERVAL);
        assert_eq!(memory, Memory { before: 50, start: 102, middle: 104, end: 107, most: 109 });
        assert_eq!(Memory::of(50, &[], start), Memory { before: 50, start: 50, middle: 50, end: 50, most: 50 });
    }
}
