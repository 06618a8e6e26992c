//! What every route needs of HTTP: bodies of bounded size, queries, and who may read the answers.

mod body;
mod cors;
mod query;
mod sniffing;

pub(crate) use body::{read_answer, read_bounded};
pub(crate) use cors::{allow_origin, preflight};
pub(crate) use query::query_of;
pub(crate) use sniffing::forbid_sniffing;
