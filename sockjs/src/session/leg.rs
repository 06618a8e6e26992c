//! Legs: the hibernatable WebSockets over which workers, each with a client's request, get the frames of a session. What the
//! object must know of one is in its attachment, which outlives an eviction.
//!
//! From the object come frames as they are, and `?`, which asks whether the client is still there. To the object go `n` (next:
//! there is room for another frame), `!` (the client seems to be there) and `m` with what a WebSocket client sent. A leg that
//! is closed with 1000 ended in good order.

use serde::{Deserialize, Serialize};
use worker::{State, WebSocket};

use crate::transport::Kind;

/// How many bytes a WebSocket is handed beyond those for which its worker has said that there is room.
const MAX_AHEAD_BYTES: usize = 256 * 1024;
/// Asks whether the client is still there.
pub(super) const PROBE: &str = "?";

/// What a leg is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Standing {
    /// The receiver.
    Live,
    /// It waits to hear whether the receiver still lives.
    Waiting,
    /// It has its last frame.
    Spent,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Attachment {
    kind: Kind,
    standing: Standing,
    /// How many bytes it was handed since it last said that there is room.
    handed_bytes: usize,
}

/// One leg.
pub(super) struct Leg {
    socket: WebSocket,
    attachment: Attachment,
}

impl Leg {
    pub(super) fn open(socket: WebSocket, kind: Kind, standing: Standing) -> Self {
        let leg = Self { socket, attachment: Attachment { kind, standing, handed_bytes: 0 } };
        leg.keep();
        leg
    }

    pub(super) fn of(socket: WebSocket) -> Option<Self> {
        let attachment = socket.deserialize_attachment().ok().flatten()?;
        Some(Self { socket, attachment })
    }

    /// All legs of this standing.
    pub(super) fn all(state: &State, standing: Standing) -> impl Iterator<Item = Self> {
        state.get_websockets().into_iter().filter_map(Self::of).filter(move |leg| leg.attachment.standing == standing)
    }

    pub(super) fn kind(&self) -> Kind {
        self.attachment.kind
    }

    pub(super) fn standing(&self) -> Standing {
        self.attachment.standing
    }

    /// Whether it takes another frame: a stream one at a time, a WebSocket as long as its client is not far behind.
    pub(super) fn is_ready(&self) -> bool {
        let ahead = if self.attachment.kind.is_socket() { MAX_AHEAD_BYTES } else { 1 };
        self.attachment.handed_bytes < ahead
    }

    /// It says that there is room.
    pub(super) fn has_room(&mut self) {
        self.attachment.handed_bytes = 0;
        self.keep();
    }

    /// It has a frame of so many bytes. A poll ends with it.
    pub(super) fn sent(&mut self, bytes: usize) {
        if self.attachment.kind == Kind::Poll {
            self.attachment.standing = Standing::Spent;
        }
        self.attachment.handed_bytes += bytes;
        self.keep();
    }

    pub(super) fn set_standing(&mut self, standing: Standing) {
        self.attachment.standing = standing;
        self.keep();
    }

    fn keep(&self) {
        // It fails only where the socket is gone.
        let _ = self.socket.serialize_attachment(self.attachment);
    }

    /// Hands over a frame of messages. Returns whether the leg is there to take it.
    pub(super) fn hand(&mut self, frame: &str) -> bool {
        let is_there = self.send(frame);
        if is_there {
            self.sent(frame.len());
        }
        is_there
    }

    /// Says something. Returns whether the leg is there to hear it.
    pub(super) fn send(&self, frame: &str) -> bool {
        self.socket.send_with_str(frame).is_ok()
    }

    /// Ends the leg.
    pub(super) fn close(&mut self, code: u16, reason: &str) {
        self.set_standing(Standing::Spent);
        let _ = self.socket.close(Some(code), Some(reason));
    }
}
