//! What channels and event types may be called.

use std::collections::BTreeSet;

use cyclone_edge_protocol::{ChannelName, ChannelSet, EventName, InvalidChannelSet, PublishForm, pairs};
use form_urlencoded::Serializer;
use serde_json::json;

use crate::is_tellable;

/// A name that is taken is within its bounds and the same in every form in which it travels.
pub fn channel_name(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let name = match ChannelName::new(text) {
        Ok(name) => name,
        Err(why) => return assert!(is_tellable(&why)),
    };
    assert_eq!(name.as_str(), text);
    assert!((1..=ChannelName::MAX_BYTES).contains(&text.len()));
    assert!(!text.contains(|char: char| char.is_control() || char == ',' || char == '*'));
    assert_eq!(ChannelSet::parse([text]).unwrap().single(), Some(&name));
    let json = serde_json::to_string(&name).unwrap();
    assert_eq!(serde_json::from_str::<ChannelName>(&json).unwrap(), name);
    let query = Serializer::new(String::new()).append_pair("channels", text).finish();
    assert_eq!(pairs(query.as_bytes()).next().unwrap().value().as_deref(), Ok(text));
}

/// A type that is taken is within its bounds, is none of the hub's own, and is the same in every form in which it travels.
pub fn event_name(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let name = match EventName::new(text) {
        Ok(name) => name,
        Err(why) => return assert!(is_tellable(&why)),
    };
    assert_eq!(name.as_str(), text);
    assert!((1..=EventName::MAX_BYTES).contains(&text.len()));
    assert!(!text.contains(|char: char| char.is_control()) && !text.starts_with(EventName::RESERVED_PREFIX));
    let json = serde_json::to_string(&name).unwrap();
    assert_eq!(serde_json::from_str::<EventName>(&json).unwrap(), name);
    let body = json!({ "channel": "a", "event": text, "message": 1 }).to_string();
    assert_eq!(PublishForm::from_json(body.as_bytes(), 1).unwrap().event, Some(name));
}

/// Each line is one name or several separated by commas. Taken are one to a hundred different good names and nothing else;
/// they come sorted, once each, and as one text they are the same set.
pub fn channel_set(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let lists = || text.split('\n');
    let names = lists().filter(|list| !list.is_empty()).flat_map(|list| list.split(','));
    let good: Option<BTreeSet<ChannelName>> = names.map(|name| ChannelName::new(name).ok()).collect();
    let is_set = good.as_ref().is_some_and(|names| (1..=ChannelSet::MAX_CHANNELS).contains(&names.len()));
    let set = match ChannelSet::parse(lists()) {
        Ok(set) => set,
        Err(why) => {
            assert!(!is_set && is_tellable(&why), "{why}");
            return assert_eq!(matches!(why, InvalidChannelSet::Name(_)), good.is_none());
        }
    };
    assert!(set.iter().eq(good.as_ref().unwrap()));
    assert_eq!((set.len(), set.single().is_some()), (good.unwrap().len(), set.len() == 1));
    for (index, name) in set.iter().enumerate() {
        assert_eq!((set.get(index), set.index_of(name)), (Some(name), Some(index)));
    }
    assert_eq!(set.get(set.len()), None);
    assert_eq!(ChannelSet::parse([set.to_list().as_str()]), Ok(set.clone()));
    assert_eq!(ChannelSet::new(set.iter().cloned()), Ok(set));
}
