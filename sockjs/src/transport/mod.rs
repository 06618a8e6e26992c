//! How frames look on each wire, one file for each transport, and the worker's half of a session: `receive` brings frames from
//! a leg to a client.
//!
//! What carries bytes is JavaScript, so that a panic of another request, which takes the WebAssembly instance with all its
//! closures, leaves streams and sockets as they are.

mod eventsource;
mod htmlfile;
mod jsonp;
mod kind;
mod receive;
mod xhr;
mod xhr_streaming;

pub(crate) use receive::{Received, bridge, poll, stream};

pub(crate) use self::kind::Kind;
use crate::Transport;

/// How frames look on a wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) kind: Kind,
    pub(crate) content_type: &'static str,
    /// What a stream begins with.
    pub(crate) prelude: String,
    /// What is before each frame.
    pub(crate) before: String,
    /// What is after each frame.
    pub(crate) after: &'static str,
    pub(crate) coding: Coding,
}

/// How a frame is written for what reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    /// As a string of a script in a page.
    Script,
    /// Without `%`: clients decode what EventSource brings as they would a URI.
    Uri,
}

impl Coding {
    /// The name that `wire.js` has for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Script => "script",
            Self::Uri => "uri",
        }
    }
}

const JAVASCRIPT: &str = "application/javascript; charset=UTF-8";

impl Wire {
    /// The wire of a transport that receives by HTTP; the callback is for those that need one.
    pub(crate) fn of(transport: Transport, callback: &str) -> Option<Self> {
        match transport {
            Transport::Xhr => Some(xhr::wire()),
            Transport::XhrStreaming => Some(xhr_streaming::wire()),
            Transport::EventSource => Some(eventsource::wire()),
            Transport::HtmlFile => Some(htmlfile::wire(callback)),
            Transport::Jsonp => Some(jsonp::wire(callback)),
            Transport::WebSocket | Transport::XhrSend | Transport::JsonpSend => None,
        }
    }
}
