//! What clients of SockJS send, and the addresses that they ask for.

use cyclone_edge_protocol::sockjs::{
    Callback, Endpoint, InvalidPayload, Message, Quote, SessionName, messages_frame, parse_body, parse_form,
    parse_frame,
};
use serde_json::{Value, value::RawValue};

use crate::is_tellable;

/// Messages that are taken go into a frame that reads back as the same messages, half characters too; what is refused is no
/// list of strings for another reader either.
pub fn sockjs_payload(input: &[u8]) {
    let read = parse_body(input);
    match &read {
        Ok(messages) => comes_back(messages),
        Err(why) => {
            assert!(is_tellable(why));
            assert!(serde_json::from_slice::<Vec<String>>(input).is_err());
            let is_other_json = serde_json::from_slice::<Value>(input).is_ok_and(|json| !json.is_array());
            assert!(!is_other_json || *why == InvalidPayload::Missing);
        }
    }
    assert_eq!(
        parse_form(input, "application/json").is_ok() || input.starts_with(b"d="),
        read.is_ok() || input.starts_with(b"d=")
    );
    if let Ok(messages) = parse_form(input, "application/x-www-form-urlencoded") {
        comes_back(&messages);
    }
    let Ok(text) = str::from_utf8(input) else { return };
    if let Ok(messages) = parse_frame(text) {
        comes_back(&messages);
        assert!(read.is_err() || read == Ok(messages));
    }
}

fn comes_back(messages: &[Message]) {
    let quoted: Vec<_> = messages.iter().map(Quote::quoted).collect();
    let frame = messages_frame(quoted.iter().map(AsRef::as_ref));
    let json = frame.strip_prefix('a').unwrap();
    let raw: Vec<&RawValue> = serde_json::from_str(json).unwrap();
    assert_eq!(raw.len(), messages.len());
    assert_eq!(parse_body(json.as_bytes()).as_deref(), Ok(messages));
    let is_escaped = |char| matches!(char, '\u{200c}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{fff0}'..='\u{ffff}');
    assert!(!frame.contains(|char: char| char < ' ' || is_escaped(char)));
}

/// A session's path has three segments and a name within its bounds; a callback is safe in a script, whatever the query.
pub fn sockjs_path(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    if let Some(Endpoint::Session(name, transport)) = Endpoint::of(text) {
        assert!((1..=SessionName::MAX_BYTES).contains(&name.as_str().len()) && !name.as_str().contains(['.', '/']));
        assert_eq!(SessionName::new(name.as_str()), Some(name));
        let segments: Vec<&str> = text.split('/').collect();
        assert_eq!((segments.len(), segments[0], segments[2], segments[3]), (4, "", name.as_str(), transport.name()));
    }
    match Callback::of_query(text) {
        Ok(callback) => {
            let name = callback.as_str();
            assert!((1..=Callback::MAX_BYTES).contains(&name.len()));
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
        }
        Err(why) => assert!(is_tellable(&why)),
    }
}
