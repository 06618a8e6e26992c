//! Invariant 2: a 2xx from `/publish` means that the message is durable in every named channel; a failure says which
//! channels lack it.

use harness::Hub;
use serde_json::{Value, json};
use tokio::fs;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let mut hub = Hub::start().await;
    for round in 0..10 {
        let names = [format!("a{round}"), format!("b{round}")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        hub.publish(&names, "durable").await;
        hub.kill().await;
        hub.restart().await;
        for name in names {
            let mut listener = hub.resume(&[name], "0").await;
            assert_eq!(listener.next_event().await.data, "durable", "{name}");
        }
    }
}

#[tokio::test]
async fn a_failure_names_the_channels_that_lack_the_message() {
    let mut hub = Hub::start().await;
    hub.publish(&["broken"], "1").await;
    hub.kill().await;
    // The only channel so far is the only one with files: its storage becomes unreadable. (`metadata.sqlite` is where the
    // runtime keeps all alarms.)
    let mut files = fs::read_dir(hub.storage("Channel")).await.unwrap();
    while let Some(file) = files.next_entry().await.unwrap() {
        if !file.file_name().to_string_lossy().starts_with("metadata.sqlite") {
            fs::write(file.path(), vec![b'#'; 8192]).await.unwrap();
        }
    }
    hub.restart().await;
    let mut listener = hub.subscribe(&["whole"]).await;
    let response = hub.try_publish(&["broken", "whole"], "2").await.unwrap();
    assert_eq!(response.status(), 503);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["error"]["failed"], json!(["broken"]), "{answer}");
    let event = listener.next_event().await;
    assert_eq!(event.data, "2");
    assert_eq!(answer["error"]["ids"]["whole"].to_string(), event.last_event_id);
}
