//! A leg: the connection between the worker that answers a listener and the object that holds it. Whatever its kind, a
//! leg is behind while history is replayed to its listener, and live from then on.

use cyclone_edge_protocol::{ChannelSet, Cursor, LegKind};
use serde::{Deserialize, Serialize};
use worker::{Response, ResponseBody, State, WebSocket};

use super::{
    fan_out::{FanOut, Frame},
    socket_leg::SocketLeg,
    stream_leg::StreamLeg,
};
use crate::{error::Error, http::StreamSettings};

/// Names a leg within its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct LegId {
    /// The listeners that want the same channels; the object that holds them knows which channels those are.
    pub(super) group: u32,
    pub(super) number: u32,
}

/// What a stream leg is opened with.
pub(super) struct StreamTerms<'a> {
    pub(super) settings: &'a StreamSettings,
    /// When the listener's time is over.
    pub(super) ends_at_ms: Option<u64>,
    /// Nothing has to be replayed.
    pub(super) is_new: bool,
    /// After how long without a message it is given up, so that the object can sleep.
    pub(super) quiet_ms: Option<u64>,
}

/// A listener's connection, and where the listener stands.
pub(super) enum Leg {
    Socket(SocketLeg),
    Stream(StreamLeg),
}

impl Leg {
    /// A new leg, and the answer for the listener's worker. The listener stands at `cursor` and is behind.
    pub(super) fn open(
        kind: LegKind,
        id: LegId,
        cursor: &Cursor,
        state: &State,
        fan_out: &FanOut,
        terms: &StreamTerms<'_>,
    ) -> Result<(Self, Response), Error> {
        let (mut leg, response) = match kind {
            LegKind::Socket => {
                let (leg, response) = SocketLeg::open(state, id)?;
                (Self::Socket(leg), response)
            }
            LegKind::Stream => {
                let leg = fan_out.open_stream_leg(id, terms)?;
                let body = ResponseBody::Stream(leg.body());
                (Self::Stream(leg), Response::from_body(body)?)
            }
        };
        leg.set_behind(cursor)?;
        Ok((leg, response))
    }

    /// Takes up the leg of a socket that outlived an eviction.
    ///
    /// # Errors
    /// When nothing is known of the socket, which is closed then.
    pub(super) fn of_socket(socket: WebSocket) -> Result<Self, Error> {
        SocketLeg::restore(socket).map(Self::Socket)
    }

    pub(super) fn id(&self) -> LegId {
        match self {
            Self::Socket(leg) => leg.id(),
            Self::Stream(leg) => LegId { group: leg.group(), number: leg.number() },
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.cursor().is_none()
    }

    /// Where the listener stands while history is replayed to it.
    pub(super) fn behind(&self, channels: &ChannelSet) -> Option<Cursor> {
        self.cursor().and_then(|cursor| Cursor::parse(&cursor, channels).ok())
    }

    fn cursor(&self) -> Option<String> {
        match self {
            Self::Socket(leg) => leg.behind(),
            Self::Stream(leg) => leg.behind(),
        }
    }

    /// Moves a listener that is behind.
    pub(super) fn set_behind(&mut self, cursor: &Cursor) -> Result<(), Error> {
        match self {
            Self::Socket(leg) => leg.set_behind(Some(cursor))?,
            Self::Stream(leg) => leg.set_behind(Some(cursor.to_string())),
        }
        Ok(())
    }

    /// Makes a leg live that stands where live delivery does.
    pub(super) fn go_live(&mut self, fan_out: &FanOut) -> Result<(), Error> {
        match self {
            Self::Socket(leg) => {
                leg.set_behind(None)?;
                leg.say_live()?;
            }
            Self::Stream(leg) => leg.set_behind(None),
        }
        self.be_live(fan_out);
        Ok(())
    }

    /// Has a live leg take part in live delivery, unless it does already.
    pub(super) fn be_live(&self, fan_out: &FanOut) {
        match self {
            Self::Socket(leg) => fan_out.add_socket(leg.id(), leg.socket()),
            Self::Stream(leg) => fan_out.add_stream(leg),
        }
    }

    /// Sends bytes to a listener that is behind.
    ///
    /// # Errors
    /// When the leg is closed.
    pub(super) fn send(&self, frame: &Frame) -> Result<(), Error> {
        match self {
            Self::Socket(leg) => leg.send(frame)?,
            Self::Stream(leg) => leg.write(&frame.0),
        }
        Ok(())
    }

    /// Asks to be told when there is room for more history.
    pub(super) fn pause(&self) -> Result<(), Error> {
        match self {
            Self::Socket(leg) => leg.pause()?,
            Self::Stream(leg) => leg.pause(),
        }
        Ok(())
    }

    /// Ends the leg: the listener comes back with its cursor.
    pub(super) fn cut(&self) {
        match self {
            Self::Socket(leg) => leg.cut(),
            Self::Stream(leg) => leg.cut(),
        }
    }
}
