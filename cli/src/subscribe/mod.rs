//! `cyclone subscribe`: what channels bring, as lines, through dropped connections and restarts of the hub.
//!
//! - `since`: where to begin
//! - `printer`: how an event is printed

mod printer;
mod since;

use std::{
    io::stdout,
    ops::ControlFlow,
    pin::Pin,
    time::{Duration, Instant},
};

use anyhow::bail;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use cyclone_edge_protocol::ChannelSet;
use futures::{Stream, StreamExt};
use reqwest::{
    Client, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use sse_stream::{Sse, SseByteStream};
use tokio::time::sleep;

use crate::{
    client::client,
    hub::{Hub, Refusal, passes},
};
use printer::{Event, Printer};
use since::Since;

/// How long to wait before connecting again, until the hub says `retry:`.
const RETRY: Duration = Duration::from_secs(2);

/// The longest wait, unless the hub asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Longer than the longest `KEEPALIVE_SECONDS`: a connection that brings nothing for so long is a dead one.
const SILENCE: Duration = Duration::from_secs(310);

/// Prints what is published to one channel or several, until it is stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    hub: Hub,
    /// The token, where listeners need one.
    #[arg(long, env = "SUBSCRIBE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Prints each event as a line of JSON, with its id, type, data and channel, in place of its data.
    #[arg(long)]
    json: bool,
    /// Ends after so many events.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Where to begin: a time ago, such as 10m, an hour at most, or the id of the last event that is not wanted.
    #[arg(long, value_name = "DURATION|ID")]
    since: Option<String>,
    /// The channels, several with spaces or commas between.
    #[arg(required = true)]
    channel: Vec<String>,
}

/// A listener, which holds one connection at a time.
struct Listener {
    client: Client,
    address: String,
    token: Option<String>,
    channels: ChannelSet,
    since: Since,
    began: Instant,
    last_event_id: String,
    retry: Duration,
    waits: ExponentialBackoff,
}

type Blocks = Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>>>>;

/// Runs the command.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let channels = ChannelSet::parse(options.channel.iter().map(String::as_str))?;
    let since = options.since.as_deref().map_or(Ok(Since::Now), |text| Since::parse(text, &channels))?;
    let mut printer = Printer::new(stdout(), options.json, options.count, channels.clone());
    if options.count == Some(0) {
        return Ok(());
    }
    let client = client(|builder| builder.read_timeout(SILENCE))?;
    let mut listener = Listener::new(client, options.hub.at("/sse/"), options.token, channels, since);
    listener.listen(|event| printer.print(event)).await
}

impl Listener {
    fn new(client: Client, address: String, token: Option<String>, channels: ChannelSet, since: Since) -> Self {
        let last_event_id = since.cursor().unwrap_or_default().to_owned();
        let (retry, began) = (RETRY, Instant::now());
        let waits = waits(retry);
        Self { client, address, token, channels, since, began, last_event_id, retry, waits }
    }

    /// Hands over events until that is enough.
    async fn listen(&mut self, mut hear: impl FnMut(&Event) -> std::io::Result<ControlFlow<()>>) -> anyhow::Result<()> {
        loop {
            let asked = match self.connect().await {
                Ok(mut blocks) => {
                    while let Some(Ok(block)) = blocks.next().await {
                        self.waits = waits(self.retry);
                        if let Some(event) = self.note(block)
                            && hear(&event)?.is_break()
                        {
                            return Ok(());
                        }
                    }
                    Duration::ZERO
                }
                Err(error) if passes(&error) => {
                    eprintln!("warning: {error:#}; trying again");
                    error.downcast_ref::<Refusal>().and_then(|refusal| refusal.retry_after).unwrap_or_default()
                }
                Err(error) => return Err(error),
            };
            sleep(self.waits.next().unwrap_or(LONGEST_WAIT).max(asked)).await;
        }
    }

    async fn connect(&self) -> anyhow::Result<Blocks> {
        let channels = self.channels.iter().map(|channel| ("channels", channel.as_str().to_owned()));
        let ago = self.since.ago_ms(self.began.elapsed()).map(|ms| ("ago", ms.to_string()));
        let mut request = self.client.get(&self.address).header(ACCEPT, "text/event-stream");
        request = request.query(&channels.chain(ago).collect::<Vec<_>>());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !self.last_event_id.is_empty() {
            request = request.header("Last-Event-ID", &self.last_event_id);
        }
        let response = request.send().await?;
        if response.status() != StatusCode::OK {
            return Err(Refusal::read(response).await.into());
        }
        let content_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        if !content_type.starts_with(b"text/event-stream") {
            bail!("what the server answers is no event stream, but {:?}", String::from_utf8_lossy(content_type));
        }
        Ok(Box::pin(SseByteStream::new(response.bytes_stream())))
    }

    /// Keeps what a block says of coming back, and returns the event that it is, if it is one.
    fn note(&mut self, block: Sse) -> Option<Event> {
        if let Some(retry) = block.retry {
            self.retry = Duration::from_millis(retry);
            self.waits = waits(self.retry);
        }
        if let Some(id) = block.id {
            self.last_event_id = id;
        }
        let event = block.event.filter(|event| !event.is_empty()).unwrap_or_else(|| "message".to_owned());
        block.data.map(|data| Event { id: self.last_event_id.clone(), event, data })
    }
}

/// The waits between attempts that fail: each twice as long. The first is the hub's `retry:`, which differs by chance.
fn waits(first: Duration) -> ExponentialBackoff {
    let waits = ExponentialBuilder::default().with_min_delay(first).with_max_delay(LONGEST_WAIT.max(first));
    waits.without_max_times().build()
}
