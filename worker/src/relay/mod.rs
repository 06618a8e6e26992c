//! The relay: one object for each place and shard. It owns the listeners that want several channels at once.
//!
//! It follows the channels that it has listeners for: a publish reaches it as one request, and it delivers to its own
//! audience. So a listener of many channels holds one connection, and a message crosses to each place once.
//!
//! - `object`: the Durable Object: requests and sockets
//! - `follows`: which channels it follows, and which sets of them its listeners want, in SQLite
//! - `pending`: the channels that listeners are about to be taken for

mod follows;
mod object;
mod pending;

pub use object::Relay;
