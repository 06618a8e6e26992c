//! `cyclone publish`: one message, published once however often it has to be tried.

use std::{
    collections::BTreeMap,
    io::{Read, Write, stdin, stdout},
    time::Duration,
};

use anyhow::Context;
use backon::{ExponentialBuilder, Retryable};
use cyclone_edge_protocol::ChannelSet;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    client::client,
    hub::{Hub, Refusal, passes},
};

/// How long one attempt may take.
const ANSWERING: Duration = Duration::from_secs(30);

/// How often is tried again.
const AGAIN: usize = 4;

/// The first wait; each is twice as long as the one before, and longer by chance.
const WAIT: Duration = Duration::from_millis(500);

/// Whoever says to come back later than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Publishes a message to one channel or several, and prints its id in each.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    hub: Hub,
    /// The publish key, or a token.
    #[arg(long, env = "PUBLISH_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The type of the event, other than `message`.
    #[arg(long, value_name = "TYPE")]
    event: Option<String>,
    /// The idempotency key, with which the hub knows a repeat [default: a random one].
    #[arg(long, value_name = "KEY")]
    id: Option<String>,
    /// Prints the hub's answer as it is.
    #[arg(long)]
    json: bool,
    /// The channels, several with spaces or commas between.
    #[arg(required = true, num_args = 1..)]
    channel: Vec<String>,
    /// The message; - reads it from the standard input, where a line break at its end is none of it.
    #[arg(required = true)]
    message: String,
}

#[derive(Debug, Serialize)]
struct Publish {
    channel: Vec<String>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    id: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    ids: BTreeMap<String, u64>,
}

/// Runs the command.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let channels = ChannelSet::parse(options.channel.iter().map(String::as_str))?;
    let publish = Publish {
        channel: channels.iter().map(|channel| channel.as_str().to_owned()).collect(),
        message: if options.message == "-" { read_message()? } else { options.message },
        event: options.event,
        id: options.id.unwrap_or_else(|| Uuid::new_v4().to_string()),
    };
    let client = client(|builder| builder.timeout(ANSWERING))?;
    let (address, key) = (options.hub.at("/publish"), options.key.as_deref());
    let attempt = || post(&client, &address, key, &publish);
    let answer = attempt.retry(ExponentialBuilder::default().with_min_delay(WAIT).with_max_times(AGAIN).with_jitter());
    // The id makes it safe: a first attempt whose answer was lost is not published again.
    let answer = answer.when(passes).adjust(|error, wait| not_before(error, wait?)).notify(|error, wait| {
        eprintln!("warning: {error:#}; trying again in {:.1} s", wait.as_secs_f64());
    });
    let answer = answer.await?;
    if options.json {
        writeln!(stdout(), "{answer}")?;
        return Ok(());
    }
    let Answer { ids } = serde_json::from_str(&answer).context("the answer is not a hub's")?;
    for (channel, id) in ids {
        writeln!(stdout(), "{channel} {id}")?;
    }
    Ok(())
}

async fn post(client: &Client, address: &str, key: Option<&str>, publish: &Publish) -> anyhow::Result<String> {
    let request = client.post(address).json(publish);
    let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
    let response = request.send().await?;
    if !response.status().is_success() {
        return Err(Refusal::read(response).await.into());
    }
    Ok(response.text().await?)
}

/// The wait before the next attempt, as long as the server asks for; `None` where that is too long.
fn not_before(error: &anyhow::Error, wait: Duration) -> Option<Duration> {
    let asked = error.downcast_ref::<Refusal>().and_then(|refusal| refusal.retry_after);
    Some(wait.max(asked.unwrap_or_default())).filter(|wait| *wait <= PATIENCE)
}

fn read_message() -> anyhow::Result<String> {
    let mut message = String::new();
    stdin().read_to_string(&mut message).context("the standard input is no text")?;
    let length = message.strip_suffix('\n').map_or(message.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
    message.truncate(length);
    Ok(message)
}
