//! What every route needs of HTTP: bodies of bounded size, and who may read the answers.

mod body;
mod cors;

pub(crate) use body::read_bounded;
pub(crate) use cors::{allow_origin, preflight};
