//! Who may do what: which channels a request may publish to or listen to.
//!
//! - `publisher`, `subscriber`: what each of them has to show
//! - `credential`: where a request shows it
//! - `acceptance`: whether a token counts
//! - `verifier`: keys and signatures, which are the platform's Web Crypto
//! - `key_set`: the keys that an issuer publishes
//!
//! What needs no runtime is in `protocol/`: reading tokens, their claims, keys and channel patterns.

mod acceptance;
mod credential;
mod key_set;
mod publisher;
mod subscriber;
mod verifier;

use cyclone_edge_protocol::{ChannelPatterns, ChannelSet};

use crate::error::Error;
pub(crate) use credential::is_of_own_pages;
pub(crate) use publisher::{Publisher, authorize_publisher, shown_by_publisher};
pub(crate) use subscriber::{authorize_subscriber, shown_by_subscriber};

/// Refuses unless every channel is covered. Which one is not, is not said: it was named by whoever asks.
fn require_cover(patterns: &ChannelPatterns, channels: &ChannelSet) -> Result<(), Error> {
    if patterns.cover(channels) {
        Ok(())
    } else {
        Err(Error::refused(403, "forbidden_channel", "this key or token is not good for every channel that is named"))
    }
}
