//! Headless Chromium, driven through chromedriver.

use std::{
    io::Write,
    net::TcpStream,
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{DEADLINE, eventually, project::root, within};

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Child,
    driver_port: u16,
    /// Chromium leaves files behind.
    _files: TempDir,
}

impl Browser {
    /// Starts Chromium with the flags of `client-wasm/webdriver.json`.
    pub async fn start() -> Self {
        let driver = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let files = tempfile::tempdir().unwrap();
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("TMPDIR", files.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver starts; `npm test` installs it");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port: u16 = within(DEADLINE, "chromedriver to listen", async {
            loop {
                let line = lines.next_line().await.unwrap().expect("chromedriver says where it listens");
                let port = line.split_once("successfully on port ");
                if let Some((_, port)) = port {
                    return port.trim_end_matches('.').parse().unwrap();
                }
            }
        })
        .await;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let capabilities = std::fs::read_to_string(root().join("client-wasm/webdriver.json")).unwrap();
        let mut capabilities: Map<String, Value> = serde_json::from_str(&capabilities).unwrap();
        capabilities.retain(|name, _| name.starts_with("goog:"));
        if let Ok(chromium) = std::env::var("CHROMIUM") {
            capabilities["goog:chromeOptions"]["binary"] = chromium.into();
        }
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { client, driver, driver_port: port, _files: files }
    }

    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Gives the page this width, in CSS pixels, scroll bar included.
    pub async fn set_width(&self, width: u32) {
        self.client.set_window_size(width, 800).await.unwrap();
        self.eventually("the window to get its size", "innerWidth", |inner| *inner == width).await;
    }

    /// Clicks on an element.
    pub async fn click(&self, selector: &str) {
        self.client.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
    }

    /// Types a text into a field, in place of what is there.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.client.find(Locator::Css(selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Runs the body of a function in the page, and returns what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// Runs the body of an async function in the page, and returns what it returns.
    pub async fn run_async(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {script} }})().then(done, (error) => done('failed: ' + error));"
        );
        self.client.execute_async(&script, vec![]).await.unwrap()
    }

    /// Runs an expression in the page until its value satisfies.
    pub async fn eventually(&self, what: &str, expression: &str, satisfies: impl Fn(&Value) -> bool) -> Value {
        let script = format!("return {expression}");
        eventually(what, async || self.run(&script).await, satisfies).await
    }
}

/// Ends Chromium in a test that fails too: it outlives a chromedriver that is killed.
impl Drop for Browser {
    fn drop(&mut self) {
        if let Ok(mut driver) = TcpStream::connect(("127.0.0.1", self.driver_port)) {
            let _ = driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
            let end = Instant::now() + DEADLINE;
            while Instant::now() < end && matches!(self.driver.try_wait(), Ok(None)) {
                sleep(Duration::from_millis(10));
            }
        }
    }
}
