//! The objects as their callers see them: one stub for each kind, one method for each thing that can be asked.

use std::{marker::PhantomData, pin::pin, time::Duration};

use cyclone_edge_protocol::{ChannelName, MessageId, Page};
use futures::future::{Either, select};
use serde::{Serialize, de::DeserializeOwned};
use worker::{Delay, Env, Method, Request, RequestInit, ResponseBody, Stub, wasm_bindgen::JsValue};

use super::{
    calls::{
        Append, Appended, Batch, Counts, Delivery, Follow, HistoryPage, HistoryRequest, Holder, PageRequest, Report,
        Unfollow,
    },
    leg_request::{LegRequest, OpenedLeg},
    request::path,
};
use crate::error::Error;

/// How long an object may take to answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(15);

/// The object that orders and keeps the messages of one channel.
pub(crate) struct ChannelStub(Stub);

impl ChannelStub {
    pub(crate) fn of(env: &Env, channel: &ChannelName) -> Result<Self, Error> {
        stub(env, "CHANNELS", channel.as_str()).map(Self)
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

    /// Has the channel's messages sent to a relay, and returns the channel's head at that moment.
    pub(crate) async fn follow(&self, follow: &Follow) -> Result<MessageId, Error> {
        call(&self.0, path::FOLLOW, follow).await
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

/// The object that holds listeners of several channels.
pub(crate) struct RelayStub(Stub);

impl RelayStub {
    pub(crate) fn of(env: &Env, name: &str) -> Result<Self, Error> {
        stub(env, "RELAYS", name).map(Self)
    }

    pub(crate) async fn deliver(&self, batch: &Batch) -> Result<Delivery, Error> {
        call(&self.0, path::DELIVER, batch).await
    }
}

/// A channel or a relay, for what both are asked as holders of listeners.
pub(crate) struct HolderStub(Stub);

impl HolderStub {
    pub(crate) fn of(env: &Env, holder: &Holder) -> Result<Self, Error> {
        Ok(match holder {
            Holder::Channel(name) => Self(ChannelStub::of(env, name)?.0),
            Holder::Relay(name) => Self(RelayStub::of(env, name)?.0),
        })
    }

    /// The same, for a relay that may have to be made: in this region, as the platform calls it.
    pub(crate) fn near(env: &Env, holder: &Holder, location_hint: Option<&str>) -> Result<Self, Error> {
        match (holder, location_hint) {
            (Holder::Relay(name), Some(hint)) => {
                Ok(Self(env.durable_object("RELAYS")?.get_by_name_with_location_hint(name, hint)?))
            }
            _ => Self::of(env, holder),
        }
    }

    pub(crate) async fn listeners(&self) -> Result<Counts, Error> {
        call(&self.0, path::LISTENERS, &()).await
    }

    /// Opens a leg for a new listener.
    ///
    /// # Errors
    /// 503 when the object holds as many listeners as it may, or cannot serve it.
    pub(crate) async fn open_leg(&self, request: &LegRequest) -> Result<OpenedLeg, Error> {
        let request = request.write(&address(path::LEG))?;
        let mut response = before_deadline(self.0.fetch_with_request(request)).await?;
        let status = response.status_code();
        if status == 503 && Error::says_too_many_listeners(&before_deadline(response.text()).await?) {
            return Err(Error::too_many_listeners());
        }
        if let (200, ResponseBody::Stream(body)) = (status, response.body()) {
            return Ok(OpenedLeg::Stream(body.clone()));
        }
        let socket = response.websocket().map(OpenedLeg::Socket);
        socket.ok_or_else(|| Error::unavailable(format!("no leg: the object answered {status}")))
    }
}

/// The object that knows who listens where.
pub(crate) struct DirectoryStub(Stub);

impl DirectoryStub {
    /// There is one shard so far.
    pub(crate) fn of(env: &Env) -> Result<Self, Error> {
        stub(env, "DIRECTORY", "0").map(Self)
    }

    pub(crate) async fn report(&self, report: &Report) -> Result<(), Error> {
        call(&self.0, path::REPORT, report).await
    }

    pub(crate) async fn stats(&self) -> Result<Counts, Error> {
        call(&self.0, path::STATS, &()).await
    }
}

fn stub(env: &Env, binding: &str, name: &str) -> Result<Stub, Error> {
    Ok(env.durable_object(binding)?.get_by_name(name)?)
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
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.0.clone()));
    let request = Request::new_with_init(&address(path), &init)?;
    let answer = async {
        let mut response = stub.fetch_with_request(request).await?;
        Ok::<_, worker::Error>((response.status_code(), response.text().await?))
    };
    match before_deadline(answer).await? {
        (200, text) => serde_json::from_str(&text).map_err(Error::internal),
        (status, _) => Err(Error::unavailable(format!("{path} answered {status}"))),
    }
}

/// Whoever waits for an answer keeps others waiting: one that does not come counts as a failure.
async fn before_deadline<T>(answer: impl Future<Output = worker::Result<T>>) -> Result<T, Error> {
    match select(pin!(answer), Delay::from(ANSWER_DEADLINE)).await {
        Either::Left((answer, _)) => answer.map_err(Error::unavailable),
        Either::Right(_) => Err(Error::unavailable("an object does not answer")),
    }
}

/// Objects are addressed by their stub; the host of the address says nothing.
fn address(path: &str) -> String {
    format!("http://object{path}")
}
