//! The harness of the end-to-end tests: it starts the real worker and speaks with it as backends and browsers do.
//!
//! - `hub`: a hub under `workerd`, with its own settings and its own disk, that can be killed and started again
//! - `listener`: a listener that holds one connection at a time
//! - `raw`: HTTP as bytes, so that no client hides a fault of the server
//! - `exchange`: one request as bytes, which may be any, and its answer
//! - `browser`: a headless browser with one page
//! - `driver`: Chromium or Firefox, and the program that drives it
//! - `scripted`, `answer`, `request`: a server that misbehaves as a test says
//! - `proxy`: a proxy that buffers what a hub streams
//! - `nginx`: nginx in front of a hub, as self-hosters have it
//! - `command_line`: the project's own
//! - `clock`: the time of day that a hub goes by, to be moved
//! - `group`: a process and all that it starts
//! - `sockjs_app`: the app of `examples/sockjs-echo` under `workerd`
//! - `wait`: waiting for a condition, with a deadline
//! - `faults`: the fault script, in `tests/faults`
//!
//! Everything panics when it fails: that is how a test says so.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "tests may panic")]

mod answer;
mod browser;
mod clock;
mod command_line;
mod driver;
mod exchange;
#[path = "../faults/mod.rs"]
pub mod faults;
mod group;
mod hub;
mod listener;
mod memory;
mod nginx;
mod npm_start;
mod project;
mod proxy;
mod raw;
mod request;
mod scripted;
mod sockjs_app;
mod wait;

pub use answer::{Answer, Gate};
pub use browser::Browser;
pub use clock::Clock;
pub use command_line::{command_line_folder, cyclone};
pub use driver::Engine;
pub use exchange::{Exchange, NoAnswer, RawAnswer, Then, exchange};
pub use group::Group;
pub use hub::{Hub, HubBuilder, KEY, legs};
pub use listener::Listener;
pub use nginx::Nginx;
pub use npm_start::NpmStart;
pub use project::root;
pub use proxy::{Buffering, BufferingProxy};
pub use raw::{RawResponse, raw_request, raw_request_with_little_room};
pub use request::Request;
pub use scripted::ScriptedServer;
pub use sockjs_app::SockjsApp;
pub use wait::{DEADLINE, eventually, within};
