//! Topics over one connection, and what a bridge makes of them.

use cyclone_edge_protocol::{
    ChannelName, Wanted,
    sockjs::{Frame, Topic},
};

/// A frame that is taken is within its bounds and reads back as it was; the name of its topic survives being written anew. Its
/// topic is a channel of the bridge with a name that is one, and with a position that is kept in its bounds.
pub fn multiplex(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let Some(frame) = Frame::parse(text) else { return };
    let topic = frame.topic.as_str();
    assert!((1..=Topic::MAX_BYTES).contains(&topic.len()) && !topic.contains(','));
    assert!(text.starts_with(frame.action.as_str()) && text.ends_with(frame.payload));
    let again = frame.to_string();
    assert_eq!(Frame::parse(&again), Some(frame.clone()));
    // Escaped, a character takes up to three times its bytes.
    if let Some(name) = frame.topic.name().filter(|name| !name.is_empty() && name.len() <= Topic::MAX_BYTES / 3) {
        assert_eq!(Topic::of_name(&name).unwrap().name(), Some(name));
    }
    if let Ok(wanted) = Wanted::of(&frame.topic, frame.payload, 1_795_242_991_119, 86_400_000) {
        let name = String::from(wanted.channel);
        let topic = Topic::of_name(&name).unwrap();
        assert_eq!(Wanted::of(&topic, "", 0, 0).unwrap().channel, ChannelName::new(name).unwrap());
    }
}
