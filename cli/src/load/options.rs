//! What `cyclone load` is asked for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    publisher::{Pace, Until},
    template::{PublishTemplate, SubscribeTemplate},
};
use crate::hub::Hub;

/// Opens many listeners, publishes to them, and reports how soon each message arrived and what was lost, doubled or out
/// of order.
///
/// A latency is measured from the moment in which the publish was sent, not from its place in the schedule: when this
/// program is late, messages are fewer a second than asked for, and the report says so.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    hub: Hub,
    /// The publish key.
    #[arg(long, env = "PUBLISH_KEY", hide_env_values = true)]
    pub(super) key: Option<String>,
    /// How many listeners, each with a connection of its own; 0 measures publishing alone.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub(super) listeners: usize,
    /// Which channels they listen to.
    #[arg(long, value_enum, default_value_t = Mix::Classic)]
    mix: Mix,
    /// In place of a mix: each listens to one of so many channels, load-0, load-1 and so on, in turn.
    #[arg(long, conflicts_with = "mix", value_parser = at_least_one, value_name = "N")]
    pub(super) channels: Option<usize>,
    /// The channel published to [default: general; with --channels, all in turn].
    #[arg(long, value_name = "CHANNEL")]
    pub(super) publish_to: Option<String>,
    /// Messages per second, whether or not those before were answered.
    #[arg(long, default_value_t = 10.0, value_parser = positive)]
    rate: f64,
    /// Publish as fast as publishes are answered, instead of at a rate.
    #[arg(long, conflicts_with = "rate")]
    flat_out: bool,
    /// With --flat-out, how many publish at once, each on its connection.
    #[arg(long, default_value_t = 32, value_parser = at_least_one, value_name = "N")]
    publishers: usize,
    /// How long to publish.
    #[arg(long, default_value_t = 10.0, value_parser = positive)]
    seconds: f64,
    /// How many messages to publish, instead of how long.
    #[arg(long, conflicts_with = "seconds", value_name = "N")]
    messages: Option<usize>,
    /// The size of a message; it has at least what it takes to find it back.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(super) bytes: usize,
    /// Messages to each channel before those that count.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) warm_up: usize,
    /// The address that listeners ask for, of another server: {channels} becomes their channels with commas between.
    #[arg(long, value_name = "URL")]
    subscribe_url: Option<String>,
    /// The address that publishers post to, of another server: {channel} and {message} are filled in.
    #[arg(long, value_name = "URL")]
    publish_url: Option<String>,
    /// What publishers post to another server: {channel} and {message} are filled in.
    #[arg(long, value_name = "TEXT")]
    publish_body: Option<String>,
    /// Writes the report as JSON to a file; - writes it to the standard output, in place of the table.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Shows no progress.
    #[arg(long)]
    pub(super) quiet: bool,
}

/// Which channels listeners listen to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mix {
    /// General, and one of base, extras, cats and dogs, in turn.
    Classic,
}

impl Options {
    pub(super) fn subscribe_template(&self) -> SubscribeTemplate {
        let hubs_own = || self.hub.at("/sse/?channels={channels}");
        SubscribeTemplate::new(self.subscribe_url.clone().unwrap_or_else(hubs_own))
    }

    /// Whether a listener is told when it listens: the hub greets, other servers may say nothing before the first event.
    pub(super) fn greets(&self) -> bool {
        self.subscribe_url.is_none()
    }

    pub(super) fn publish_template(&self) -> PublishTemplate {
        let url = self.publish_url.clone().unwrap_or_else(|| self.hub.at("/publish"));
        PublishTemplate::new(url, self.publish_body.clone())
    }

    pub(super) fn pace(&self) -> Pace {
        let until = self.messages.map_or(Until::Seconds(self.seconds), Until::Messages);
        if self.flat_out { Pace::FlatOut(self.publishers, until) } else { Pace::Rate(self.rate, until) }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "not a whole number from 1 on".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let is_fit = |number: &f64| number.is_finite() && *number > 0.0;
    text.parse().ok().filter(is_fit).ok_or_else(|| "not a number above 0".to_owned())
}
