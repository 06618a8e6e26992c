//! Where a listener begins.

use std::time::Duration;

use anyhow::{Context, bail};
use cyclone_edge_protocol::{Ago, ChannelSet, Cursor};

/// A place to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// With what is published from now on.
    Now,
    /// With what was published this long ago.
    Ago(Duration),
    /// After the event with this id.
    Cursor(String),
}

impl Since {
    /// Reads a duration, or a cursor of these channels. A number without a unit is a cursor.
    ///
    /// # Errors
    /// When the text is neither, or a longer time ago than a hub goes back to.
    pub(super) fn parse(text: &str, channels: &ChannelSet) -> anyhow::Result<Self> {
        if Cursor::parse(text, channels).is_ok() {
            return Ok(Self::Cursor(text.to_owned()));
        }
        let ago = humantime::parse_duration(text).ok().filter(|_| text.ends_with(char::is_alphabetic));
        let ago = ago.with_context(|| {
            format!("--since {text} is neither a duration, such as 10m, nor an id of an event of these channels")
        })?;
        if ago > Duration::from_millis(Ago::MAX_MS) {
            bail!("--since goes back an hour at most; begin further back with the id of an event");
        }
        Ok(Self::Ago(ago))
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        if let Self::Cursor(cursor) = self { Some(cursor) } else { None }
    }

    /// How long ago it was, of a listener that has been trying for a while. It says so also when it comes back: it may
    /// have been cut off before it knew where it stands.
    pub(super) fn ago_ms(&self, trying: Duration) -> Option<u64> {
        let Self::Ago(ago) = self else { return None };
        let ms = u64::try_from(ago.saturating_add(trying).as_millis()).unwrap_or(u64::MAX);
        Some(ms.min(Ago::MAX_MS))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn parse(text: &str, channels: &str) -> anyhow::Result<Since> {
        Since::parse(text, &ChannelSet::parse([channels]).unwrap())
    }

    #[test]
    fn a_number_with_a_unit_is_a_time_ago() {
        for (text, seconds) in [("10m", 600), ("1h", 3_600), ("90s", 90), ("1m 30s", 90), ("0s", 0)] {
            assert_eq!(parse(text, "cats").unwrap(), Since::Ago(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn an_id_of_these_channels_is_a_cursor() {
        for (text, channels) in [
            ("1795242991119", "cats"),
            ("0", "cats"),
            ("0@1795242985871", "cats"),
            ("1:7.9", "cats,dogs"),
            ("7.-", "a,b"),
        ] {
            assert_eq!(parse(text, channels).unwrap(), Since::Cursor(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for (text, channels, why) in [
            ("", "cats", "neither a duration"),
            ("0", "cats,dogs", "neither a duration"),
            ("1:7.9", "cats", "neither a duration"),
            ("yesterday", "cats", "neither a duration"),
            ("61m", "cats", "an hour at most"),
        ] {
            let error = format!("{:#}", parse(text, channels).unwrap_err());
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_time_ago_grows_while_the_listener_tries_up_to_what_a_hub_takes() {
        let ago = Since::Ago(Duration::from_secs(60));
        assert_eq!(ago.ago_ms(Duration::ZERO), Some(60_000));
        assert_eq!(ago.ago_ms(Duration::from_secs(5)), Some(65_000));
        assert_eq!(ago.ago_ms(Duration::from_secs(7_200)), Some(3_600_000));
        assert_eq!(Since::Now.ago_ms(Duration::ZERO), None);
    }
}
