//! The command line: it publishes once however often it tries, listens through restarts, measures, and says what is wrong.

use std::process::Output;

use harness::{Answer, DEADLINE, Gate, Hub, ScriptedServer, cyclone, eventually, within};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout},
};

/// Runs a command to its end.
async fn run(url: &str, arguments: &[&str]) -> Output {
    within(DEADLINE, &format!("cyclone {arguments:?} to end"), cyclone(url, arguments).output()).await.unwrap()
}

/// What a command prints that succeeds.
async fn printed(url: &str, arguments: &[&str]) -> String {
    let output = run(url, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The code with which a command fails, and what it says.
async fn failure(url: &str, arguments: &[&str]) -> (i32, String) {
    let output = run(url, arguments).await;
    assert_eq!(output.stdout, b"", "{arguments:?}");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// `cyclone subscribe`, connected.
struct Subscriber {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Subscriber {
    async fn start(hub: &Hub, arguments: &[&str]) -> Self {
        let mut process = cyclone(&hub.url(""), &[&["subscribe"], arguments].concat()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        eventually("the subscriber to be counted", || hub.stats(), |stats| !stats.is_empty()).await;
        Self { process, lines }
    }

    async fn line(&mut self) -> String {
        within(DEADLINE, "a line", self.lines.next_line()).await.unwrap().expect("the subscriber goes on")
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    /// Waits for it to end by itself, in success.
    async fn ended(mut self) {
        assert!(within(DEADLINE, "the subscriber to end", self.process.wait()).await.unwrap().success());
        assert_eq!(self.lines.next_line().await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_is_published_is_printed_until_it_is_enough() {
    let hub = Hub::start().await;
    let mut subscriber = Subscriber::start(&hub, &["--count", "3", "cats,dogs"]).await;
    let ids = printed(&hub.url(""), &["publish", "dogs", "cats", "hello there"]).await;
    let ids: Vec<(&str, &str)> = ids.lines().map(|line| line.split_once(' ').unwrap()).collect();
    assert_eq!(ids.iter().map(|(channel, _)| *channel).collect::<Vec<_>>(), ["cats", "dogs"]);
    assert_eq!([subscriber.line().await, subscriber.line().await], ["hello there", "hello there"]);
    let answer = printed(&hub.url(""), &["publish", "--json", "--event", "born", "cats", "Tom"]).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert!(answer["status"] == "ok" && answer["ids"]["cats"].as_u64() > ids[0].1.parse().ok(), "{answer}");
    assert_eq!(subscriber.line().await, "Tom");
    subscriber.ended().await;
}

#[tokio::test]
async fn json_lines_tell_id_type_and_channel_and_lead_back_to_what_came_after() {
    let hub = Hub::start().await;
    let mut subscriber = Subscriber::start(&hub, &["--json", "cats", "dogs"]).await;
    printed(&hub.url(""), &["publish", "dogs", "two\nlines"]).await;
    printed(&hub.url(""), &["publish", "--event", "born", "cats", "Tom"]).await;
    let (first, second) = (subscriber.json().await, subscriber.json().await);
    let without_id = |line: &Value| {
        let mut line = line.clone();
        line.as_object_mut().unwrap().remove("id");
        line
    };
    assert_eq!(without_id(&first), json!({ "event": "message", "data": "two\nlines", "channel": "dogs" }));
    assert_eq!(without_id(&second), json!({ "event": "born", "data": "Tom", "channel": "cats" }));
    let id = first["id"].as_str().unwrap();
    let after = ["subscribe", "--since", id, "--count", "1", "cats", "dogs"];
    assert_eq!(printed(&hub.url(""), &after).await, "Tom\n");
    let all = ["subscribe", "--since", "10m", "--count", "1", "dogs"];
    assert_eq!(printed(&hub.url(""), &all).await, "two\nlines\n");
}

#[tokio::test]
async fn a_restart_of_the_hub_loses_and_doubles_nothing() {
    let mut hub = Hub::start().await;
    let url = hub.url("");
    let mut subscriber = Subscriber::start(&hub, &["cats", "dogs"]).await;
    for round in 0..3 {
        printed(&url, &["publish", "cats", &format!("before {round}")]).await;
        assert_eq!(subscriber.line().await, format!("before {round}"));
        hub.kill().await;
        // It tries until the hub is there again.
        let publishing = tokio::spawn(cyclone(&url, &["publish", "dogs", &format!("meanwhile {round}")]).output());
        hub.restart().await;
        let output = within(DEADLINE, "the publish", publishing).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(subscriber.line().await, format!("meanwhile {round}"));
    }
}

#[tokio::test]
async fn a_publish_with_the_same_id_is_published_once() {
    let hub = Hub::start().await;
    let publish = ["publish", "--id", "a key", "cats", "once"];
    let first = printed(&hub.url(""), &publish).await;
    assert_eq!(printed(&hub.url(""), &publish).await, first);
    let (code, said) = failure(&hub.url(""), &["publish", "--id", "a key", "cats", "another"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("422") && said.contains("idempotency_key_reused: another message was published"), "{said}");
    // Without an id each is another message.
    assert_ne!(printed(&hub.url(""), &["publish", "cats", "once"]).await, first);
}

#[tokio::test]
async fn a_publish_is_tried_again_with_the_same_id() {
    let server = ScriptedServer::start().await;
    let taken = Answer::body("application/json").piece(r#"{"status":"ok","ids":{"cats":7}}"#).end();
    let half = Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").piece("{").cut();
    let later = |status| Answer::status(status).header("Retry-After", "1");
    server.script("/publish", [later(503), half, later(429), taken]);
    assert_eq!(printed(&server.origin(), &["publish", "cats", "hello"]).await, "cats 7\n");
    let requests = server.requests("/publish");
    let bodies: Vec<Value> = requests.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    assert!(bodies.len() == 4 && bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert!(bodies[0]["id"].as_str().is_some_and(|id| id.len() > 30), "{bodies:?}");
    assert_eq!(requests[0].header("authorization"), Some("Bearer test-key"));
}

#[tokio::test]
async fn a_message_is_read_from_the_standard_input() {
    let hub = Hub::start().await;
    let mut command = cyclone(&hub.url(""), &["publish", "cats", "-"]);
    let mut process = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all("one\n\ntwo\n".as_bytes()).await.unwrap();
    assert!(within(DEADLINE, "the publish", process.wait()).await.unwrap().success());
    assert_eq!(printed(&hub.url(""), &["subscribe", "--since", "0", "--count", "1", "cats"]).await, "one\n\ntwo\n");
}

#[tokio::test]
async fn what_the_hub_refuses_is_told_once_and_is_the_end() {
    let hub = Hub::builder().setting("SUBSCRIBE_AUTH", "jwt").setting("JWT_SECRET", "x".repeat(32)).start().await;
    let url = hub.url("");
    for (arguments, expected) in [
        (
            &["publish", "--key", "wrong", "cats", "x"][..],
            "401 Unauthorized: wrong_key: the publish key is missing or wrong",
        ),
        (&["publish", "--event", "sse.gap", "cats", "x"], "400 Bad Request: invalid_event: "),
        (&["subscribe", "cats"], "401 Unauthorized: missing_token: "),
        (&["subscribe", "--token", "none", "cats"], "401 Unauthorized: invalid_token: "),
        (&["load", "--listeners", "3"], "401 Unauthorized: missing_token: "),
        (&["load", "--listeners", "0", "--key", "wrong"], "401 Unauthorized: wrong_key: "),
    ] {
        let (code, said) = failure(&url, arguments).await;
        assert_eq!((code, said.lines().count(), said.matches(expected).count()), (1, 1, 1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: "), "{said}");
    }
    let (code, said) = failure(&url, &["subscribe", "a*"]).await;
    assert_eq!((code, said.as_str()), (1, "error: a channel name must not hold `*`, which is reserved for patterns\n"));
}

#[tokio::test]
async fn a_key_from_the_environment_is_not_shown() {
    let help = printed("http://127.0.0.1:1", &["publish", "--help"]).await;
    assert!(help.contains("PUBLISH_KEY") && !help.contains("test-key"), "{help}");
}

#[tokio::test]
async fn a_gap_is_told_and_does_not_count() {
    let hub = Hub::start().await;
    hub.publish(&["cats"], "kept").await;
    // From before the channel's first message, and not from its very beginning.
    let output = run(&hub.url(""), &["subscribe", "--json", "--since", "5", "--count", "1", "cats"]).await;
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["event"], &lines[1]["data"], lines.len()),
        (&json!("sse.gap"), &json!("kept"), 2),
        "{lines:?}"
    );
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "warning: messages of cats are gone\n");
}

#[tokio::test]
async fn a_subscriber_comes_back_when_and_where_it_is_told_to() {
    let server = ScriptedServer::start().await;
    let gate = Gate::new();
    server.script(
        "/sse/",
        [
            Answer::stream().piece("retry: 10\nid: 4\n\n").cut(),
            Answer::status(503).header("Retry-After", "1"),
            Answer::stream().piece("retry: 10\n\nid: 5\ndata: a\n\nid: 6\ndata: half an ev").reset(),
            Answer::stream().piece(": sse ping\n\n").end(),
            Answer::stream().pieces(["id: 6\nevent: x\nda", "ta: b\n\n"]).wait(&gate).end(),
        ],
    );
    let subscribe = ["subscribe", "--json", "--since", "3", "--count", "2", "cats"];
    let lines = printed(&server.origin(), &subscribe).await;
    let expected = "{\"id\":\"5\",\"event\":\"message\",\"data\":\"a\",\"channel\":\"cats\"}\n\
                    {\"id\":\"6\",\"event\":\"x\",\"data\":\"b\",\"channel\":\"cats\"}\n";
    assert_eq!(lines, expected);
    let requests = server.requests("/sse/");
    let cursors: Vec<_> = requests.iter().map(|request| request.header("last-event-id").unwrap()).collect();
    assert_eq!(cursors, ["3", "4", "4", "5", "5"]);
    assert!(requests[2].at.duration_since(requests[1].at).as_secs_f64() >= 1.0, "as Retry-After says");
    assert!(requests.iter().all(|request| request.query == "channels=cats"), "{requests:?}");
}

#[tokio::test]
async fn what_is_no_event_stream_is_refused() {
    let server = ScriptedServer::start().await;
    server.script("/sse/", [Answer::body("text/html").piece("<p>hello").end()]);
    let (code, said) = failure(&server.origin(), &["subscribe", "cats"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("no event stream, but \"text/html\""), "{said}");
}

#[tokio::test]
async fn a_subscriber_whose_reader_has_gone_ends_quietly() {
    let hub = Hub::start().await;
    let mut subscriber = Subscriber::start(&hub, &["cats"]).await;
    hub.publish(&["cats"], "one").await;
    assert_eq!(subscriber.line().await, "one");
    drop(subscriber.lines);
    hub.publish(&["cats"], "two").await;
    let output = within(DEADLINE, "the subscriber to end", subscriber.process.wait_with_output()).await.unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[tokio::test]
async fn load_reports_that_every_listener_has_everything() {
    let hub = Hub::start().await;
    for options in [
        &["--listeners", "50", "--rate", "20", "--messages", "20"][..],
        &["--listeners", "20", "--channels", "4", "--flat-out", "--publishers", "8", "--messages", "50"],
    ] {
        let report = printed(&hub.url(""), &[&["load", "--json", "-", "--quiet"], options].concat()).await;
        let report: Value = serde_json::from_str(&report).unwrap();
        let (listeners, messages): (u64, u64) = (options[1].parse().unwrap(), options.last().unwrap().parse().unwrap());
        let expected = if options.contains(&"--channels") { listeners * messages / 4 } else { listeners * messages };
        for (name, number) in [
            ("listeners", listeners),
            ("connected", listeners),
            ("reconnects", 0),
            ("published", messages),
            ("publish_errors", 0),
            ("lost", 0),
            ("doubled", 0),
            ("out_of_order", 0),
        ] {
            assert_eq!(report[name], number, "{name} in {report}");
        }
        // 50 messages to 4 channels in turn: 13, 13, 12 and 12, each to five listeners.
        assert_eq!((&report["expected"], &report["delivered"]), (&json!(expected), &json!(expected)), "{report}");
        assert!(report["last_listener_ms"]["max"].as_f64() >= report["latency_ms"]["p50"].as_f64(), "{report}");
    }
}

#[tokio::test]
async fn load_writes_its_report_to_a_file_and_a_table_for_people() {
    let hub = Hub::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let options = ["load", "--listeners", "4", "--rate", "50", "--messages", "5", "--json", file.to_str().unwrap()];
    let table = printed(&hub.url(""), &options).await;
    let row = table.lines().find(|line| line.contains("delivered")).unwrap();
    assert!(row.contains("20 of 20"), "{table}");
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(report["delivered"], 20);
}
