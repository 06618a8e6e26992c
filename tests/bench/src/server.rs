//! Who is measured.

use serde::{Deserialize, Serialize};

/// A server, and how it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Server {
    /// The hub as it comes, which chooses the legs of its listeners.
    Hub,
    /// The hub with a socket for each listener.
    HubSockets,
    /// The hub with a stream for each listener.
    HubStreams,
    /// nginx with Nchan, the peer.
    Nchan,
}

impl Server {
    pub(crate) const HUBS: [Self; 3] = [Self::Hub, Self::HubSockets, Self::HubStreams];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::HubSockets => "hub, socket legs",
            Self::HubStreams => "hub, stream legs",
            Self::Nchan => "Nchan",
        }
    }

    /// The hub's setting `LEGS`; what a self-hoster has is not set.
    pub(crate) fn legs(self) -> Option<&'static str> {
        match self {
            Self::HubSockets => Some("socket"),
            Self::HubStreams => Some("stream"),
            Self::Hub | Self::Nchan => None,
        }
    }
}
