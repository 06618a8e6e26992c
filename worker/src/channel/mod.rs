//! The channel: one object for each channel name. It owns the order of the messages, their history, the listeners that
//! want only this channel, and the list of relays that follow it.
//!
//! - `object`: the Durable Object: requests, sockets, alarm
//! - `log`: the history, in SQLite
//! - `attempts`: the idempotency keys of its messages
//! - `followers`: the relays, and how each gets what it lacks
//! - `vacancy`: since when nobody uses the channel
//! - `upkeep`: what is seen to later: relays, trimming, storage that is given back
//! - `alarm`: when that is

mod alarm;
mod attempts;
mod followers;
mod log;
mod object;
mod turns;
mod upkeep;
mod vacancy;

pub use object::Channel;
