//! A proxy that buffers event streams, as some middleboxes and virus scanners do: a stream that works without it brings
//! nothing before it ends.

use reqwest::{Client, Response, redirect::Policy};
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    sync::watch,
    task::JoinSet,
};

use crate::{Hub, Request, answer::write_head, request::gone};

/// What a proxy does with event streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// Passes everything on as it comes.
    Off,
    /// Passes on the head at once, and the body when it has ended.
    Body,
    /// Passes on nothing until the body has ended.
    Everything,
}

/// A proxy in front of a hub. It buffers responses of the type `text/event-stream` and passes on all others. When the
/// hub cannot be reached or breaks off, the connection ends.
#[derive(Debug)]
pub struct BufferingProxy {
    port: u16,
    buffering: watch::Sender<Buffering>,
    /// Dropping it ends all connections.
    _running: JoinSet<()>,
}

/// Where requests go, and by which rule their answers come back.
#[derive(Clone)]
struct Route {
    hub: String,
    client: Client,
    buffering: watch::Receiver<Buffering>,
}

impl BufferingProxy {
    pub async fn start(hub: &Hub, buffering: Buffering) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (buffering, watched) = watch::channel(buffering);
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let mut running = JoinSet::new();
        running.spawn(serve(listener, Route { hub: hub.url(""), client, buffering: watched }));
        Self { port, buffering, _running: running }
    }

    /// Goes on by another rule. Streams under way follow it too: turned off, it passes on what it had held back.
    pub fn set(&self, buffering: Buffering) {
        self.buffering.send_replace(buffering);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

async fn serve(listener: TcpListener, route: Route) {
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        connections.spawn(converse(connection, route.clone()));
    }
}

/// Forwards the requests of a connection, until it ends.
async fn converse(connection: TcpStream, mut route: Route) {
    connection.set_nodelay(true).unwrap();
    let (reader, mut writer) = connection.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(request) = Request::read(&mut reader).await {
        let exchange = async {
            let response = route.forward(request).await?;
            route.pass_on(response, &mut writer).await
        };
        // A client that leaves takes its request to the hub along.
        tokio::select! {
            passed_on = exchange => if passed_on.is_none() { return },
            () = gone(&mut reader) => return,
        }
    }
}

impl Route {
    async fn forward(&self, request: Request) -> Option<Response> {
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let url = format!("{}{}{query}", self.hub, request.path);
        let mut forwarded = self.client.request(request.method.parse().ok()?, url);
        for (name, value) in &request.headers {
            if !matches!(name.as_str(), "connection" | "content-length" | "keep-alive") {
                forwarded = forwarded.header(name, value);
            }
        }
        forwarded.body(request.body).send().await.ok()
    }

    /// Passes on an answer; `None` when the connection has to end with it.
    async fn pass_on(&mut self, mut response: Response, writer: &mut OwnedWriteHalf) -> Option<()> {
        let has_body = !matches!(response.status().as_u16(), 204 | 304);
        let mut held = head(&response, has_body);
        let is_stream = content_type(&response).starts_with("text/event-stream");
        let mut is_head_due = true;
        let mut watching = true;
        loop {
            let buffering = if is_stream { *self.buffering.borrow_and_update() } else { Buffering::Off };
            if buffering == Buffering::Off || buffering == Buffering::Body && is_head_due {
                writer.write_all(&std::mem::take(&mut held)).await.ok()?;
                is_head_due = false;
            }
            tokio::select! {
                chunk = response.chunk() => match chunk.ok()? {
                    Some(bytes) => held.extend([format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat()),
                    None => break,
                },
                changed = self.buffering.changed(), if watching => watching = changed.is_ok(),
            }
        }
        if has_body {
            held.extend(b"0\r\n\r\n");
        }
        writer.write_all(&held).await.ok()
    }
}

fn content_type(response: &Response) -> &str {
    response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn head(response: &Response, has_body: bool) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in response.headers() {
        if !matches!(name.as_str(), "connection" | "content-length" | "keep-alive" | "transfer-encoding") {
            headers.push((name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
    }
    if has_body {
        headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
    }
    write_head(response.status().as_u16(), &headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DEADLINE, eventually, within};

    async fn next_text(response: &mut Response) -> String {
        let chunk = within(DEADLINE, "a chunk", response.chunk()).await.unwrap();
        String::from_utf8(chunk.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_stream_is_held_back_while_the_proxy_buffers_and_passes_when_it_does_not() {
        let hub = Hub::start().await;
        let proxy = BufferingProxy::start(&hub, Buffering::Body).await;
        let mut stream = reqwest::get(proxy.url("/sse/?channels=a")).await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream; charset=utf-8");
        hub.publish(&["a"], "held back").await;
        // What would pass comes at once, as this does.
        assert_eq!(reqwest::get(proxy.url("/healthz")).await.unwrap().status(), 200);
        proxy.set(Buffering::Off);
        let mut text = String::new();
        while !text.contains("held back") {
            text += &next_text(&mut stream).await;
        }
        assert!(text.starts_with("retry:"), "{text}");
        hub.publish(&["a"], "passed on").await;
        while !text.contains("passed on") {
            text += &next_text(&mut stream).await;
        }
    }

    #[tokio::test]
    async fn a_stream_that_ends_comes_as_a_whole() {
        let hub = Hub::start().await;
        for buffering in [Buffering::Body, Buffering::Everything] {
            let proxy = BufferingProxy::start(&hub, buffering).await;
            let poll = reqwest::get(proxy.url("/sse/?channels=a&transport=longpoll")).await.unwrap();
            assert_eq!(poll.status(), 200);
            assert!(poll.text().await.unwrap().contains(": sse ping"));
        }
    }

    #[tokio::test]
    async fn a_client_that_leaves_is_gone_from_the_hub() {
        let hub = Hub::start().await;
        let proxy = BufferingProxy::start(&hub, Buffering::Everything).await;
        let url = proxy.url("/sse/?channels=a");
        let listening = tokio::spawn(async move { reqwest::get(url).await.map(|_| ()) });
        eventually("the listener to be counted", || hub.stats(), |stats| stats.contains_key("a")).await;
        assert!(!listening.is_finished(), "the head is held back");
        listening.abort();
        eventually("the listener to be gone", || hub.stats(), |stats| !stats.contains_key("a")).await;
    }
}
