//! A small server of event streams: what is posted goes to all streams of the channel, as one chunk for all that waits.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    sync::watch,
};

/// How messages are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Everything,
    /// The third is lost, the fourth comes twice, and the sixth before the fifth.
    Faulty,
    /// Each stream ends after the tenth, and goes on where `Last-Event-ID` says.
    CutOnce,
    /// Everything, by a server that greets nobody.
    Silent,
}

/// The messages by channel.
type Channels = HashMap<String, Vec<String>>;

#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
}

impl Server {
    pub(crate) async fn start(delivery: Delivery) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let channels = Arc::new(watch::channel(Channels::new()).0);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(converse(connection, delivery, channels.clone()));
            }
        });
        Self { port }
    }

    pub(crate) fn url(&self) -> String {
        self.path("")
    }

    pub(crate) fn path(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// The head of a request, in small letters.
async fn read_head(reader: &mut (impl AsyncBufReadExt + Unpin)) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    Some(head.to_lowercase())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

async fn converse(connection: TcpStream, delivery: Delivery, channels: Arc<watch::Sender<Channels>>) {
    connection.set_nodelay(true).unwrap();
    let (reader, mut writer) = connection.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(head) = read_head(&mut reader).await {
        let path = head.split(' ').nth(1).unwrap().to_owned();
        if head.starts_with("get ") {
            let channel = heard(&path);
            let after = header(&head, "last-event-id").and_then(|id| id.parse().ok());
            let _ = stream(&mut writer, delivery, &channel, after, &channels).await;
            return;
        }
        let mut body = vec![0; header(&head, "content-length").unwrap().parse().unwrap()];
        reader.read_exact(&mut body).await.unwrap();
        let (channel, message) = posted(&path, &String::from_utf8(body).unwrap());
        channels.send_modify(|channels| channels.entry(channel).or_default().push(message));
        writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
    }
}

/// The first channel that a listener names: of the mix, the one that is published to.
fn heard(path: &str) -> String {
    let channels = path.strip_prefix("/sse/?channels=").or_else(|| path.strip_prefix("/sub/")).unwrap();
    channels.split(',').next().unwrap().to_owned()
}

/// The channel and the message of a publish: a form as the hub's, or another server's.
fn posted(path: &str, body: &str) -> (String, String) {
    if let Some(channel) = path.strip_prefix("/pub/") {
        return (channel.to_owned(), body.to_owned());
    }
    assert_eq!(path, "/publish");
    let (channel, message) = body.strip_prefix("channel=").unwrap().split_once("&message=").unwrap();
    (channel.to_owned(), message.replace("%20", " "))
}

/// Which messages are delivered in the place of one. The first is to warm up.
fn delivered(index: usize, delivery: Delivery) -> Vec<usize> {
    match index {
        3 if delivery == Delivery::Faulty => vec![],
        4 if delivery == Delivery::Faulty => vec![4, 4],
        5 if delivery == Delivery::Faulty => vec![],
        6 if delivery == Delivery::Faulty => vec![6, 5],
        _ => vec![index],
    }
}

async fn stream(
    writer: &mut OwnedWriteHalf,
    delivery: Delivery,
    channel: &str,
    after: Option<usize>,
    channels: &watch::Sender<Channels>,
) -> std::io::Result<()> {
    let mut changes = channels.subscribe();
    let mut next = after.unwrap_or_else(|| channels.borrow().get(channel).map_or(0, Vec::len));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    writer.write_all(head.as_bytes()).await?;
    if delivery != Delivery::Silent {
        write_chunk(writer, &format!("retry: 50\nid: {next}\n\n")).await?;
    }
    loop {
        let mut events = String::new();
        let mut is_cut = false;
        if let Some(messages) = changes.borrow_and_update().get(channel) {
            while next < messages.len() && !is_cut {
                for index in delivered(next, delivery) {
                    write!(events, "id: {}\ndata: {}\n\n", index + 1, messages[index]).unwrap();
                }
                next += 1;
                is_cut = delivery == Delivery::CutOnce && next == 10;
            }
        }
        if !events.is_empty() {
            write_chunk(writer, &events).await?;
        }
        if is_cut {
            return Ok(());
        }
        changes.changed().await.map_err(std::io::Error::other)?;
    }
}

async fn write_chunk(writer: &mut OwnedWriteHalf, text: &str) -> std::io::Result<()> {
    writer.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await
}
