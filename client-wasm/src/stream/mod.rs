//! A stream of events that lasts: it connects, reads, and reconnects from where it stands, and changes the transport
//! where one does not work.
//!
//! - `stream`: connect, read, wait, again
//! - `line`: one connection, or one pause between two; the browser's part of it is `js/line.js`
//! - `choice`: the transport in use, and when a better one is tried again
//! - `ladder`: which transport is next
//! - `backoff`: how long to wait before the next attempt
//! - `refusal`: what a response that is no stream means, and what is known of the token
//! - `address`: what the transports add to the address
//! - `settings`: what a page asked for, read by `js/settings.js`
//!
//! `ladder`, `backoff`, `refusal` and `address` know nothing of the browser and are tested natively.

mod address;
mod backoff;
mod choice;
mod ladder;
mod line;
mod refusal;
mod settings;
#[expect(clippy::module_inception, reason = "it is the stream that this folder is about")]
mod stream;

pub(crate) use address::{has_parameter, with_parameter};
pub(crate) use settings::{Settings, read as read_settings};
pub(crate) use stream::{CLOSED, CONNECTING, Server, Stream};
