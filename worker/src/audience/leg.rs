//! A leg: the connection between the worker that answers a listener and the object that holds it.
//!
//! So far every leg is a socket leg, a hibernatable WebSocket: the object can be evicted while listeners stay
//! connected, and what it must know of the leg then is in the socket's attachment. Stream legs, for crowds, come in
//! beside it: they share everything above `send` and `close`.
//!
//! Binary messages to the worker are bytes for the listener, untouched. Text messages are between object and worker:
//! after `pause` the object waits for `more`, which the worker sends when little of what it has waits to be written;
//! after `live` it waits no more. So a listener that reads slowly is replayed to slowly, and nothing piles up.

use cyclone_edge_protocol::{ChannelSet, Cursor};
use js_sys::{ArrayBuffer, Uint8Array};
use serde::{Deserialize, Serialize};
use worker::WebSocket;

use crate::error::Error;

/// Object to worker: there is more history; say `more` when there is room for it.
pub(super) const PAUSE: &str = "pause";
/// Worker to object: send more history.
pub(super) const MORE: &str = "more";
/// Object to worker: history is through, what follows is live.
pub(super) const LIVE: &str = "live";

/// Names a leg within its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct LegId {
    /// The listeners that want the same channels; the object that holds them knows which channels those are.
    pub(super) group: u32,
    pub(super) number: u32,
}

/// Bytes for listeners, held by JavaScript so that any number of legs share them.
pub(super) struct Frame(ArrayBuffer);

impl Frame {
    pub(super) fn new(text: &str) -> Self {
        Self(Uint8Array::from(text.as_bytes()).buffer())
    }
}

/// A listener's connection, and where the listener stands.
pub(super) struct Leg {
    socket: WebSocket,
    attachment: Attachment,
}

/// What must survive an eviction.
#[derive(Clone, Serialize, Deserialize)]
struct Attachment {
    id: LegId,
    /// The cursor of a listener that history is replayed to; `None` when it is live and stands where all live ones do.
    behind: Option<String>,
}

impl Leg {
    pub(super) fn new(socket: WebSocket, id: LegId) -> Self {
        Self { socket, attachment: Attachment { id, behind: None } }
    }

    /// Takes up the leg of a socket that outlived an eviction.
    ///
    /// # Errors
    /// When nothing is known of the socket. It is closed then, so that its listener comes back with its cursor.
    pub(super) fn restore(socket: WebSocket) -> Result<Self, Error> {
        let attachment = attachment_of(&socket).inspect_err(|_| close(&socket))?;
        Ok(Self { socket, attachment })
    }

    pub(super) fn id(&self) -> LegId {
        self.attachment.id
    }

    pub(super) fn is_live(&self) -> bool {
        self.attachment.behind.is_none()
    }

    /// Where the listener stands while history is replayed to it.
    pub(super) fn behind(&self, channels: &ChannelSet) -> Option<Cursor> {
        self.attachment.behind.as_ref().and_then(|cursor| Cursor::parse(cursor, channels).ok())
    }

    /// Moves the listener; `None` makes it live.
    pub(super) fn set_behind(&mut self, cursor: Option<&Cursor>) -> Result<(), Error> {
        self.attachment.behind = cursor.map(Cursor::to_string);
        Ok(self.socket.serialize_attachment(&self.attachment)?)
    }

    /// Sends bytes to the listener.
    ///
    /// # Errors
    /// When the leg is closed.
    pub(super) fn send(&self, frame: &Frame) -> Result<(), Error> {
        self.socket.as_ref().send_with_array_buffer(&frame.0).map_err(|error| Error::from(worker::Error::from(error)))
    }

    /// Says a word to the worker.
    pub(super) fn tell(&self, word: &str) -> Result<(), Error> {
        Ok(self.socket.send_with_str(word)?)
    }

    /// Ends the leg: the worker ends the response, and the listener comes back with its cursor.
    pub(super) fn close(&self) {
        close(&self.socket);
    }
}

fn close(socket: &WebSocket) {
    // 1012, "service restart" in the registry of RFC 6455. It fails only where the socket is closed already.
    let _ = socket.close(Some(1012), Some("resume"));
}

/// The code that stands for a close without one (RFC 6455, section 7.4.1).
const NO_STATUS: usize = 1005;
/// The code that stands for a connection that broke off (the same).
pub(crate) const BROKEN_OFF: usize = 1006;

/// Answers the close of a socket: the runtime sends the peer no close frame by itself.
pub(super) fn answer_close(socket: &WebSocket, code: usize) {
    // Neither of these two is ever sent.
    let code = if matches!(code, NO_STATUS | BROKEN_OFF) { None } else { u16::try_from(code).ok() };
    // It fails only where the socket is gone already.
    let _ = socket.close(code, Some(""));
}

/// Which leg a socket is.
pub(super) fn leg_of(socket: &WebSocket) -> Result<LegId, Error> {
    attachment_of(socket).map(|attachment| attachment.id)
}

fn attachment_of(socket: &WebSocket) -> Result<Attachment, Error> {
    socket.deserialize_attachment()?.ok_or_else(|| Error::internal("a socket has no attachment"))
}
