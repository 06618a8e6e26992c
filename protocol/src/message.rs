//! A message as history holds it and as it travels to those who listen.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{EventName, MessageId};

/// A message of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its place in the channel.
    pub id: MessageId,
    /// Its SSE event type; `None` is the default type.
    pub event: Option<EventName>,
    /// Its payload.
    pub data: String,
}

impl Message {
    /// About how many bytes a message takes beside its payload: its id, its type, what surrounds them.
    const BYTES_BESIDE: usize = 128;

    /// About how many bytes the message takes in memory, and as part of a page.
    #[must_use]
    pub fn bytes(&self) -> usize {
        Self::BYTES_BESIDE + self.data.len()
    }
}
