//! What has to hold for every input of the parsers in `cyclone-edge-protocol`, as plain functions of bytes.
//!
//! libFuzzer looks for an input for which it does not (`npm run fuzz`), and an ordinary test replays the inputs in
//! `corpus/`. A new target is a function in the table below, its two lines in `fuzz_targets/`, its `[[bin]]` in Cargo.toml
//! and some inputs in `corpus/`.
//!
//! - `names`: `channel_name`, `event_name`, `channel_set`
//! - `positions`: `cursor`, `number`
//! - `stream`: `event_stream`, `event`, `replay`
//! - `publish`: `form`, `publish_form`, `publish_json`, `idempotency_key`, `history_query`
//! - `sockjs`: `sockjs_payload`, `sockjs_path`
//! - `rights`: `channel_pattern`, `token`, `claims`, `public_key`

#![allow(clippy::unwrap_used, clippy::panic, reason = "what does not hold is told by a panic")]

mod names;
mod positions;
mod publish;
mod rights;
mod sockjs;
mod stream;

pub use names::{channel_name, channel_set, event_name};
pub use positions::{cursor, number};
pub use publish::{form, history_query, idempotency_key, publish_form, publish_json};
pub use rights::{channel_pattern, claims, public_key, token};
pub use sockjs::{sockjs_path, sockjs_payload};
pub use stream::{event, event_stream, replay};

/// A target: it panics where something does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 19] = [
    ("channel_name", channel_name),
    ("channel_pattern", channel_pattern),
    ("channel_set", channel_set),
    ("claims", claims),
    ("cursor", cursor),
    ("event", event),
    ("event_name", event_name),
    ("event_stream", event_stream),
    ("form", form),
    ("history_query", history_query),
    ("idempotency_key", idempotency_key),
    ("number", number),
    ("public_key", public_key),
    ("publish_form", publish_form),
    ("publish_json", publish_json),
    ("replay", replay),
    ("sockjs_path", sockjs_path),
    ("sockjs_payload", sockjs_payload),
    ("token", token),
];

/// A refusal is told to whoever sent the input: it is short, has one line, and repeats nothing of the input.
fn is_tellable(refusal: &dyn std::error::Error) -> bool {
    let told = refusal.to_string();
    (1..200).contains(&told.len()) && told.is_ascii() && !told.contains(|char: char| char.is_control())
}
