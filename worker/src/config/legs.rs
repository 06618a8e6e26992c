//! How objects reach their listeners: by sockets, by streams, or by whichever fits the audience.

use cyclone_edge_protocol::{LegChoice, LegKind};

use super::setting::{InvalidSetting, parse_number};

/// The settings of legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Legs {
    pub(crate) choice: LegChoice,
    /// After how long without a message streams end that were chosen for a crowd.
    pub(crate) quiet_ms: u64,
}

impl Legs {
    pub(super) fn parse(read: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let number = |name, default, range| parse_number(name, read(name), default, range);
        let crowd = LegChoice::Crowd {
            listeners: number("STREAM_LISTENERS", 100, 1..=1_000_000)?,
            messages_per_minute: number("STREAM_MESSAGES_PER_MINUTE", 6, 0..=1_000_000)?,
        };
        let choice = match read("LEGS").as_deref() {
            None | Some("auto") => crowd,
            Some("socket") => LegChoice::Always(LegKind::Socket),
            Some("stream") => LegChoice::Always(LegKind::Stream),
            Some(_) => return Err(InvalidSetting::new("LEGS", "`auto`, `socket` or `stream`")),
        };
        Ok(Self { choice, quiet_ms: 1_000 * number("STREAM_QUIET_SECONDS", 300, 1..=86_400)? })
    }
}
