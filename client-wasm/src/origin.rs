//! Which channel an event is from.

use cyclone_edge_protocol::{ChannelName, ChannelSet, Cursor};

/// The channel that an event with this id is from, on a connection for these channels.
///
/// A hub says so in the cursor, unless there is only one channel. `None` where the id is no such cursor: a server that
/// is no hub of ours numbers its events in its own way.
pub(crate) fn origin<'a>(channels: &'a ChannelSet, last_event_id: &str) -> Option<&'a ChannelName> {
    channels.single().or_else(|| channels.get(Cursor::parse(last_event_id, channels).ok()?.source?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_tells_the_channel_by_its_place_in_the_order() {
        let channels = ChannelSet::parse(["dogs,cats"]).unwrap();
        for (id, name) in [("0:5.6", Some("cats")), ("1:5.6", Some("dogs")), ("1:-.6", Some("dogs"))] {
            assert_eq!(origin(&channels, id).map(ChannelName::as_str), name, "{id:?}");
        }
    }

    #[test]
    fn what_is_no_cursor_of_these_channels_tells_nothing() {
        let channels = ChannelSet::parse(["dogs,cats"]).unwrap();
        for id in ["", "7", "5.6", "2:5.6", "0:5", "0:5.6.7", "x:1.2"] {
            assert_eq!(origin(&channels, id), None, "{id:?}");
        }
    }

    #[test]
    fn the_only_channel_needs_no_telling() {
        let channels = ChannelSet::parse(["base"]).unwrap();
        for id in ["", "1732000000123", "abc"] {
            assert_eq!(origin(&channels, id).map(ChannelName::as_str), Some("base"), "{id:?}");
        }
    }
}
