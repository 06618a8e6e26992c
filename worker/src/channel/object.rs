//! The Durable Object of a channel: a thin shell that reads a request, calls plain code, and writes the answer.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::rc::Rc;

use cyclone_edge_protocol::{ChannelName, ChannelSet, MessageId, Page};
use futures::future::join_all;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, console_debug, console_error,
    durable_object, wasm_bindgen,
};

use super::{
    alarm::Alarm,
    followers::{Followers, Sent},
    log::Log,
};
use crate::{
    audience::{Audience, BROKEN_OFF, History, PAGE_BYTES, admit, hear},
    clock::now_ms,
    config::Config,
    error::Error,
    objects::{
        Append, Follow, Holder, LegRequest, Memory, PageRequest, Unfollow, Wake, answer, path, read_json,
        read_leg_request,
    },
    printed::Printed,
};

/// How long after a publish the channel makes sure that every relay has it, in case the channel lost its memory, or a
/// relay its way, in between.
const SETTLE_MS: u64 = 30_000;
/// The only group of a channel's audience: listeners that want just this channel.
const GROUP: u32 = 0;

/// The object that orders and keeps the messages of one channel and holds the listeners that want only it.
#[durable_object]
pub struct Channel(Memory<Inner>);

struct Inner {
    state: Rc<State>,
    channels: ChannelSet,
    name: ChannelName,
    log: Log,
    audience: Rc<Audience>,
    followers: Followers,
    alarm: Alarm,
}

impl DurableObject for Channel {
    fn new(state: State, env: Env) -> Self {
        Self(Memory::new(state, env))
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let inner = match self.0.get() {
            Ok(inner) => inner,
            Err(error) => return error.into_response(),
        };
        match request.path().as_str() {
            path::LEG => inner.open_leg(&request).or_else(Error::into_response),
            path::APPEND => answer(inner.append(&mut request).await),
            path::FOLLOW => answer(inner.follow(&mut request).await),
            path::UNFOLLOW => answer(inner.unfollow(&mut request).await),
            path::BEGIN => answer(inner.begin(&mut request).await),
            path::PAGE => answer(inner.page(&mut request).await),
            path::LISTENERS => answer(Ok(inner.audience.counts())),
            unknown => Error::internal(format!("a channel knows no {unknown}")).into_response(),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.0.get()?.settle().await?;
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        let inner = self.0.get()?;
        hear(&inner.audience, inner, &socket, &message);
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> worker::Result<()> {
        self.0.get()?.audience.leave(&socket, code);
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> worker::Result<()> {
        self.0.get()?.audience.leave(&socket, BROKEN_OFF);
        Ok(())
    }
}

impl Wake for Inner {
    fn wake(state: &Rc<State>, env: &Env) -> Result<Self, Error> {
        let config = Config::of(env)?;
        let name = state.id().name().ok_or_else(|| Error::internal("a channel object has no name"))?;
        let name = ChannelName::new(name).map_err(Error::internal)?;
        console_debug!("channel {} woke", Printed(name.as_str()));
        let channels = ChannelSet::new([name.clone()])?;
        let sql = state.storage().sql();
        let log = Log::open(sql.clone(), config.retention)?;
        let followers = Followers::open(env.clone(), name.clone(), sql, log.head())?;
        let holder = Holder::Channel(name.clone());
        let audience = Audience::restore(state, env, holder, config.retry, |_| Some(channels.clone()));
        audience.set_position(&name, log.head());
        Ok(Self { state: state.clone(), channels, name, log, audience, followers, alarm: Alarm::new(state.clone()) })
    }
}

impl Inner {
    /// The path of one message, first half: from its publisher to this channel's listeners and followers.
    async fn append(self: &Rc<Self>, request: &mut Request) -> Result<MessageId, Error> {
        let message: Append = read_json(request).await?;
        // Up to the first `await` nothing else happens in this object: messages are kept, delivered and sent on in the
        // order of their ids. The runtime's output gate holds everything back until the row is durable.
        let message = self.log.append(message, now_ms())?;
        let id = message.id;
        self.audience.deliver(&self.name, &[message]);
        self.send_to_followers();
        if let Err(error) = self.arm().await {
            // The message is published; the next publish tries again.
            console_error!("no alarm was set: {error}");
        }
        Ok(id)
    }

    fn open_leg(self: &Rc<Self>, request: &Request) -> Result<Response, Error> {
        let LegRequest { mut cursor, since, .. } = read_leg_request(request)?;
        if let Some(since) = since {
            cursor
                .positions
                .iter_mut()
                .for_each(|position| *position = position.or_else(|| Some(self.log.begin(since))));
        }
        admit(&self.audience, self, GROUP, &self.channels, cursor)
    }

    async fn begin(&self, request: &mut Request) -> Result<MessageId, Error> {
        let since: MessageId = read_json(request).await?;
        Ok(self.log.begin(since))
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
            self.state.wait_until(async move {
                if let Err(error) = inner.send_to(&relay, false).await {
                    console_error!("no alarm was set: {error}");
                }
            });
        }
    }

    async fn send_to(&self, relay: &str, probe: bool) -> Result<(), Error> {
        match self.followers.send_to(relay, &self.log, probe).await {
            Sent::Failed { retry_ms, error } => {
                console_error!("a delivery to relay {relay:?} failed and will be tried again: {error}");
                self.alarm.set(now_ms() + retry_ms).await
            }
            // Whoever sends may fail after this, and the object be evicted before it says so.
            Sent::Busy if probe => self.alarm.set(now_ms() + SETTLE_MS).await,
            Sent::All | Sent::Busy => Ok(()),
        }
    }

    /// Sets the alarm for what a publish leaves to be done: relays to be checked, history to be trimmed.
    async fn arm(&self) -> Result<(), Error> {
        if !self.followers.is_empty() {
            self.alarm.set(now_ms() + SETTLE_MS).await
        } else if self.alarm.is_set() {
            Ok(())
        } else {
            self.arm_for_trimming().await
        }
    }

    async fn arm_for_trimming(&self) -> Result<(), Error> {
        match self.log.next_trim(now_ms())? {
            Some(due) => self.alarm.set(due).await,
            None => Ok(()),
        }
    }

    /// What the alarm is for: drop what is too old, and make sure that no relay lacks anything.
    async fn settle(&self) -> Result<(), Error> {
        self.alarm.rang();
        self.log.trim_by_age(now_ms())?;
        let relays = self.followers.names();
        for sent in join_all(relays.iter().map(|relay| self.send_to(relay, true))).await {
            sent?;
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
