//! One listener: it connects, hears, and comes back with `Last-Event-ID` when it is cut off.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::{Stream, StreamExt};
use reqwest::{Client, header::ACCEPT};
use sse_stream::{Sse, SseByteStream};
use tokio::time::{sleep, timeout};

use super::{
    message::{Mark, Run},
    tally::{Heard, Tally},
};
use crate::hub::{Refusal, passes};

/// How long a connection may take until the listener listens.
const GREETING: Duration = Duration::from_secs(30);

/// How often a listener tries to connect at first.
const ATTEMPTS: usize = 3;

/// How long a listener waits before it comes back, until the server says `retry:`.
const RETRY: Duration = Duration::from_secs(1);

/// A listener without a connection.
#[derive(Debug)]
pub(super) struct Listener {
    client: Client,
    address: String,
    greets: bool,
    run: Run,
    last_event_id: Option<String>,
    retry: Duration,
}

/// The events of a connection, and when the bytes of the last one were read.
pub(super) struct Events {
    blocks: Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>>>>,
    read_at: Rc<Cell<Instant>>,
}

/// The client of all listeners: HTTP/1.1, so that each has a connection of its own.
pub(super) fn client() -> anyhow::Result<Client> {
    crate::client::client(|builder| builder.http1_only().pool_max_idle_per_host(0))
}

impl Listener {
    pub(super) fn new(client: Client, address: String, greets: bool, run: Run) -> Self {
        Self { client, address, greets, run, last_event_id: None, retry: RETRY }
    }

    /// Connects for the first time.
    pub(super) async fn connected(mut self) -> anyhow::Result<(Self, Events)> {
        let mut attempt = 1;
        loop {
            match self.connect().await {
                Ok(events) => return Ok((self, events)),
                Err(error) if attempt == ATTEMPTS || !passes(&error) => return Err(error),
                Err(_) => sleep(self.retry).await,
            }
            attempt += 1;
        }
    }

    /// Hears, for good.
    pub(super) async fn listen(mut self, mut events: Events, mut heard: Heard, tally: Rc<RefCell<Tally>>) {
        loop {
            while let Some(Ok(block)) = events.blocks.next().await {
                if let Some(mark) = self.note(block) {
                    tally.borrow_mut().arrived(mark, &mut heard, events.read_at.get());
                }
            }
            events = loop {
                sleep(self.retry).await;
                if let Ok(events) = self.connect().await {
                    break events;
                }
            };
            tally.borrow_mut().reconnected();
        }
    }

    async fn connect(&mut self) -> anyhow::Result<Events> {
        let connecting = async {
            let mut request = self.client.get(&self.address).header(ACCEPT, "text/event-stream");
            if let Some(id) = &self.last_event_id {
                request = request.header("Last-Event-ID", id);
            }
            let response = request.send().await.context("no connection")?;
            if !response.status().is_success() {
                return Err(Refusal::read(response).await.into());
            }
            let read_at = Rc::new(Cell::new(Instant::now()));
            let reading = read_at.clone();
            let bytes = response.bytes_stream().inspect(move |_| reading.set(Instant::now()));
            let mut events = Events { blocks: Box::pin(SseByteStream::new(bytes)), read_at };
            if self.greets {
                // The hub's greeting carries the cursor: whatever is published from then on arrives.
                let greeting = events.blocks.next().await.context("the stream ended at once")??;
                self.note(greeting);
            }
            Ok(events)
        };
        timeout(GREETING, connecting).await.context("the server does not answer")?
    }

    /// Keeps what a block says of coming back, and returns which message of the run it is.
    fn note(&mut self, block: Sse) -> Option<Mark> {
        if let Some(id) = block.id {
            self.last_event_id = Some(id).filter(|id| !id.is_empty());
        }
        if let Some(retry) = block.retry {
            self.retry = Duration::from_millis(retry);
        }
        let is_default = block.event.is_none_or(|event| event.is_empty() || event == "message");
        self.run.read(&block.data.filter(|_| is_default)?)
    }
}
