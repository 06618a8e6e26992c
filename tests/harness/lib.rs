//! The harness of the end-to-end tests: it starts the real worker and speaks with it as backends and browsers do.
//!
//! - `hub`: a hub under `workerd`, with its own settings and its own disk, that can be killed and started again
//! - `listener`: a listener that holds one connection at a time
//! - `raw`: HTTP as bytes, so that no client hides a fault of the server
//! - `browser`: headless Chromium
//! - `wait`: waiting for a condition, with a deadline
//!
//! Everything panics when it fails: that is how a test says so.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "tests may panic")]

mod browser;
mod hub;
mod listener;
mod project;
mod raw;
mod wait;

pub use browser::Browser;
pub use hub::{Hub, HubBuilder, KEY};
pub use listener::Listener;
pub use project::root;
pub use raw::{RawResponse, raw_request};
pub use wait::{DEADLINE, eventually, within};
