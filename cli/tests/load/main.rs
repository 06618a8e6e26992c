//! `cyclone load` against a server that delivers what it is published as a test says: what it loses, doubles, delivers out
//! of order or cuts off has to be found in the report.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "tests may panic")]

mod server;

use serde_json::Value;
use server::{Delivery, Server};
use tokio::process::Command;

/// Runs `cyclone load` and returns its report.
async fn load(options: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cyclone"));
    let output = command.args(["load", "--json", "-"]).args(options).kill_on_drop(true).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The numbers of a report by these names.
fn numbers<const N: usize>(report: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}")))
}

#[tokio::test]
async fn what_is_delivered_in_big_chunks_is_all_found() {
    let server = Server::start(Delivery::Everything).await;
    let report = load(&["--url", &server.url(), "--listeners", "50", "--flat-out", "--messages", "400"]).await;
    assert_eq!(
        numbers(&report, ["listeners", "connected", "published", "publish_errors", "expected", "delivered"]),
        [50, 50, 400, 0, 20_000, 20_000]
    );
    assert_eq!(numbers(&report, ["lost", "doubled", "out_of_order", "reconnects"]), [0; 4]);
    for name in ["connect_seconds", "publish_seconds", "publishes_per_second", "deliveries_per_second"] {
        assert!(report[name].as_f64().unwrap() > 0.0, "{name} in {report}");
    }
    for name in ["publish_latency_ms", "latency_ms", "last_listener_ms"] {
        let quantiles = ["p50", "p90", "p99", "max"].map(|quantile| report[name][quantile].as_f64().unwrap());
        assert!(quantiles[0] > 0.0 && quantiles.is_sorted(), "{name} in {report}");
    }
    assert_eq!(report.as_object().unwrap().len(), 17, "{report}");
}

#[tokio::test]
async fn what_is_lost_doubled_and_out_of_order_is_counted_for_each_listener() {
    let server = Server::start(Delivery::Faulty).await;
    let report = load(&["--url", &server.url(), "--listeners", "6", "--rate", "50", "--messages", "20"]).await;
    assert_eq!(numbers(&report, ["expected", "delivered", "lost", "doubled", "out_of_order"]), [120, 114, 6, 6, 6]);
}

#[tokio::test]
async fn who_is_cut_off_comes_back_with_a_last_event_id_and_loses_nothing() {
    let server = Server::start(Delivery::CutOnce).await;
    let report = load(&["--url", &server.url(), "--listeners", "8", "--rate", "50", "--messages", "30"]).await;
    assert_eq!(numbers(&report, ["delivered", "lost", "doubled", "out_of_order", "reconnects"]), [240, 0, 0, 0, 8]);
}

#[tokio::test]
async fn each_listener_of_several_channels_in_turn_is_expected_to_hear_its_own() {
    let server = Server::start(Delivery::Everything).await;
    let url = server.url();
    let report = load(&[
        "--url",
        &url,
        "--listeners",
        "6",
        "--channels",
        "3",
        "--flat-out",
        "--messages",
        "31",
        "--warm-up",
        "2",
    ])
    .await;
    // 11, 10 and 10 messages, to two listeners each.
    assert_eq!(numbers(&report, ["expected", "delivered", "lost"]), [62, 62, 0]);
}

#[tokio::test]
async fn another_server_is_asked_as_its_templates_say() {
    let server = Server::start(Delivery::Silent).await;
    let (subscribe, publish) = (server.path("/sub/{channels}"), server.path("/pub/{channel}"));
    let templates =
        ["--subscribe-url", &subscribe, "--publish-url", &publish, "--publish-body", r#"{"data":"{message}"}"#];
    let report = load(&[&templates[..], &["--listeners", "4", "--rate", "50", "--messages", "5"]].concat()).await;
    assert_eq!(numbers(&report, ["connected", "expected", "delivered", "lost"]), [4, 20, 20, 0]);
}

#[tokio::test]
async fn without_listeners_publishing_alone_is_measured() {
    let server = Server::start(Delivery::Everything).await;
    let report = load(&["--url", &server.url(), "--listeners", "0", "--flat-out", "--messages", "50"]).await;
    assert_eq!(numbers(&report, ["listeners", "connected", "published", "expected", "delivered"]), [0, 0, 50, 0, 0]);
    assert!(report["publish_latency_ms"]["p50"].is_f64() && report["latency_ms"]["p50"].is_null(), "{report}");
}
