//! The rules of SockJS 0.3.3, a protocol that gives a page something like a WebSocket over whatever its network allows.
//!
//! - `message`: a text as JavaScript has it
//! - `frame`: what a server says, and how it is escaped
//! - `payload`: what a client says
//! - `endpoint`: which part of the protocol an address names
//! - `callback`: the function of the page that a transport calls
//! - `multiplex`: several topics over one connection

mod callback;
mod endpoint;
mod frame;
mod message;
mod multiplex;
mod payload;

pub use callback::{Callback, InvalidCallback};
pub use endpoint::{Endpoint, SessionName, Transport};
pub use frame::{HEARTBEAT, OPEN, close_frame, messages_frame, quote};
pub use message::{Message, Quote};
pub use multiplex::{Action, Frame, InvalidTopic, Topic};
pub use payload::{InvalidPayload, parse_body, parse_form, parse_frame};
