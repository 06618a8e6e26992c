//! The audience: the listeners that an object holds, and how messages reach them.
//!
//! Channels and relays have one each. It knows who listens to what, where each listener stands, and how to frame a
//! message once for all who get the same bytes. It knows nothing of storage: where messages come from is its owner's.
//!
//! - `door`: how listeners come in, what they say, and how they go
//! - `audience`: add a listener, drop a listener, deliver to all that want it
//! - `listeners`: who listens to what
//! - `leg`: the connection to the worker that answers a listener, of one of two kinds: `socket_leg`, `stream_leg`
//! - `fan_out`: live delivery, from frames to legs
//! - `catch_up`: how a listener that resumes joins those that are live
//! - `reporter`: tells the directory when counts change

#[expect(clippy::module_inception, reason = "the noun that this folder is about")]
mod audience;
mod catch_up;
mod door;
mod fan_out;
mod leg;
mod listeners;
mod reporter;
mod socket_leg;
mod stream_leg;

pub(crate) use audience::Audience;
pub(crate) use catch_up::{History, PAGE_BYTES};
pub(crate) use door::{Owner, admit, attend, hear};
pub(crate) use listeners::Left;
