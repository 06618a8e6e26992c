//! What carries frames to a client.

use serde::{Deserialize, Serialize};

/// What carries frames to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A response that ends with its first frame.
    Poll,
    /// A response that goes on.
    Stream,
    /// A WebSocket with frames.
    Socket,
    /// A WebSocket without frames.
    Raw,
}

impl Kind {
    pub(crate) fn is_socket(self) -> bool {
        matches!(self, Self::Socket | Self::Raw)
    }
}
