//! The Durable Object of a channel: a thin shell that reads a request, calls plain code, and writes the answer.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::{cell::Cell, rc::Rc};

use cyclone_edge_platform::BROKEN_OFF;
use cyclone_edge_protocol::{ChannelName, ChannelSet, MessageId, Meter, Page, Rate, Retention};
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, console_debug, console_error,
    durable_object, wasm_bindgen,
};

use super::{alarm::Alarm, followers::Followers, log::Log, vacancy::Vacancy};
use crate::{
    audience::{Audience, History, Left, Owner, PAGE_BYTES, admit, attend, hear},
    clock::now_ms,
    config::Config,
    error::Error,
    objects::{
        Append, Appended, Counts, Follow, FollowerStub, HistoryPage, HistoryRequest, Holder, LegRequest, Memory,
        PageRequest, Unfollow, Wake, answer, path, read_json,
    },
    printed::Printed,
};

/// The only group of a channel's audience: listeners that want just this channel.
const GROUP: u32 = 0;

/// The object that orders and keeps the messages of one channel and holds the listeners that want only it.
#[durable_object]
pub struct Channel(Memory<Inner>);

pub(super) struct Inner {
    pub(super) state: Rc<State>,
    pub(super) name: ChannelName,
    pub(super) log: Log,
    pub(super) audience: Rc<Audience>,
    pub(super) followers: Followers,
    pub(super) vacancy: Vacancy,
    pub(super) retention: Retention,
    pub(super) alarm: Alarm,
    /// How often may be published to the channel, and how much of that is used up.
    max_rate: Option<Rate>,
    meter: Cell<Meter>,
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
            path::HISTORY => answer(inner.history(&mut request).await),
            path::LISTENERS => answer(Ok(inner.counts())),
            unknown => Error::internal(format!("a channel knows no {unknown}")).into_response(),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.0.get()?.settle().await?;
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        let inner = self.0.get()?;
        hear(inner, &socket, &message);
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> worker::Result<()> {
        Ok(self.0.get()?.leave(&socket, code).await?)
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> worker::Result<()> {
        Ok(self.0.get()?.leave(&socket, BROKEN_OFF).await?)
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
        let followers = Followers::open(env.clone(), name.clone(), sql.clone(), log.head())?;
        let retention = config.retention;
        let vacancy = Vacancy::open(sql, retention)?;
        let holder = Holder::Channel(name.clone());
        let audience = Audience::restore(state, env, holder, &config, |_| Some(channels.clone()))?;
        audience.set_position(&name, log.head());
        audience.restore_guests(followers.sessions());
        let (state, alarm) = (state.clone(), Alarm::new(state.clone()));
        let (max_rate, meter) = (config.channel_publish_rate, Cell::default());
        Ok(Self { state, name, log, audience, followers, vacancy, retention, alarm, max_rate, meter })
    }

    fn woken(self: &Rc<Self>) {
        attend(self);
    }
}

impl Inner {
    /// The path of one message, first half: from its publisher to this channel's listeners and followers.
    async fn append(self: &Rc<Self>, request: &mut Request) -> Result<Appended, Error> {
        let message: Append = read_json(request).await?;
        // Up to the first `await` nothing else happens in this object: messages are kept, delivered and sent on in the
        // order of their ids. The runtime's output gate holds everything back until the row is durable.
        let first = message.attempt.as_ref().map(|attempt| self.log.first_attempt(attempt));
        if let Some(first) = first.transpose()?.flatten() {
            return Ok(first);
        }
        if let Err(wait_ms) = self.pass_meter() {
            return Ok(Appended::TooMany { wait_ms });
        }
        let message = self.log.append(message, now_ms())?;
        let id = message.id;
        self.audience.deliver(&self.name, &[message]);
        self.send_to_followers();
        if let Err(error) = self.arm().await {
            // The message is published; the next publish tries again.
            console_error!("no alarm was set: {error}");
        }
        // Whoever publishes faster than can be delivered waits here.
        self.audience.room().await;
        Ok(Appended::At(id))
    }

    fn pass_meter(&self) -> Result<(), u64> {
        let Some(max_rate) = self.max_rate else { return Ok(()) };
        let mut meter = self.meter.get();
        let passed = meter.pass(max_rate, now_ms());
        self.meter.set(meter);
        passed
    }

    fn open_leg(self: &Rc<Self>, request: &Request) -> Result<Response, Error> {
        self.vacancy.visit();
        let mut request = LegRequest::read(request)?;
        if let Some(since) = request.since {
            let begin = || Some(self.log.begin(since, now_ms()));
            request.cursor.positions.iter_mut().for_each(|position| *position = position.or_else(begin));
        }
        admit(self, GROUP, request)
    }

    async fn begin(&self, request: &mut Request) -> Result<MessageId, Error> {
        let since: MessageId = read_json(request).await?;
        Ok(self.log.begin(since, now_ms()))
    }

    async fn page(&self, request: &mut Request) -> Result<Page, Error> {
        let wanted: PageRequest = read_json(request).await?;
        self.log.page(wanted.after, wanted.max_bytes)
    }

    async fn history(&self, request: &mut Request) -> Result<HistoryPage, Error> {
        let wanted: HistoryRequest = read_json(request).await?;
        Ok(HistoryPage { page: self.log.look_back(&wanted, now_ms())?, head: self.log.head() })
    }

    async fn follow(self: &Rc<Self>, request: &mut Request) -> Result<MessageId, Error> {
        let follow: Follow = read_json(request).await?;
        self.vacancy.visit();
        let is_session = FollowerStub::is_session(&follow.relay);
        if is_session && !self.followers.has(&follow.relay) {
            self.audience.check_room()?;
        }
        self.followers.add(&follow, self.log.head())?;
        if is_session {
            self.count_sessions();
            self.send_in_background(follow.relay);
        }
        Ok(self.log.head())
    }

    async fn unfollow(&self, request: &mut Request) -> Result<(), Error> {
        let unfollow: Unfollow = read_json(request).await?;
        self.followers.remove(&unfollow)?;
        self.count_sessions();
        self.see_to_vacancy().await
    }

    pub(super) fn count_sessions(&self) {
        self.audience.set_guests(&self.name, self.followers.sessions());
    }

    fn counts(&self) -> Counts {
        let listeners = self.audience.count(&self.name);
        if listeners == 0 { Counts::new() } else { vec![(self.name.clone(), listeners)] }
    }

    async fn leave(&self, socket: &WebSocket, code: usize) -> Result<(), Error> {
        self.audience.leave(socket, code);
        self.see_to_vacancy().await
    }

    fn send_to_followers(self: &Rc<Self>) {
        for relay in self.followers.names() {
            self.send_in_background(relay);
        }
    }

    fn send_in_background(self: &Rc<Self>, relay: String) {
        let inner = self.clone();
        self.state.wait_until(async move {
            if let Err(error) = inner.send_to(&relay, false).await {
                console_error!("no alarm was set: {error}");
            }
        });
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

impl Owner for Inner {
    fn audience(&self) -> &Rc<Audience> {
        &self.audience
    }

    async fn left(self: Rc<Self>, _: Left) -> Result<(), Error> {
        self.see_to_vacancy().await
    }
}
