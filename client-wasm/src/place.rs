//! Where a listener stands when it goes on with other channels.

use alloc::{string::String, string::ToString, vec::Vec};
use cyclone_edge_protocol::{ChannelName, ChannelSet, Cursor};

/// The cursor of a listener that goes on with other channels: it stands where it stood in those that it keeps. Empty
/// where that is not known.
pub(crate) fn moved(cursor: &str, before: &ChannelSet, after: &ChannelSet) -> String {
    let Ok(cursor) = Cursor::parse(cursor, before) else { return String::new() };
    let position = |name: &ChannelName| cursor.positions.get(before.index_of(name)?).copied()?;
    let positions: Vec<_> = after.iter().map(position).collect();
    if positions.iter().all(Option::is_none) {
        return String::new();
    }
    Cursor { source: None, positions, ..cursor }.to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_listener_stands_in_the_channels_that_it_keeps_where_it_stood() {
        let set = |names: &str| ChannelSet::parse([names]).unwrap();
        for (cursor, before, after, expected) in [
            ("1:5.6", "a,b", "a,b,c", "5.6.-"),
            ("1:5.6", "a,b", "b", "6"),
            ("1:0.6@9", "a,b", "a,c", "0.-@9"),
            ("1:0.6@9", "a,b", "b", "6"),
            ("5.6", "b,c", "a,c", "-.6"),
            ("7", "b", "a,b", "-.7"),
            ("5.-", "a,b", "b", ""),
            ("5.6", "a,b", "c", ""),
            ("", "a", "a,b", ""),
            ("what another server says", "a", "a,b", ""),
        ] {
            assert_eq!(moved(cursor, &set(before), &set(after)), expected, "{cursor:?} of {before} for {after}");
        }
    }
}
