//! Services for each topic over one connection, as websocket-multiplex has them: see `protocol/src/sockjs/multiplex.rs` for
//! the wire.
//!
//! - `topic_service`: what an app does with the subscribers of a topic
//! - `channel`: a subscriber's end of a topic
//! - `multiplexer`: the service that is made of these
//! - `open`: which topics a connection has

mod channel;
mod multiplexer;
mod open;
mod topic_service;

pub use channel::Channel;
pub use multiplexer::Multiplexer;
pub use topic_service::TopicService;
