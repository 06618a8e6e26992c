//! How objects are called, and what every object needs.
//!
//! Everything goes through `fetch`: RPC of workers-rs cannot be received by objects written in Rust.
//!
//! - `calls`: what objects are asked, and what they answer
//! - `stubs`: the objects as their callers see them
//! - `leg_request`: what a new listener wants of the object that is to hold it
//! - `request`: internal requests, as an object reads and answers them
//! - `memory`: what an object keeps in memory
//! - `sql`: what every table needs

mod calls;
mod leg_request;
mod memory;
mod request;
mod sql;
mod stubs;

pub(crate) use calls::{
    Append, Appended, Attempt, Batch, Counts, Delivery, Follow, HistoryPage, HistoryRequest, Holder, PageRequest,
    Report, Unfollow,
};
pub(crate) use leg_request::{LegRequest, OpenedLeg};
pub(crate) use memory::{Memory, Wake};
pub(crate) use request::{answer, path, read_json};
pub(crate) use sql::{Table, integer};
pub(crate) use stubs::{Body, ChannelStub, DirectoryStub, FollowerStub, HolderStub, waker};
