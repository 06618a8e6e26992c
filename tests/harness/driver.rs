//! The browsers that tests run in, and the program that drives each: chromedriver or geckodriver.

use std::{
    io::Write,
    net::TcpStream,
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{DEADLINE, project::root, within};

/// How often a driver is started until one listens: chromedriver takes a free port of IPv4, and ends where something has
/// the same port of IPv6, as happens where many tests run at once.
const STARTS: usize = 5;

/// Which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
}

/// A running driver, which ends together with the browser that it has started.
#[derive(Debug)]
pub(crate) struct Driver {
    engine: Engine,
    process: Child,
    port: u16,
    /// Profiles, and whatever else browsers leave behind.
    _files: TempDir,
}

impl Engine {
    pub const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// The driver's name, and the environment variable that says where it is.
    fn driver(self) -> (&'static str, &'static str) {
        match self {
            Self::Chromium => ("chromedriver", "CHROMEDRIVER"),
            Self::Firefox => ("geckodriver", "GECKODRIVER"),
        }
    }

    /// The name of the browser's own capabilities, and the environment variable that says where it is.
    fn browser(self) -> (&'static str, &'static str) {
        match self {
            Self::Chromium => ("goog:chromeOptions", "CHROMIUM"),
            Self::Firefox => ("moz:firefoxOptions", "FIREFOX"),
        }
    }

    /// What comes before the port when the driver says where it listens.
    fn announces(self) -> &'static str {
        match self {
            Self::Chromium => "successfully on port ",
            Self::Firefox => "Listening on 127.0.0.1:",
        }
    }

    /// What a session is asked for: the flags of `client-wasm/webdriver.json`, and the browser that `npm test` found.
    pub(crate) fn capabilities(self) -> Map<String, Value> {
        let (options, variable) = self.browser();
        let capabilities = std::fs::read_to_string(root().join("client-wasm/webdriver.json")).unwrap();
        let mut capabilities: Map<String, Value> = serde_json::from_str(&capabilities).unwrap();
        capabilities.retain(|name, _| name == options);
        if let Ok(browser) = std::env::var(variable) {
            capabilities[options]["binary"] = browser.into();
        }
        capabilities
    }
}

impl Driver {
    /// Starts a driver on a port of its choice. One that found the port taken ends, and another is started.
    pub(crate) async fn start(engine: Engine) -> Self {
        within(DEADLINE, &format!("{} to listen", engine.driver().0), async {
            let mut said = Vec::new();
            for _ in 0..STARTS {
                match Self::try_start(engine).await {
                    Ok(driver) => return driver,
                    Err(lines) => said.push(lines),
                }
            }
            panic!("{} ended before it said where it listens: {said:#?}", engine.driver().0)
        })
        .await
    }

    /// Fails with what the driver said, if it ends before it listens.
    async fn try_start(engine: Engine) -> Result<Self, Vec<String>> {
        let (name, variable) = engine.driver();
        let files = tempfile::tempdir().unwrap();
        let mut process = Command::new(std::env::var(variable).unwrap_or_else(|_| name.to_owned()))
            .arg("--port=0")
            .env("TMPDIR", files.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} starts; `npm test` installs it: {error}"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, port)) = line.split_once(engine.announces()) {
                let port = port.trim_end_matches('.').parse().unwrap();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { engine, process, port, _files: files });
            }
            said.push(line);
        }
        Err(said)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Chromium leaves the group of its driver, and outlives one that is killed: the driver has to end it.
    fn shut_down(&mut self) {
        let Ok(mut driver) = TcpStream::connect(("127.0.0.1", self.port)) else { return };
        let _ = driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        self.wait();
    }

    fn kill_group(&mut self) {
        let Some(id) = self.process.id() else { return };
        let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        self.wait();
    }

    fn wait(&mut self) {
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end && matches!(self.process.try_wait(), Ok(None)) {
            sleep(Duration::from_millis(10));
        }
    }
}

/// Ends the browser in a test that fails too.
impl Drop for Driver {
    fn drop(&mut self) {
        match self.engine {
            Engine::Chromium => self.shut_down(),
            Engine::Firefox => self.kill_group(),
        }
    }
}
