//! The README's commands, as typed, on the path that a newcomer takes: `npm start`, which serves with wrangler.

use std::process::Stdio;

use harness::{
    Answer, Browser, DEADLINE, Group, Hub, KEY, NpmStart, ScriptedServer, command_line_folder, eventually, root, within,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader, Lines},
    process::Command,
};

/// The blocks of one language.
fn blocks_of(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).map(str::to_owned).collect()
}

/// The lines of all blocks of one language, without their comments.
fn lines_of(language: &str) -> Vec<String> {
    let blocks = blocks_of(language);
    let lines = blocks.iter().flat_map(|block| block.lines());
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
    let NpmStart { process: mut hub, port } = NpmStart::run(&line("npm start", 8787)).await;
    let mut listener = shell(&line("curl -N", port)).spawn().unwrap();
    let mut heard = BufReader::new(listener.stdout.take().unwrap()).lines();
    let mut lines = vec![next_line(&mut heard).await, next_line(&mut heard).await, next_line(&mut heard).await];

    let published = shell(&line("curl -d", port)).output().await.unwrap();
    let answer = String::from_utf8(published.stdout).unwrap();
    assert!(answer.starts_with(r#"{"status":"ok","ids":{"cats":"#), "{answer} (is the key in .dev.vars `dev-key`?)");
    lines.extend([next_line(&mut heard).await, next_line(&mut heard).await]);

    let shown: Vec<String> = lines_of("text").into_iter().take(5).collect();
    // The channel may have been used before: its head is 0 in a fresh clone only.
    assert!(shown[1].starts_with("id: 0@") && lines[1].starts_with("id: "), "{lines:?}");
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

/// A page of the README, open in a browser, with a hub that has its listener.
struct Snippet {
    hub: Hub,
    browser: Browser,
    _pages: ScriptedServer,
}

impl Snippet {
    /// Opens the only page that holds a text. It is of another origin than its hub, which it names as pages of others do.
    async fn open(text: &str) -> Self {
        let found: Vec<String> = blocks_of("html").into_iter().filter(|block| block.contains(text)).collect();
        assert_eq!(found.len(), 1, "README has one page with {text:?}");
        let (hub, pages) = (Hub::start().await, ScriptedServer::start().await);
        let page = found[0].replace("connect()", r#"connect({ url: "/sse/" })"#);
        let page = page.replace("\"/media/", &format!("\"{}", hub.url("/media/")));
        let page = page.replace("\"/sse/", &format!("\"{}", hub.url("/sse/")));
        let head = "<!doctype html><html lang=en><meta charset=utf-8><title>Page</title><link rel=icon href='data:,'>";
        pages.script("/snippet", [Answer::body("text/html").piece(format!("{head}{page}")).end()]);
        let jquery = std::fs::read(root().join("node_modules/jquery-4/dist/jquery.min.js")).unwrap();
        pages.script("/jquery.js", [Answer::body("text/javascript").piece(jquery).end()]);
        let browser = Browser::start().await;
        browser.open(&pages.url("/snippet")).await;
        eventually("the page to listen", || hub.stats(), |stats| !stats.is_empty()).await;
        Self { hub, browser, _pages: pages }
    }

    async fn publish(&self, channel: &str, event: &str, message: &str) {
        let form = [("key", KEY), ("channel", channel), ("event", event), ("message", message)];
        assert_eq!(self.hub.post("/publish").form(&form).send().await.unwrap().status(), 200);
    }

    /// Waits until the elements show these texts.
    async fn shows(&self, selector: &str, expected: Value) {
        let shown = format!("[...document.querySelectorAll('{selector}')].map((element) => element.innerText.trim())");
        self.browser.eventually(&format!("the page to show {expected}"), &shown, |shown| *shown == expected).await;
    }
}

#[tokio::test]
async fn the_page_of_the_readme_shows_what_its_elements_want() {
    let page = Snippet::open("data-sse-channels=\"cats, dogs\"").await;
    for (channel, event, message) in
        [("dogs", "", "1"), ("prices", "rise", "2"), ("prices", "", "3"), ("prices", "fall", "4")]
    {
        page.publish(channel, event, message).await;
    }
    page.shows("div.sse", json!(["dogs message: 1", "prices rise: 2\nprices fall: 4"])).await;
}

#[tokio::test]
async fn the_one_tag_of_the_readme_shows_what_rises() {
    let page = Snippet::open("auto.js").await;
    page.publish("prices", "rise", "5").await;
    page.shows("p.sse", json!(["5"])).await;
}

#[tokio::test]
async fn the_class_of_the_readme_logs_what_it_hears() {
    let page = Snippet::open("new EventSource").await;
    page.publish("cats", "", "hello").await;
    let log = "document.querySelector('#log').textContent";
    let is_logged =
        |log: &Value| log.as_str().is_some_and(|log| log.starts_with("fetch ") && log.ends_with(" hello\n"));
    page.browser.eventually("the log to tell", log, is_logged).await;
}

#[tokio::test]
async fn the_jquery_of_the_readme_lists_what_it_hears() {
    let page = Snippet::open("$.sse(").await;
    page.publish("cats", "", r#"{"text": "meow"}"#).await;
    page.shows(".sse li", json!(["meow"])).await;
}

#[tokio::test]
async fn the_token_that_the_readme_makes_lets_a_listener_in() {
    let folder = tempfile::tempdir().unwrap();
    let found: Vec<String> = blocks_of("js").into_iter().filter(|block| block.contains("createHmac")).collect();
    assert_eq!(found.len(), 1, "README makes tokens once");
    std::fs::write(folder.path().join("token.mjs"), &found[0]).unwrap();
    let settings = blocks_of("text").into_iter().find(|block| block.contains("JWT_SECRET=")).unwrap();
    let builder =
        settings.lines().filter_map(|line| line.split_once('=')).fold(Hub::builder(), |builder, (name, value)| {
            assert!(lines_of("sh").iter().any(|line| name != "JWT_SECRET" || line.contains(value)), "{value}");
            builder.setting(name, value)
        });
    let hub = builder.start().await;
    let port = hub.address().rsplit_once(':').unwrap().1.parse().unwrap();
    let listen = format!("{}; {}", line("TOKEN=", port), line("curl --no-buffer", port));
    let mut command = Command::new("sh");
    command.args(["-c", &listen]).current_dir(folder.path()).stdout(Stdio::piped());
    let mut listener = Group::start(&mut command);
    let mut heard = BufReader::new(listener.0.stdout.take().unwrap()).lines();
    for expected in ["retry: ", "id: ", ""] {
        assert!(next_line(&mut heard).await.starts_with(expected));
    }
    hub.publish(&["cats"], "meow").await;
    for expected in ["id: ", "data: meow"] {
        assert!(next_line(&mut heard).await.starts_with(expected));
    }
}

#[tokio::test]
async fn the_command_line_of_the_readme_is_installed_publishes_listens_and_measures() {
    let installed = tempfile::tempdir().unwrap();
    // From what the tests were built with, which is there.
    let install = format!(
        "{} --debug --locked --offline --root {} --target-dir {}",
        line("cargo install", 0),
        installed.path().display(),
        command_line_folder().parent().unwrap().display()
    );
    let mut install = shell(&install);
    // What cargo tells tests of their own package would have it build others anew.
    let of_the_tests = std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME");
    of_the_tests.for_each(|(name, _)| _ = install.env_remove(name));
    let output = install.stderr(Stdio::piped()).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let key = line("export PUBLISH_KEY=", 0).split_once('=').unwrap().1.to_owned();
    let hub = Hub::builder().setting("PUBLISH_KEY", &key).start().await;
    let bin = installed.path().join("bin").display().to_string();
    let cyclone = |line: &str| {
        let mut command = shell(&line.replacen("cyclone", &format!("{bin}/cyclone"), 1));
        command.env("CYCLONE_URL", hub.url("")).env("PUBLISH_KEY", &key);
        command
    };
    let mut listener = cyclone(&line("cyclone subscribe", 0)).spawn().unwrap();
    let mut heard = BufReader::new(listener.stdout.take().unwrap()).lines();
    eventually("the listener to be counted", || hub.stats(), |stats| !stats.is_empty()).await;
    let published = cyclone(&line("cyclone publish", 0)).output().await.unwrap();
    assert_eq!(shape(&String::from_utf8(published.stdout).unwrap()), "cats 0000000000000\n");
    assert_eq!(next_line(&mut heard).await, "hello there");

    // Less than in the README, which takes its time.
    let load = line("cyclone load", 0).replace("1000", "20") + " --messages 5";
    let report = String::from_utf8(cyclone(&load).output().await.unwrap().stdout).unwrap();
    assert!(report.contains("100 of 100"), "{report}");
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
    let bound = names.iter().map(|name| format!("(name = {name:?}, fromEnvironment = {name:?}),")).collect::<Vec<_>>();
    let bindings = workerd.lines().map(str::trim).filter(|line| line.contains("fromEnvironment"));
    assert_eq!(bindings.collect::<Vec<_>>(), bound, "README's settings in README's order");
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
