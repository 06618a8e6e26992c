//! Listeners that are only there: they read, and count one byte. Where latencies are measured, `cyclone load` listens.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::service::Service;

/// What a message has once, and nothing else that a server sends.
pub(crate) const MARK: char = '~';

/// How many connect at once.
const AT_ONCE: usize = 64;

const PATIENCE: Duration = Duration::from_secs(60);

/// Connections with a stream each. They end, by reset, when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    listeners: Vec<JoinHandle<()>>,
    heard: Arc<AtomicU64>,
}

impl Crowd {
    /// One listener for each path; returns when all have been greeted.
    pub(crate) async fn join(&mut self, service: &Service, paths: impl Iterator<Item = String>) -> anyhow::Result<()> {
        let address = service.address();
        let joining = stream::iter(paths).map(|path| join(&address, path)).buffer_unordered(AT_ONCE);
        let joined: Vec<TcpStream> =
            timeout(PATIENCE, joining.try_collect()).await.context("listeners wait for their greeting")??;
        for connection in joined {
            self.listeners.push(tokio::spawn(listen(connection, self.heard.clone())));
        }
        Ok(())
    }

    /// So many listeners of the same channels.
    pub(crate) async fn join_channels(
        &mut self,
        service: &Service,
        channels: &[&str],
        count: u32,
    ) -> anyhow::Result<()> {
        let path = service.subscribe_path(channels);
        self.join(service, (0..count).map(|_| path.clone())).await
    }

    /// The last that came leave.
    pub(crate) fn leave(&mut self, count: u32) {
        let staying = self.listeners.len().saturating_sub(count as usize);
        for listener in self.listeners.drain(staying..) {
            listener.abort();
        }
    }

    /// Waits until so many messages have arrived, all listeners' together.
    pub(crate) async fn has_heard(&self, messages: u64) -> anyhow::Result<()> {
        let hearing = async {
            while self.heard.load(Ordering::Relaxed) < messages {
                sleep(Duration::from_millis(1)).await;
            }
        };
        if timeout(PATIENCE, hearing).await.is_err() {
            bail!("of {messages} deliveries {} have come", self.heard.load(Ordering::Relaxed));
        }
        Ok(())
    }

    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

/// Connects, and returns when the first block of the stream has come: whatever is published from then on arrives.
async fn join(address: &str, path: String) -> anyhow::Result<TcpStream> {
    let mut connection = TcpStream::connect(address).await?;
    // It leaves by reset, of which the server hears at once.
    connection.set_zero_linger()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut received = Vec::new();
    // An empty line of HTTP has carriage returns.
    while !received.windows(2).any(|pair| pair == b"\n\n") {
        if connection.read_buf(&mut received).await? == 0 {
            bail!("no stream: {}", String::from_utf8_lossy(&received));
        }
    }
    Ok(connection)
}

async fn listen(mut connection: TcpStream, heard: Arc<AtomicU64>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = connection.read(&mut buffer).await {
        let marks = buffer.iter().take(count).filter(|byte| **byte == MARK as u8).count();
        heard.fetch_add(marks as u64, Ordering::Relaxed);
    }
}
