//! A connection, as a service has it.

use std::{fmt, rc::Rc, time::Duration};

use cyclone_edge_platform::CallFailed;
use serde::{Serialize, de::DeserializeOwned};
use worker::{Env, wasm_bindgen::JsValue};

use crate::{ConnectionInfo, Quote, call, registry::Broadcast, session::Session};

/// A client's connection. It is the same for the service whatever carries it.
#[derive(Clone)]
pub struct Connection(pub(crate) Rc<Session>);

/// Who gets a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipients<'a> {
    /// Every connection of the service, this one too.
    All,
    /// Those of these ids that are open.
    Only(&'a [String]),
}

/// A call to another object that failed; trying again may help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed(pub(crate) String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl From<worker::Error> for Failed {
    fn from(error: worker::Error) -> Self {
        Self(error.to_string())
    }
}

/// What JavaScript throws.
impl From<JsValue> for Failed {
    fn from(thrown: JsValue) -> Self {
        worker::Error::from(thrown).into()
    }
}

impl From<CallFailed> for Failed {
    fn from(why: CallFailed) -> Self {
        Self(why.to_string())
    }
}

impl Connection {
    /// A name that no other connection has; [`tell`] takes it from anywhere in the app. It holds the name that the client
    /// gave its session, by which others could send for it: keep it from other clients.
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// The request with which it began.
    pub fn info(&self) -> ConnectionInfo {
        self.0.info()
    }

    /// The bindings of the app.
    pub fn env(&self) -> &Env {
        self.0.env()
    }

    /// Sends a message. It waits as long as nobody receives, and is dropped once the connection is closed.
    pub fn send(&self, message: impl Quote) {
        self.0.send(&message.quoted());
    }

    /// Sends a message to connections of the service.
    ///
    /// # Errors
    /// When it may not have reached them all.
    pub async fn broadcast(&self, recipients: Recipients<'_>, message: impl Quote) -> Result<(), Failed> {
        let to = match recipients {
            Recipients::All => None,
            Recipients::Only(ids) => Some(ids.to_vec()),
        };
        let message = message.quoted().into_owned();
        let broadcast = Broadcast { to, message };
        call::post(self.env(), call::SERVICES, self.0.prefix(), call::path::BROADCAST, &broadcast).await
    }

    /// About how many bytes wait for the client to take them.
    pub fn waiting_bytes(&self) -> usize {
        self.0.waiting_bytes()
    }

    /// Closes the connection, once its client has what was sent before. A code is 1000, or from 3000 to 4999.
    pub fn close(&self, code: u16, reason: &str) {
        self.0.close(code, reason);
    }

    /// What the service keeps for this connection; the default before it set anything.
    pub fn state<T: DeserializeOwned + Default>(&self) -> T {
        self.0.state()
    }

    /// Keeps something for this connection, for as long as it lives.
    pub fn set_state<T: Serialize>(&self, state: &T) {
        self.0.set_state(state);
    }

    /// Has the service [woken](crate::Service::woken) once after this time, also if the object is evicted meanwhile. A later
    /// call puts it to another time.
    pub fn wake_after(&self, delay: Duration) {
        self.0.wake_after(delay);
    }
}

/// Says something to the service of a connection, from anywhere in the app.
///
/// # Errors
/// When there is no such connection, or it cannot be reached.
pub async fn tell(env: &Env, connection: &str, what: &str) -> Result<(), Failed> {
    call::post(env, call::SESSIONS, connection, call::path::TELL, &what).await
}
