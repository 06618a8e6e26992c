//! The directory: who listens where. It feeds `/stats`.
//!
//! - `object`: the Durable Object: reports, questions
//! - `tally`: the counts, in SQLite

mod object;
mod tally;

pub use object::Directory;
