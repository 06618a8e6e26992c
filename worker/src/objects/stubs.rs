//! The objects as their callers see them: one stub for each kind, one method for each thing that can be asked.

use std::marker::PhantomData;

use cyclone_edge_platform::{Stub, poster};
use cyclone_edge_protocol::{ChannelName, MessageId, Page};
use js_sys::Function;
use serde::{Serialize, de::DeserializeOwned};
use worker::{Env, wasm_bindgen::JsValue};

use super::{
    calls::{
        Append, Appended, Batch, Counts, Delivery, Follow, HistoryPage, HistoryRequest, Holder, PageRequest, Report,
        Unfollow,
    },
    leg_request::{LegRequest, OpenedLeg},
    request::path,
};
use crate::error::Error;

/// The binding of the channels.
const CHANNELS: &str = "CHANNELS";
/// The binding of the relays.
const RELAYS: &str = "RELAYS";
/// The binding of the sessions of SockJS clients.
const SESSIONS: &str = "SOCKJS_SESSIONS";
/// How the name of a session begins as that of a follower. Names of relays begin with a place.
const SESSION: &str = "session:";

/// The object that orders and keeps the messages of one channel.
pub(crate) struct ChannelStub(Stub);

impl ChannelStub {
    pub(crate) fn of(env: &Env, channel: &ChannelName) -> Result<Self, Error> {
        Ok(Self(Stub::of(env, CHANNELS, channel.as_str(), None)?))
    }

    /// Publishes a message; it is durable when this returns its id.
    ///
    /// # Errors
    /// 422 for the key of another message, 429 when too many are published, 503 when it may or may not be durable.
    pub(crate) async fn append(&self, message: &Body<Append>) -> Result<MessageId, Error> {
        match send(&self.0, path::APPEND, message).await? {
            Appended::At(id) => Ok(id),
            Appended::KeyReused => Err(Error::key_reused()),
            Appended::TooMany { wait_ms } => Err(Error::too_many_publishes(wait_ms)),
        }
    }

    /// Has the channel's messages sent to a relay or a session, and returns the channel's head at that moment.
    ///
    /// # Errors
    /// 503 when the channel has as many listeners as it may, of which a session is one, or cannot serve it.
    pub(crate) async fn follow(&self, follow: &Follow) -> Result<MessageId, Error> {
        let answer = self.0.ask(path::FOLLOW, &Body::of(follow)?.0, None).await?;
        match answer.text() {
            head if answer.status() == 200 => serde_json::from_str(&head).map_err(Error::internal),
            refusal if Error::says_too_many_listeners(&refusal) => Err(Error::too_many_listeners()),
            _ => Err(Error::unavailable(format!("{} answered {}", path::FOLLOW, answer.status()))),
        }
    }

    pub(crate) async fn unfollow(&self, unfollow: &Unfollow) -> Result<(), Error> {
        call(&self.0, path::UNFOLLOW, unfollow).await
    }

    /// The position of a listener that begins after `since`.
    pub(crate) async fn begin(&self, since: MessageId) -> Result<MessageId, Error> {
        call(&self.0, path::BEGIN, &since).await
    }

    pub(crate) async fn page(&self, request: &PageRequest) -> Result<Page, Error> {
        call(&self.0, path::PAGE, request).await
    }

    pub(crate) async fn history(&self, request: &HistoryRequest) -> Result<HistoryPage, Error> {
        call(&self.0, path::HISTORY, request).await
    }
}

/// Who is sent what a channel publishes: a relay, or the session of a SockJS client.
pub(crate) struct FollowerStub {
    stub: Stub,
    path: &'static str,
}

impl FollowerStub {
    pub(crate) fn of(env: &Env, name: &str) -> Result<Self, Error> {
        match name.strip_prefix(SESSION) {
            Some(session) => Ok(Self { stub: Stub::of(env, SESSIONS, session, None)?, path: path::DELIVER_TO_SESSION }),
            None => Ok(Self { stub: Stub::of(env, RELAYS, name, None)?, path: path::DELIVER }),
        }
    }

    /// What a session is called as a follower.
    pub(crate) fn name_of_session(session: &str) -> String {
        format!("{SESSION}{session}")
    }

    /// Whether a follower of this name is a session.
    pub(crate) fn is_session(name: &str) -> bool {
        name.starts_with(SESSION)
    }

    pub(crate) async fn deliver(&self, batch: &Batch) -> Result<Delivery, Error> {
        call(&self.stub, self.path, batch).await
    }
}

/// A channel or a relay, for what both are asked as holders of listeners.
pub(crate) struct HolderStub(Stub);

impl HolderStub {
    pub(crate) fn of(env: &Env, holder: &Holder) -> Result<Self, Error> {
        Self::near(env, holder, None)
    }

    /// The same, for a relay that may have to be made: in this region, as the platform calls it.
    pub(crate) fn near(env: &Env, holder: &Holder, location_hint: Option<&str>) -> Result<Self, Error> {
        let (binding, name) = address_of(holder);
        let location_hint = location_hint.filter(|_| matches!(holder, Holder::Relay(_)));
        Ok(Self(Stub::of(env, binding, name, location_hint)?))
    }

    pub(crate) async fn listeners(&self) -> Result<Counts, Error> {
        call(&self.0, path::LISTENERS, &()).await
    }

    /// Opens a leg for a new listener.
    ///
    /// # Errors
    /// 503 when the object holds as many listeners as it may, or cannot serve it.
    pub(crate) async fn open_leg(&self, request: &LegRequest) -> Result<OpenedLeg, Error> {
        let answer = self.0.get_leg(&request.path_and_query(), None).await?;
        let stream = answer.body().filter(|_| answer.status() == 200).map(OpenedLeg::Stream);
        let socket = || answer.web_socket().map(|socket| OpenedLeg::Socket(socket.into()));
        match stream.or_else(socket) {
            Some(leg) => Ok(leg),
            None if Error::says_too_many_listeners(&answer.text()) => Err(Error::too_many_listeners()),
            None => Err(Error::unavailable(format!("no leg: the object answered {}", answer.status()))),
        }
    }
}

/// A function of JavaScript that has a channel or relay take up its memory again, after a panic.
pub(crate) fn waker(env: &Env, holder: &Holder) -> Result<Function, Error> {
    let (binding, name) = address_of(holder);
    Ok(poster(env, binding, name, path::LISTENERS, &JsValue::NULL)?)
}

/// The binding and the name of a holder's object.
fn address_of(holder: &Holder) -> (&'static str, &str) {
    match holder {
        Holder::Channel(name) => (CHANNELS, name.as_str()),
        Holder::Relay(name) => (RELAYS, name),
    }
}

/// The object that knows who listens where.
pub(crate) struct DirectoryStub(Stub);

impl DirectoryStub {
    /// There is one shard so far.
    pub(crate) fn of(env: &Env) -> Result<Self, Error> {
        Ok(Self(Stub::of(env, "DIRECTORY", "0", None)?))
    }

    pub(crate) async fn report(&self, report: &Report) -> Result<(), Error> {
        call(&self.0, path::REPORT, report).await
    }

    pub(crate) async fn stats(&self) -> Result<Counts, Error> {
        call(&self.0, path::STATS, &()).await
    }
}

/// The body of an internal request, held by JavaScript so that any number of requests share it.
pub(crate) struct Body<T>(JsValue, PhantomData<T>);

impl<T: Serialize> Body<T> {
    pub(crate) fn of(value: &T) -> Result<Self, Error> {
        let text = serde_json::to_string(value).map_err(Error::internal)?;
        Ok(Self(JsValue::from_str(&text), PhantomData))
    }
}

async fn call<T: DeserializeOwned>(stub: &Stub, path: &str, body: &impl Serialize) -> Result<T, Error> {
    send(stub, path, &Body::of(body)?).await
}

async fn send<T: DeserializeOwned, B>(stub: &Stub, path: &str, body: &Body<B>) -> Result<T, Error> {
    serde_json::from_str(&stub.post(path, &body.0).await?).map_err(Error::internal)
}
