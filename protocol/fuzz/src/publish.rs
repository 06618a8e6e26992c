//! Forms: of names and values, and of a message to be published.

use cyclone_edge_protocol::{InvalidPublishForm, NotUtf8, PublishForm, pairs};
use form_urlencoded::Serializer;
use serde_json::{Value, json, value::RawValue};

use crate::is_tellable;

/// Small, so that inputs reach it.
const MAX_MESSAGE_BYTES: usize = 64;

/// Pairs are what the reader of the `url` crate says, but for values that are no UTF-8, which are refused; and what is
/// read is written and read as the same.
pub fn form(input: &[u8]) {
    let ours: Vec<_> = pairs(input).map(|pair| (pair.value(), pair.name)).collect();
    let theirs: Vec<_> = form_urlencoded::parse(input).into_owned().collect();
    assert_eq!(ours.len(), theirs.len());
    let mut writer = Serializer::new(String::new());
    for ((value, name), (their_name, their_value)) in ours.iter().zip(&theirs) {
        assert_eq!(name, their_name);
        match value {
            Ok(value) => assert_eq!(value, their_value),
            Err(NotUtf8) => assert!(their_value.contains(char::REPLACEMENT_CHARACTER)),
        }
        writer.append_pair(their_name, their_value);
    }
    let written = writer.finish();
    let again: Vec<_> = pairs(written.as_bytes()).map(|pair| (pair.name.clone(), pair.value().unwrap())).collect();
    assert_eq!(again, theirs);
}

/// A form that is taken is within its bounds, and the same however it is written; a refusal repeats nothing of it.
pub fn publish_form(input: &[u8]) {
    check(PublishForm::from_form(input, MAX_MESSAGE_BYTES));
}

/// JSON that is taken is JSON, and as [`publish_form`]'s.
pub fn publish_json(input: &[u8]) {
    let read = PublishForm::from_json(input, MAX_MESSAGE_BYTES);
    if let Ok(form) = &read {
        assert!(serde_json::from_slice::<&RawValue>(input).is_ok());
        if let Ok(body) = serde_json::from_slice::<Value>(input) {
            let message = &body["message"];
            match message.as_str() {
                Some(text) => assert_eq!(form.message, text),
                None => assert_eq!(serde_json::from_str::<Value>(&form.message).as_ref().ok(), Some(message)),
            }
        }
    }
    check(read);
}

fn check(read: Result<PublishForm, InvalidPublishForm>) {
    let form = match read {
        Ok(form) => form,
        Err(why) => return assert!(is_tellable(&why), "{why}"),
    };
    assert!((1..=MAX_MESSAGE_BYTES).contains(&form.message.len()));
    assert_eq!(PublishForm::from_form(write_form(&form).as_bytes(), MAX_MESSAGE_BYTES), Ok(form.clone()));
    assert_eq!(PublishForm::from_json(write_json(&form).as_bytes(), MAX_MESSAGE_BYTES), Ok(form));
}

fn write_form(form: &PublishForm) -> String {
    let mut writer = Serializer::new(String::new());
    writer.extend_pairs(form.channels.iter().map(|channel| ("channel", channel.as_str())));
    writer.extend_pairs(form.key.iter().map(|key| ("key", key)));
    writer.extend_pairs(form.event.iter().map(|event| ("event", event.as_str())));
    writer.append_pair("message", &form.message).finish()
}

fn write_json(form: &PublishForm) -> String {
    let channels: Vec<_> = form.channels.iter().map(|channel| channel.as_str()).collect();
    let event = form.event.as_ref().map(|event| event.as_str());
    json!({ "channel": channels, "key": form.key, "event": event, "message": form.message }).to_string()
}
