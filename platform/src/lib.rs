//! What the hub and the SockJS server both need of the runtime, with bounds that it does not set by itself.
//!
//! - `call`: calls between workers and objects, each with a time limit
//! - `body`: bodies, read up to bounds of their size, their time, and what all of them take
//! - `close`: how the close of a socket is answered
//! - `query`: the query of an address

mod body;
mod call;
mod close;
mod query;

pub use body::{MAX_BODY_SECONDS, UnreadBody, read_answer, read_request};
pub use call::{Answer, CallFailed, LegAnswer, Stub, poster};
pub use close::{BROKEN_OFF, answer_close};
pub use query::query_of;
