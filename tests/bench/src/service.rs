//! A server that runs: where it listens, how it is asked, what it prints.

use std::{
    fs,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::TcpStream,
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{hub, nchan, process::Process, processors::Processors, project::root, server::Server};

const STARTING: Duration = Duration::from_secs(20);

/// A running server. It ends, and what it stored is gone, when this is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) server: Server,
    pub(crate) process: Process,
    /// When it was started.
    pub(crate) began: Instant,
    port: u16,
    log: Log,
    _folder: TempDir,
}

type Log = Arc<Mutex<String>>;

impl Service {
    /// Starts a server with the settings that it comes with.
    pub(crate) async fn start(server: Server, processors: Processors) -> anyhow::Result<Self> {
        Self::start_with(server, processors, None).await
    }

    /// Starts a server that writes nothing by itself while something is measured.
    pub(crate) async fn start_silent(server: Server, processors: Processors) -> anyhow::Result<Self> {
        Self::start_with(server, processors, Some(300)).await
    }

    async fn start_with(server: Server, processors: Processors, keep_alive: Option<u32>) -> anyhow::Result<Self> {
        // On the disk of the project, and not in memory, which a folder for temporary files may be.
        let parent = root().join("target/bench");
        fs::create_dir_all(&parent)?;
        let folder = tempfile::tempdir_in(parent)?;
        match server {
            Server::Nchan => start_nchan(processors, folder).await,
            _ => start_hub(server, processors, keep_alive, folder).await,
        }
        .with_context(|| format!("{} does not start", server.name()))
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Where a listener listens to channels.
    pub(crate) fn subscribe_path(&self, channels: &[&str]) -> String {
        match self.server {
            Server::Nchan => format!("/sub/{}", channels.join(",")),
            _ => format!("/sse/?channels={}", channels.join(",")),
        }
    }

    /// The options that tell `cyclone load` where this server is.
    pub(crate) fn load_options(&self) -> Vec<String> {
        let words = match self.server {
            Server::Nchan => vec![
                ("--subscribe-url", self.url("/sub/{channels}")),
                ("--publish-url", self.url("/pub/{channel}")),
                ("--publish-body", "{message}".to_owned()),
            ],
            _ => vec![("--url", self.url(""))],
        };
        words.into_iter().flat_map(|(option, value)| [option.to_owned(), value]).collect()
    }

    /// How often an object was constructed, by what the hub prints.
    pub(crate) fn wakes(&self, object: &str) -> usize {
        let line = format!("{object} woke");
        self.log.lock().unwrap_or_else(PoisonError::into_inner).lines().filter(|printed| *printed == line).count()
    }
}

async fn start_hub(
    server: Server,
    processors: Processors,
    keep_alive: Option<u32>,
    folder: TempDir,
) -> anyhow::Result<Service> {
    let began = Instant::now();
    let (words, settings) = (hub::command(processors, folder.path()), hub::settings(server, keep_alive));
    let mut process = Process::start(&words, &settings, Stdio::piped(), Stdio::piped())?;
    let (log, (listens, listening)) = (Log::default(), oneshot::channel());
    let (output, errors) = (process.child().stdout.take(), process.child().stderr.take());
    collect(output.context("an output")?, log.clone(), Some(listens));
    collect(errors.context("an output")?, log.clone(), None);
    let Ok(port) = timeout(STARTING, listening).await.context("it does not listen")? else {
        bail!("it ended: {}", log.lock().unwrap_or_else(PoisonError::into_inner));
    };
    Ok(Service { server, process, began, port, log, _folder: folder })
}

/// Gathers what the hub prints, and tells when it says where it listens.
fn collect(output: impl AsyncRead + Unpin + Send + 'static, log: Log, listens: Option<oneshot::Sender<u16>>) {
    tokio::spawn(async move {
        let mut listens = listens;
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let event: Option<Value> = serde_json::from_str(&line).ok();
            let port = event.as_ref().and_then(|event| event.get("port")?.as_u64()?.try_into().ok());
            if let Some(port) = port
                && let Some(listens) = listens.take()
            {
                let _ = listens.send(port);
            }
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
}

async fn start_nchan(processors: Processors, folder: TempDir) -> anyhow::Result<Service> {
    let program = nchan::program().context("nginx with Nchan is not installed")?;
    // It takes no port of the kernel's choice.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let config = folder.path().join("nginx.conf");
    fs::write(&config, nchan::config(&folder.path().display().to_string(), port))?;
    let began = Instant::now();
    let words = nchan::command(processors, &program, &config);
    let mut process = Process::start(&words, &[], Stdio::null(), Stdio::inherit())?;
    // It listens before it has its worker process.
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() || !process.measure_child()? {
        if let Some(status) = process.child().try_wait()? {
            bail!("it ended: {status}");
        }
        if began.elapsed() > STARTING {
            bail!("it does not listen");
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(Service { server: Server::Nchan, process, began, port, log: Log::default(), _folder: folder })
}
