//! What objects are asked, and what they answer: JSON in the bodies of internal requests.

use cyclone_edge_protocol::{ChannelName, EventName, IdempotencyKey, MessageId, Page};
use serde::{Deserialize, Serialize};

/// Worker to channel: publish this.
#[derive(Serialize, Deserialize)]
pub(crate) struct Append {
    pub(crate) event: Option<EventName>,
    pub(crate) data: String,
    pub(crate) attempt: Option<Attempt>,
}

/// What tells a publish that is tried again from another.
#[derive(Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) key: IdempotencyKey,
    /// A digest of what the publisher sent: hooks may make something else of it each time.
    pub(crate) fingerprint: String,
}

/// Channel to worker: what became of an [`Append`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Appended {
    /// The message is durable, with this id: since now, or since an earlier attempt.
    At(MessageId),
    /// Another message was published with this idempotency key.
    KeyReused,
    /// More is published than the channel takes.
    TooMany {
        /// When to try again.
        wait_ms: u64,
    },
}

/// Worker to channel: which messages are there?
#[derive(Serialize, Deserialize)]
pub(crate) struct HistoryRequest {
    /// Those after this position; `None` means the last ones.
    pub(crate) since: Option<MessageId>,
    pub(crate) max_messages: u64,
    pub(crate) max_bytes: usize,
}

/// Channel to worker: a piece of history.
#[derive(Serialize, Deserialize)]
pub(crate) struct HistoryPage {
    pub(crate) page: Page,
    /// The last id that the channel gave.
    pub(crate) head: MessageId,
}

/// Relay or session to channel: send me what is published from now on, until an [`Unfollow`] with the same epoch.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Follow {
    /// The name of the relay, or that of a session's object: see [`FollowerStub`](super::FollowerStub).
    pub(crate) relay: String,
    /// Increases with each follow of this relay, so that a late unfollow cannot end a newer follow.
    pub(crate) epoch: u64,
    /// Where a session stands: it is sent what came since too. `None` means the channel's head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<MessageId>,
}

/// Relay or session to channel: nobody here listens any more.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Unfollow {
    pub(crate) relay: String,
    pub(crate) epoch: u64,
}

/// Relay to channel: which messages come after this one?
#[derive(Serialize, Deserialize)]
pub(crate) struct PageRequest {
    pub(crate) after: MessageId,
    pub(crate) max_bytes: usize,
}

/// Channel to relay or session: deliver these messages.
#[derive(Serialize, Deserialize)]
pub(crate) struct Batch {
    pub(crate) channel: ChannelName,
    pub(crate) page: Page,
}

/// Relay or session to channel: what became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Delivery {
    /// The relay's listeners have everything up to the end of the batch.
    Delivered,
    /// Messages before the batch are missing; begin after this position.
    Behind(MessageId),
    /// The relay has no listener of this channel, or the session does not want it.
    Gone,
    /// The session has as much as may wait for its client: nothing of the batch was taken.
    Full,
}

/// How many listeners an object has, by channel.
pub(crate) type Counts = Vec<(ChannelName, u64)>;

/// Channel or relay to directory: these counts are what changed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) holder: Holder,
    pub(crate) counts: Counts,
}

/// An object that holds listeners.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Holder {
    Channel(ChannelName),
    Relay(String),
}
