//! The README's commands, as typed, on the path that a newcomer takes: `npm start`, which serves with wrangler.

use std::{process::Stdio, time::Duration};

use harness::{Browser, DEADLINE, Hub, KEY, eventually, root, within};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader, Lines},
    process::{Child, Command},
};

/// Both have been built when the tests run; what is left is wrangler's own start.
const STARTING: Duration = Duration::from_secs(120);

/// The lines of all blocks of one language, without their comments.
fn lines_of(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("\n```").skip(1).step_by(2);
    let lines = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).flat_map(str::lines);
    lines.map(|line| line.split("  #").next().unwrap().trim().to_owned()).collect()
}

/// The only line that begins so, with the port in the README replaced by another.
fn line(start: &str, port: u16) -> String {
    let found: Vec<String> = lines_of("sh").into_iter().filter(|line| line.starts_with(start)).collect();
    assert_eq!(found.len(), 1, "README has one line that begins with {start:?}: {found:?}");
    found[0].replace("8787", &port.to_string())
}

fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec {line}")]).current_dir(root());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// A process and all that it starts, which would outlive it: `npx` does not take along what it runs.
struct Group(Child);

impl Group {
    fn start(command: &mut Command) -> Self {
        Self(command.process_group(0).spawn().unwrap())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        }
    }
}

/// `npm start`, which stops all that it started when its own process is gone.
async fn start(port: u16) -> Child {
    let mut hub = shell(&line("npm start", port)).env("PORT", port.to_string()).spawn().unwrap();
    let mut output = BufReader::new(hub.stdout.take().unwrap()).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = output.next_line().await {
            println!("{line}");
        }
    });
    let health = async || reqwest::get(format!("http://127.0.0.1:{port}/healthz")).await.is_ok();
    within(STARTING, "npm start to serve", async {
        while !health().await {
            assert_eq!(hub.try_wait().unwrap(), None, "npm start ended by itself");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
    hub
}

async fn next_line(lines: &mut Lines<BufReader<impl AsyncRead + Unpin>>) -> String {
    within(DEADLINE, "a line", lines.next_line()).await.unwrap().expect("curl goes on")
}

/// Puts `0` for each digit: numbers differ from run to run.
fn shape(line: &str) -> String {
    let digits = |character: char| if character.is_ascii_digit() { '0' } else { character };
    line.chars().map(digits).collect()
}

#[tokio::test]
async fn what_curl_publishes_arrives_at_curl_as_the_readme_shows() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut hub = start(port).await;
    let mut listener = shell(&line("curl -N", port)).spawn().unwrap();
    let mut heard = BufReader::new(listener.stdout.take().unwrap()).lines();
    let mut lines = vec![next_line(&mut heard).await, next_line(&mut heard).await, next_line(&mut heard).await];

    let published = shell(&line("curl -d", port)).output().await.unwrap();
    let answer = String::from_utf8(published.stdout).unwrap();
    assert!(answer.starts_with(r#"{"status":"ok","ids":{"cats":"#), "{answer} (is the key in .dev.vars `dev-key`?)");
    lines.extend([next_line(&mut heard).await, next_line(&mut heard).await]);

    let shown: Vec<String> = lines_of("text").into_iter().take(5).collect();
    // The channel may have been used before: its head is 0 in a fresh clone only.
    assert_eq!((shown[1].as_str(), lines[1].strip_prefix("id: ").is_some()), ("id: 0", true), "{lines:?}");
    lines[1].clone_from(&shown[1]);
    assert_eq!(
        lines.iter().map(|line| shape(line)).collect::<Vec<_>>(),
        shown.iter().map(|line| shape(line)).collect::<Vec<_>>()
    );

    let published = shell(&line("curl -H", port)).output().await.unwrap();
    let answer = String::from_utf8(published.stdout).unwrap();
    assert!(answer.starts_with(r#"{"status":"ok","ids":{"cats":"#) && answer.contains(r#","dogs":"#), "{answer}");
    for expected in ["", "id: ", "event: born", r#"data: {"name": "Tom"}"#] {
        let line = next_line(&mut heard).await;
        assert!(line.starts_with(expected), "{line:?} is {expected:?}");
    }

    hub.kill().await.unwrap();
    let answers = async || reqwest::get(format!("http://127.0.0.1:{port}/healthz")).await.is_ok();
    eventually("wrangler to stop", answers, |answers| !answers).await;
}

#[tokio::test]
async fn the_page_of_the_readme_shows_what_its_elements_want() {
    let hub = Hub::start().await;
    let page = lines_of("html").join("\n");
    let (elements, script) = page.split_once(r#"<script type="module">"#).unwrap();
    let script = script.split_once("</script>").unwrap().0;
    // What is run in a page by a driver is no module.
    let script = script.replace("import init, { connect } from", "const { default: init, connect } = await import(");
    let script = script.replace(".js\";", ".js\");");
    let browser = Browser::start().await;
    browser.open(&hub.url("/healthz")).await;
    let failure = browser.run_async(&format!("document.body.innerHTML = `{elements}`; {script}")).await;
    assert_eq!(failure, Value::Null);
    eventually("the page to listen", || hub.stats(), |stats| stats.len() == 3).await;
    for (channel, event, message) in
        [("dogs", "", "1"), ("prices", "rise", "2"), ("prices", "", "3"), ("prices", "fall", "4")]
    {
        let form = [("key", KEY), ("channel", channel), ("event", event), ("message", message)];
        assert_eq!(hub.post("/publish").form(&form).send().await.unwrap().status(), 200);
    }
    let shown = "[...document.querySelectorAll('div.sse')].map((element) => element.innerText.trim())";
    let expected = json!(["dogs message: 1", "prices rise: 2\nprices fall: 4"]);
    browser.eventually("both elements to show theirs", shown, |shown| *shown == expected).await;
}

#[tokio::test]
async fn the_hub_runs_under_workerd_alone() {
    let data = tempfile::tempdir().unwrap();
    let serve = line("mkdir -p data", 0);
    let (_, serve) = serve.split_once(" && ").unwrap();
    let serve = format!(
        "env {serve} --socket-addr http=127.0.0.1:0 --control-fd=1 --directory-path objects={}",
        data.path().display()
    );
    let mut hub = Group::start(&mut shell(&serve));
    let listening = next_line(&mut BufReader::new(hub.0.stdout.take().unwrap()).lines()).await;
    let port = serde_json::from_str::<Value>(&listening).unwrap()["port"].as_u64().unwrap();
    let address = format!("http://127.0.0.1:{port}");
    let publish = reqwest::Client::new().post(format!("{address}/publish"));
    let form = [("key", "choose-one"), ("channel", "cats"), ("message", "hello")];
    assert_eq!(publish.form(&form).send().await.unwrap().status(), 200);
    assert!(reqwest::get(format!("{address}/media/demo.js")).await.unwrap().status().is_success());
    assert!(data.path().join("cyclone-edge-Channel").exists(), "the message is on the disk");
}

#[test]
fn workerd_gets_the_date_the_objects_and_the_settings_that_the_project_has() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let (wrangler, workerd): (toml::Table, _) =
        (read("wrangler.toml").parse().unwrap(), read("examples/self-host/workerd.capnp"));
    assert!(workerd.contains(&format!("compatibilityDate = {:?}", wrangler["compatibility_date"].as_str().unwrap())));
    for object in wrangler["durable_objects"]["bindings"].as_array().unwrap() {
        let (name, class) = (object["name"].as_str().unwrap(), object["class_name"].as_str().unwrap());
        let binding = format!("(name = {name:?}, durableObjectNamespace = {class:?})");
        assert!(workerd.contains(&binding), "{binding}");
    }
    let readme = read("README.md");
    let (_, settings) = readme.split_once("## Settings").unwrap();
    let (settings, _) = settings.split_once("\n## ").unwrap();
    let names: Vec<&str> = settings.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for name in names {
        assert!(workerd.contains(&format!("(name = {name:?}, fromEnvironment = {name:?})")), "{name}");
    }
}

#[tokio::test]
async fn the_worker_can_be_deployed() {
    let output = shell(&line("npm run deploy -- --dry-run", 0)).stderr(Stdio::piped()).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for binding in ["CHANNELS", "RELAYS", "DIRECTORY", "ASSETS"] {
        assert!(text.contains(binding), "{binding} in {text}");
    }
    assert!(root().join("dist/index.js").exists());
}
