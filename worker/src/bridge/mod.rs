//! The bridge: channels for clients of SockJS, in topics of websocket-multiplex. The wire is in `protocol/src/bridge.rs`.
//!
//! - `service`: what a connection does
//! - `client`: subscribing, publishing, delivering
//! - `control`: what a client says of the connection itself
//! - `desk`: what a session remembers
//! - `session`: its Durable Object

mod client;
mod control;
mod desk;
mod service;
mod session;

pub(crate) use service::{PREFIX, mounts};
pub use session::SockJsSession;
