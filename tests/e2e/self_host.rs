//! The unit for systemd in `examples/self-host`: what it starts serves, and keeps its storage where the unit says.

use std::{collections::BTreeMap, process::Stdio};

use harness::{DEADLINE, root, within};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

const UNIT: &str = "examples/self-host/cyclone-edge.service";
/// Where self-hosters put the project.
const FOLDER: &str = "/opt/cyclone-edge";

/// The unit for a project in this folder.
fn unit() -> String {
    let unit = std::fs::read_to_string(root().join(UNIT)).unwrap();
    unit.replace(FOLDER, root().to_str().unwrap())
}

/// What the unit says, by section and name.
fn settings(unit: &str) -> BTreeMap<(&str, &str), &str> {
    let mut section = "";
    let mut settings = BTreeMap::new();
    for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line:?} is a setting"));
            assert_eq!(settings.insert((section, name), value), None, "{line:?} comes once");
        }
    }
    settings
}

#[tokio::test]
async fn what_the_unit_starts_serves_and_keeps_its_storage_where_the_unit_says() {
    let unit = unit();
    let service = |name| settings(&unit)[&("Service", name)].to_owned();
    let state = tempfile::tempdir().unwrap();
    let data = state.path().join(service("StateDirectory"));
    std::fs::create_dir(&data).unwrap();
    let command = service("ExecStart").replace("%S", state.path().to_str().unwrap());
    let mut words = command.split(' ');
    let mut hub = Command::new(words.next().unwrap())
        .args(words)
        .args(["--socket-addr=http=127.0.0.1:0", "--control-fd=1"])
        .env("PUBLISH_KEY", "choose-one")
        .current_dir(service("WorkingDirectory"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut output = BufReader::new(hub.stdout.take().unwrap()).lines();
    let listening = within(DEADLINE, "the hub to listen", output.next_line()).await.unwrap().unwrap();
    let address = format!("http://127.0.0.1:{}", serde_json::from_str::<Value>(&listening).unwrap()["port"]);
    let form = [("key", "choose-one"), ("channel", "a"), ("message", "hello")];
    let publish = reqwest::Client::new().post(format!("{address}/publish")).form(&form);
    assert_eq!(publish.send().await.unwrap().status(), 200);
    assert!(data.join("cyclone-edge-Channel").exists(), "the message is on the disk");

    // What a stop does: no new connections, and the end as soon as nothing is open.
    let id = hub.id().unwrap().to_string();
    assert_eq!(service("KillSignal"), "SIGTERM");
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    within(DEADLINE, "the hub to end", hub.wait()).await.unwrap();
}

#[tokio::test]
async fn systemd_takes_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cyclone-edge.service");
    std::fs::write(&path, unit()).unwrap();
    let verify = Command::new("systemd-analyze").arg("verify").arg(&path).output().await;
    // A machine without systemd cannot tell.
    let Ok(output) = verify else { return };
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
}
