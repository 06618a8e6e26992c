//! What every route needs of HTTP: bodies of bounded size, and who may read the answers.

mod body;
mod cors;
mod sniffing;

pub(crate) use body::{read_bounded, read_stream};
pub(crate) use cors::{allow_origin, preflight};
pub(crate) use sniffing::forbid_sniffing;
