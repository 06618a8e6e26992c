//! What `npm start` serves, as a newcomer starts it.

use std::{net::TcpListener, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{project::root, within};

/// All has been built when the tests run; what is left is wrangler's own start.
const STARTING: Duration = Duration::from_secs(120);

/// A running `npm start`, which stops all that it started when its own process is gone.
#[derive(Debug)]
pub struct NpmStart {
    pub process: Child,
    pub port: u16,
}

impl NpmStart {
    /// Types this line, at a port of its own, and returns when it serves.
    pub async fn run(line: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {line}")]).current_dir(root()).env("PORT", port.to_string());
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = output.next_line().await {
                println!("{line}");
            }
        });
        let mut started = Self { process, port };
        within(STARTING, "npm start to serve", async {
            while reqwest::get(started.url("/")).await.is_err() {
                assert_eq!(started.process.try_wait().unwrap(), None, "npm start ended by itself");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        })
        .await;
        started
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}
