//! The rules of SockJS: what is on the wire.
//!
//! - `multiplex`: several topics over one connection

mod multiplex;

pub use multiplex::{Action, Frame, InvalidTopic, Topic};
