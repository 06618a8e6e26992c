//! A run of `cyclone load`: the command, and the JSON that it writes.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::{process::Command, time::timeout};

use crate::{
    course::{Busy, Course, Memory},
    hub::KEY,
    service::Service,
    task::Task,
};

/// For connecting, and for what a server that cannot keep up delivers late.
const GRACE: Duration = Duration::from_secs(180);

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

/// Runs a task against a server. The load generator runs where this program does.
pub(crate) async fn run(cyclone: &Path, service: &Service, task: Task) -> anyhow::Result<(Report, Memory, Busy)> {
    let began = Instant::now();
    let mut command = Command::new(cyclone);
    command.arg("load").args(service.load_options()).args(task.options()).args(["--json", "-", "--quiet"]);
    command.env("PUBLISH_KEY", KEY).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().with_context(|| format!("{} does not start", cyclone.display()))?;
    let generator = child.id().context("cyclone load has ended")?;
    let (mut course, limit) = (Course::default(), GRACE + Duration::from_secs(task.seconds().into()));
    let output = tokio::select! {
        output = timeout(limit, child.wait_with_output()) => output.context("cyclone load does not end")??,
        () = course.watch(service, generator) => bail!("watching ended"),
    };
    if !output.status.success() {
        bail!("cyclone load: {}", output.status);
    }
    let report: Report = serde_json::from_slice(&output.stdout).context("what cyclone load writes")?;
    let connected = began + Duration::from_secs_f64(report.connect_seconds);
    let (memory, busy) = (course.memory(connected), course.busy(connected));
    Ok((report, memory, busy))
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
}
