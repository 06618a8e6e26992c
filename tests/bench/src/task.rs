//! What a run of `cyclone load` is asked to do: the same for every server.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Messages per second of a broadcast: few enough that each finds the server idle.
const BROADCASTS_PER_SECOND: u32 = 2;
/// Messages per second to listeners that are spread over many channels.
const SPREAD_PER_SECOND: u32 = 100;
/// How many publish where it is as fast as publishes are answered.
const PUBLISHERS: u32 = 32;

/// Which channels listeners listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mix {
    /// One that all have in common, and one of four; a message goes to the first. At the hub it crosses a relay.
    Classic,
    /// One.
    Single,
}

/// A task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    /// One message after the other, to many.
    Broadcast { mix: Mix, listeners: u32, messages: u32 },
    /// As many messages a second as are asked for, on one channel.
    Rate { listeners: u32, per_second: u32, seconds: u32 },
    /// As many as can be published, on one channel.
    FlatOut { listeners: u32, seconds: u32 },
    /// To listeners of one channel each, of many.
    Spread { listeners: u32, channels: u32, seconds: u32 },
}

impl Mix {
    pub(crate) const ALL: [Self; 2] = [Self::Classic, Self::Single];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Classic => "two channels each",
            Self::Single => "one channel",
        }
    }
}

impl Task {
    /// The options of `cyclone load`.
    pub(crate) fn options(self) -> Vec<String> {
        let words = match self {
            Self::Broadcast { mix, listeners, messages } => {
                let channels = match mix {
                    Mix::Classic => "--mix classic",
                    Mix::Single => "--channels 1",
                };
                format!("--listeners {listeners} {channels} --rate {BROADCASTS_PER_SECOND} --messages {messages}")
            }
            Self::Rate { listeners, per_second, seconds } => {
                format!("--listeners {listeners} --channels 1 --rate {per_second} --seconds {seconds}")
            }
            Self::FlatOut { listeners, seconds } => {
                format!("--listeners {listeners} --channels 1 --flat-out --publishers {PUBLISHERS} --seconds {seconds}")
            }
            Self::Spread { listeners, channels, seconds } => {
                format!("--listeners {listeners} --channels {channels} --rate {SPREAD_PER_SECOND} --seconds {seconds}")
            }
        };
        words.split(' ').map(str::to_owned).collect()
    }

    /// The sets of channels that listeners listen to, and the channel that is published to. Nothing where nobody listens, or
    /// channels are many.
    pub(crate) fn listens_to(self) -> Option<(&'static [&'static [&'static str]], &'static str)> {
        const CLASSIC: &[&[&str]] =
            &[&["general", "base"], &["general", "extras"], &["general", "cats"], &["general", "dogs"]];
        match self {
            Self::Broadcast { mix: Mix::Classic, .. } => Some((CLASSIC, "general")),
            Self::FlatOut { listeners: 0, .. } | Self::Spread { .. } => None,
            Self::Broadcast { .. } | Self::Rate { .. } | Self::FlatOut { .. } => Some((&[&["load-0"]], "load-0")),
        }
    }

    /// How long it takes, at least, when everybody is connected.
    pub(crate) fn seconds(self) -> u32 {
        match self {
            Self::Broadcast { messages, .. } => messages / BROADCASTS_PER_SECOND,
            Self::Rate { seconds, .. } | Self::FlatOut { seconds, .. } | Self::Spread { seconds, .. } => seconds,
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Broadcast { mix, listeners, .. } => write!(f, "broadcast to {listeners} listeners of {}", mix.name()),
            Self::Rate { listeners, per_second, seconds } => {
                write!(f, "{per_second} messages/s to {listeners} listeners for {seconds} s")
            }
            Self::FlatOut { listeners: 0, .. } => write!(f, "publishing alone, flat out"),
            Self::FlatOut { listeners, .. } => write!(f, "publishing flat out to {listeners} listeners"),
            Self::Spread { listeners, channels, .. } => write!(f, "{listeners} listeners over {channels} channels"),
        }
    }
}
