//! The Durable Object of a channel: a thin shell that reads a request, calls plain code, and writes the answer.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::{cell::Cell, rc::Rc};

use cyclone_edge_protocol::{ChannelName, ChannelSet, MessageId};
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, console_debug, console_error,
    durable_object, wasm_bindgen,
};

use super::{followers::Followers, log::Log};
use crate::{
    audience::{Audience, History, LegId, MORE, PAGE_BYTES, Reporter, answer_close, catch_up},
    clock::now_ms,
    config::Config,
    error::Error,
    objects::{RelayStub, answer, path, read_json, read_leg_request},
    wire::{Append, Batch, Delivery, Follow, Holder, Page, PageRequest, Unfollow},
};

/// How long after a publish the channel makes sure that every relay has it, in case the channel lost its memory, or a
/// relay its way, in between.
const SETTLE_MS: u64 = 30_000;
/// How long after a failed delivery to a relay the channel tries again.
const RETRY_DELIVERY_MS: u64 = 1_000;
/// The only group of a channel's audience: listeners that want just this channel.
const GROUP: u32 = 0;

/// The object that orders and keeps the messages of one channel and holds the listeners that want only it.
#[durable_object]
pub struct Channel {
    inner: Result<Rc<Inner>, String>,
}

struct Inner {
    state: Rc<State>,
    env: Env,
    channels: ChannelSet,
    name: ChannelName,
    log: Log,
    audience: Audience,
    followers: Followers,
    reporter: Reporter,
    /// When the alarm rings, as far as this life of the object knows.
    alarm_at: Cell<Option<u64>>,
}

impl DurableObject for Channel {
    fn new(state: State, env: Env) -> Self {
        // A constructor must not fail: what is wrong is told to whoever asks.
        Self { inner: Inner::wake(state, env).map(Rc::new).map_err(|error| error.to_string()) }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let inner = match self.inner() {
            Ok(inner) => inner,
            Err(error) => return error.into_response(),
        };
        match request.path().as_str() {
            path::LEG => inner.open_leg(&request).or_else(Error::into_response),
            path::APPEND => answer(inner.append(&mut request).await),
            path::FOLLOW => answer(inner.follow(&mut request).await),
            path::UNFOLLOW => answer(inner.unfollow(&mut request).await),
            path::PAGE => answer(inner.page(&mut request).await),
            path::LISTENERS => answer(Ok(inner.audience.counts())),
            unknown => Error::internal(format!("a channel knows no {unknown}")).into_response(),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let inner = self.inner()?;
        inner.settle().await?;
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        let inner = self.inner()?;
        if let (WebSocketIncomingMessage::String(word), Some(leg)) = (message, inner.audience.leg(&socket))
            && word == MORE
        {
            inner.catch_up(leg);
        }
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> worker::Result<()> {
        answer_close(&socket, code);
        self.leave(&socket)
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> worker::Result<()> {
        self.leave(&socket)
    }
}

impl Channel {
    fn inner(&self) -> Result<&Rc<Inner>, Error> {
        self.inner.as_ref().map_err(Error::internal)
    }

    fn leave(&self, socket: &WebSocket) -> worker::Result<()> {
        let inner = self.inner()?;
        if inner.audience.leave(socket).is_some() {
            inner.report();
        }
        Ok(())
    }
}

impl Inner {
    fn wake(state: State, env: Env) -> Result<Self, Error> {
        let config = Config::of(&env).map_err(|why| Error::misconfigured(why.to_string()))?;
        let name = state.id().name().ok_or_else(|| Error::internal("a channel object has no name"))?;
        let name = ChannelName::new(name).map_err(Error::internal)?;
        console_debug!("channel {name} woke");
        let channels = ChannelSet::new([name.clone()])?;
        let state = Rc::new(state);
        let sql = state.storage().sql();
        let log = Log::open(sql.clone(), config.retention)?;
        let followers = Followers::open(sql, log.head())?;
        let audience = Audience::restore(state.clone(), config.retry_ms, |_| Some(channels.clone()));
        audience.set_position(&name, log.head());
        let reporter = Reporter::new(Holder::Channel(name.clone()));
        Ok(Self { state, env, channels, name, log, audience, followers, reporter, alarm_at: Cell::new(None) })
    }

    /// The path of one message.
    async fn append(self: &Rc<Self>, request: &mut Request) -> Result<MessageId, Error> {
        let message: Append = read_json(request).await?;
        // From here to the last line nothing else happens in this object: messages are kept, delivered and sent on in
        // the order of their ids. The runtime's output gate holds everything back until the row is durable.
        let message = self.log.append(message, now_ms())?;
        let id = message.id;
        self.audience.deliver(&self.name, &[message]);
        self.send_to_followers();
        self.arm_for_settling().await?;
        Ok(id)
    }

    fn open_leg(self: &Rc<Self>, request: &Request) -> Result<Response, Error> {
        let (_, cursor) = read_leg_request(request)?;
        let (leg, response) = self.audience.open(GROUP, &self.channels, cursor)?;
        self.catch_up(leg);
        self.report();
        Ok(response)
    }

    fn catch_up(self: &Rc<Self>, leg: LegId) {
        let inner = self.clone();
        self.state.wait_until(async move { catch_up(&inner.audience, inner.as_ref(), leg).await });
    }

    fn report(self: &Rc<Self>) {
        let inner = self.clone();
        self.state.wait_until(async move { inner.reporter.report(&inner.env, &inner.audience, [&inner.name]).await });
    }

    async fn page(&self, request: &mut Request) -> Result<Page, Error> {
        let wanted: PageRequest = read_json(request).await?;
        self.log.page(wanted.after, wanted.max_bytes)
    }

    async fn follow(&self, request: &mut Request) -> Result<MessageId, Error> {
        let follow: Follow = read_json(request).await?;
        self.followers.add(&follow, self.log.head())?;
        Ok(self.log.head())
    }

    async fn unfollow(&self, request: &mut Request) -> Result<(), Error> {
        let unfollow: Unfollow = read_json(request).await?;
        self.followers.remove(&unfollow)
    }

    fn send_to_followers(self: &Rc<Self>) {
        for relay in self.followers.names() {
            let inner = self.clone();
            self.state.wait_until(async move { inner.send_to(&relay, false).await });
        }
    }

    /// Sends a relay what it lacks, until it lacks nothing. A probe asks even if it seems to lack nothing.
    async fn send_to(&self, relay: &str, probe: bool) {
        if !self.followers.begin_sending(relay) {
            return;
        }
        let sent = self.send_pages(relay, probe).await;
        self.followers.end_sending(relay);
        if let Err(error) = sent {
            console_error!("a delivery to relay {relay:?} failed and will be tried again: {error}");
            if let Err(error) = self.arm(now_ms() + RETRY_DELIVERY_MS).await {
                console_error!("no alarm could be set: {error}");
            }
        }
    }

    async fn send_pages(&self, relay: &str, mut probe: bool) -> Result<(), Error> {
        let stub = RelayStub::of(&self.env, relay)?;
        while let Some((position, epoch)) = self.followers.position(relay) {
            if position == self.log.head() && !std::mem::take(&mut probe) {
                break;
            }
            let page = self.log.page(position, PAGE_BYTES)?;
            let end = page.end;
            match stub.deliver(&Batch { channel: self.name.clone(), page }).await? {
                Delivery::Delivered => self.followers.set_position(relay, end),
                Delivery::Behind(behind) if behind != position => self.followers.set_position(relay, behind),
                Delivery::Behind(_) => return Err(Error::internal("the relay refuses what it lacks")),
                Delivery::Gone => self.followers.remove(&Unfollow { relay: relay.to_owned(), epoch })?,
            }
        }
        Ok(())
    }

    /// Sets the alarm for what a publish leaves to be done: relays to be checked, history to be trimmed.
    async fn arm_for_settling(&self) -> Result<(), Error> {
        if !self.followers.is_empty() {
            return self.arm(now_ms() + SETTLE_MS).await;
        }
        if self.alarm_at.get().is_none() {
            return self.arm_for_trimming().await;
        }
        Ok(())
    }

    async fn arm_for_trimming(&self) -> Result<(), Error> {
        match self.log.next_trim(now_ms())? {
            Some(due) => self.arm(due).await,
            None => Ok(()),
        }
    }

    async fn arm(&self, at_ms: u64) -> Result<(), Error> {
        if self.alarm_at.get().is_some_and(|alarm| alarm <= at_ms) {
            return Ok(());
        }
        self.alarm_at.set(Some(at_ms));
        let offset_ms = i64::try_from(at_ms.saturating_sub(now_ms())).unwrap_or(i64::MAX);
        Ok(self.state.storage().set_alarm(offset_ms).await?)
    }

    /// What the alarm is for: drop what is too old, and make sure that no relay lacks anything.
    async fn settle(&self) -> Result<(), Error> {
        self.alarm_at.set(None);
        self.log.trim_by_age(now_ms())?;
        for relay in self.followers.names() {
            self.send_to(&relay, true).await;
        }
        self.arm_for_trimming().await
    }
}

impl History for Inner {
    async fn page(&self, _: &ChannelName, after: MessageId) -> Result<Page, Error> {
        self.log.page(after, PAGE_BYTES)
    }

    /// A channel delivers what it appends in the same turn: it never lags behind itself.
    async fn advance(&self, _: &ChannelName) -> Result<(), Error> {
        Ok(())
    }
}
