//! A request as a server gets it, and reading one from a connection: HTTP/1.1, with a body of known length.

use std::time::Instant;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::tcp::OwnedReadHalf,
};

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// What comes after the question mark, as it came; empty without one.
    pub query: String,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: Instant,
    /// Whether the client went away before its answer had ended.
    pub aborted: bool,
}

impl Request {
    /// The value of the first header of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Whether a browser asks here if a page of another origin may send a request.
    pub fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.header("access-control-request-method").is_some()
    }

    /// The next request on a connection; `None` when it has ended.
    pub(crate) async fn read(connection: &mut BufReader<OwnedReadHalf>) -> Option<Self> {
        let start = read_line(connection).await?;
        let mut parts = start.split(' ');
        let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut headers = Vec::new();
        loop {
            let line = read_line(connection).await?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let (path, query) = (path.to_owned(), query.to_owned());
        let mut request = Self { method, path, query, headers, body: Vec::new(), at: Instant::now(), aborted: false };
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        request.body.resize(length, 0);
        connection.read_exact(&mut request.body).await.ok()?;
        Some(request)
    }
}

/// A line without its end. Header values are any bytes; browsers send UTF-8 in some.
async fn read_line(connection: &mut BufReader<OwnedReadHalf>) -> Option<String> {
    let mut line = Vec::new();
    let count = connection.read_until(b'\n', &mut line).await.ok()?;
    (count > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

/// Waits until the client has gone.
pub(crate) async fn gone(connection: &mut BufReader<OwnedReadHalf>) {
    // A client may send its next request before this one's answer is seen here to have ended.
    if connection.fill_buf().await.is_ok_and(|bytes| !bytes.is_empty()) {
        std::future::pending::<()>().await;
    }
}
