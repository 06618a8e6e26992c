//! One request and its answer as bytes on a connection of their own, whatever the bytes are: sent piece by piece for as
//! long as they are taken, while the answer is being read.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    sync::oneshot,
    time::sleep,
};

use crate::{DEADLINE, Hub, raw::connect};

/// Enough for any answer that is no stream.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Little waits on this side, so that what is sent is about what is taken.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// What came of a request.
#[derive(Debug)]
pub struct Exchange {
    pub answer: Result<RawAnswer, NoAnswer>,
    /// How many bytes had been taken by then, those that the kernel held for the other side included.
    pub sent: usize,
}

/// The head of an answer, and its body where the head says how long that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The connection ended.
    Closed,
    /// Nothing came for a long time after the last byte of the request.
    Hung,
}

/// What follows the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing: the request is whole.
    Wait,
    /// The end of what this side sends (FIN).
    Finish,
}

impl RawAnswer {
    /// The value of the first header of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Sends pieces, and gives up when no answer comes soon after the last of them.
pub async fn exchange<P: AsRef<[u8]> + Send + Sync + 'static>(
    hub: &Hub,
    pieces: impl Iterator<Item = P> + Send + 'static,
    then: Then,
) -> Exchange {
    let connection = connect(hub, |socket| socket.set_send_buffer_size(SEND_BUFFER_BYTES)).await;
    let (mut reader, writer) = connection.into_split();
    let sent = Arc::new(AtomicUsize::new(0));
    let (wrote, written) = oneshot::channel();
    let writing = tokio::spawn(write(writer, pieces, then, sent.clone(), wrote));
    let late = async {
        let _ = written.await;
        // A body has half a minute to arrive.
        sleep(2 * DEADLINE).await;
    };
    let answer = tokio::select! {
        answer = read_answer(&mut reader) => answer.ok_or(NoAnswer::Closed),
        () = late => Err(NoAnswer::Hung),
    };
    writing.abort();
    Exchange { answer, sent: sent.load(Relaxed) }
}

async fn write<P: AsRef<[u8]>>(
    mut writer: OwnedWriteHalf,
    pieces: impl Iterator<Item = P>,
    then: Then,
    sent: Arc<AtomicUsize>,
    wrote: oneshot::Sender<()>,
) {
    for piece in pieces {
        // The other side may have answered and gone before it has read everything.
        if writer.write_all(piece.as_ref()).await.is_err() {
            break;
        }
        sent.fetch_add(piece.as_ref().len(), Relaxed);
    }
    if then == Then::Finish {
        let _ = writer.shutdown().await;
    }
    let _ = wrote.send(());
    // Dropping the writer would end what this side sends.
    std::future::pending::<()>().await;
}

/// `None` when the connection ends before the head does.
async fn read_answer(reader: &mut OwnedReadHalf) -> Option<RawAnswer> {
    let mut received = Vec::new();
    loop {
        let end = find(&received, b"\r\n\r\n");
        let Some(end) = end else {
            read_more(reader, &mut received).await?;
            continue;
        };
        let mut answer = parse_head(&String::from_utf8_lossy(&received[..end]));
        received.drain(..end + 4);
        // Interim answers, such as 100, come before the final one; 101 is a final one.
        if answer.status >= 200 || answer.status == 101 {
            let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
            answer.body = read_body(reader, received, length.unwrap_or(0)).await;
            return Some(answer);
        }
    }
}

/// The body, or what comes of it: the answer to `HEAD` has none, and says how long it would be.
async fn read_body(reader: &mut OwnedReadHalf, mut received: Vec<u8>, length: usize) -> String {
    let length = length.min(MAX_BODY_BYTES);
    while received.len() < length {
        tokio::select! {
            more = read_more(reader, &mut received) => if more.is_none() { break },
            () = sleep(std::time::Duration::from_millis(200)) => break,
        }
    }
    received.truncate(length);
    String::from_utf8_lossy(&received).into_owned()
}

async fn read_more(reader: &mut OwnedReadHalf, received: &mut Vec<u8>) -> Option<()> {
    let count = reader.read_buf(received).await.ok()?;
    (count > 0).then_some(())
}

fn parse_head(head: &str) -> RawAnswer {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    RawAnswer { status: status.unwrap_or_else(|| panic!("no HTTP: {head:?}")), headers, body: String::new() }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
