//! A socket leg: a hibernatable WebSocket to the listener's worker. The object can be evicted while listeners stay
//! connected; what it must know of the leg then is in the socket's attachment.
//!
//! Binary messages to the worker are bytes for the listener, untouched. Text messages are between object and worker:
//! after `pause` the object waits for `more`, which the worker sends when little of what it has waits to be written;
//! after `live` it waits no more. So a listener that reads slowly is replayed to slowly, and nothing piles up.

use cyclone_edge_protocol::Cursor;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use worker::{Response, State, WebSocket, WebSocketPair};

use super::{fan_out::Frame, leg::LegId};
use crate::error::Error;

/// Object to worker: there is more history; say `more` when there is room for it.
const PAUSE: &str = "pause";
/// Worker to object: send more history.
pub(super) const MORE: &str = "more";
/// Object to worker: history is through, what follows is live.
const LIVE: &str = "live";

#[wasm_bindgen(module = "/src/audience/socket_leg.js")]
extern "C" {
    #[wasm_bindgen(js_name = cutSocket)]
    fn cut_socket(socket: &web_sys::WebSocket);
}

/// A listener's socket.
pub(super) struct SocketLeg {
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

impl SocketLeg {
    /// A new leg, and the worker's end of it.
    pub(super) fn open(state: &State, id: LegId) -> Result<(Self, Response), Error> {
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        state.accept_web_socket(&server);
        let leg = Self { socket: server, attachment: Attachment { id, behind: None } };
        Ok((leg, Response::from_websocket(client)?))
    }

    /// Takes up the leg of a socket that outlived an eviction.
    ///
    /// # Errors
    /// When nothing is known of the socket. It is closed then, so that its listener comes back with its cursor.
    pub(super) fn restore(socket: WebSocket) -> Result<Self, Error> {
        let attachment = attachment_of(&socket).inspect_err(|_| cut_socket(socket.as_ref()))?;
        Ok(Self { socket, attachment })
    }

    pub(super) fn socket(&self) -> &WebSocket {
        &self.socket
    }

    pub(super) fn id(&self) -> LegId {
        self.attachment.id
    }

    pub(super) fn behind(&self) -> Option<String> {
        self.attachment.behind.clone()
    }

    pub(super) fn set_behind(&mut self, cursor: Option<&Cursor>) -> Result<(), Error> {
        self.attachment.behind = cursor.map(Cursor::to_string);
        Ok(self.socket.serialize_attachment(&self.attachment)?)
    }

    /// # Errors
    /// When the leg is closed.
    pub(super) fn send(&self, frame: &Frame) -> Result<(), Error> {
        Ok(self.socket.as_ref().send_with_array_buffer(&frame.0.buffer())?)
    }

    pub(super) fn pause(&self) -> Result<(), Error> {
        Ok(self.socket.send_with_str(PAUSE)?)
    }

    pub(super) fn say_live(&self) -> Result<(), Error> {
        Ok(self.socket.send_with_str(LIVE)?)
    }

    pub(super) fn cut(&self) {
        cut_socket(self.socket.as_ref());
    }
}

/// Which leg a socket is.
pub(super) fn leg_of(socket: &WebSocket) -> Result<LegId, Error> {
    attachment_of(socket).map(|attachment| attachment.id)
}

fn attachment_of(socket: &WebSocket) -> Result<Attachment, Error> {
    socket.deserialize_attachment()?.ok_or_else(|| Error::internal("a socket has no attachment"))
}
