//! The fault script: a hub under a random schedule of everything that may go wrong, and a verdict on what its listeners saw.
//!
//! - `schedule`: what a seed stands for: settings, listeners and steps, made in advance
//! - `run`: carries a schedule out
//! - `publisher`, `listener`, `wire`: who takes part
//! - `message`: what is published, told by its number
//! - `site`: the runtime that is killed
//! - `transcript`: what was published, and what each listener saw
//! - `verdict`: whether the one fits the other

mod listener;
mod message;
mod publisher;
mod run;
mod schedule;
mod site;
mod transcript;
mod verdict;
mod wire;

pub use run::{Report, run};
pub use schedule::Schedule;
