//! The benchmark still runs. What it measures here says nothing.

use std::process::Stdio;

use harness::{command_line_folder, within};
use serde_json::Value;
use tokio::{process::Command, time::Duration};

/// It takes some seconds.
const RUNNING: Duration = Duration::from_secs(120);

#[tokio::test]
async fn the_benchmark_measures_everything_and_writes_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(command_line_folder().join("bench"));
    command.arg("--smoke").arg("--out").arg(folder.path()).kill_on_drop(true);
    let output = command.stdin(Stdio::null()).output();
    let output = within(RUNNING, "the benchmark", output).await.expect("`npm test` builds it");
    let printed = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&printed));

    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let results: Value = serde_json::from_str(&read("bench.json")).unwrap();
    for kind in ["loads", "idle", "evictions", "starts", "costs", "joins"] {
        let runs = results[kind].as_array().unwrap();
        assert!(!runs.is_empty(), "{kind} are measured");
    }
    for load in results["loads"].as_array().unwrap() {
        assert_eq!((&load["report"]["lost"], &load["report"]["doubled"]), (&Value::from(0), &Value::from(0)), "{load}");
    }
    assert!(read("bench.md").starts_with("# Benchmark"));
    for plot in ["latency.svg", "throughput.svg"] {
        assert!(read(plot).ends_with("</svg>\n"), "{plot}");
    }
}
