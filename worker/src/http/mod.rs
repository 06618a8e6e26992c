//! What several need of HTTP: bodies of bounded size, event streams, and who may read the answers.

mod body;
mod cors;
mod event_stream;
mod sniffing;

pub(crate) use body::read_bounded;
pub(crate) use cors::{allow_origin, preflight};
pub(crate) use event_stream::{StreamSettings, ms_or_never};
pub(crate) use sniffing::forbid_sniffing;
