//! The Durable Object of a relay: a thin shell that reads a request, calls plain code, and writes the answer.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use cyclone_edge_protocol::{Acceptance, ChannelName, ChannelSet, MessageId, accept};
use futures::future::try_join_all;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, console_debug, console_error,
    durable_object, wasm_bindgen,
};

use super::{follows::Follows, recent::Recent};
use crate::{
    audience::{Audience, History, LegId, MORE, PAGE_BYTES, Reporter, answer_close, catch_up},
    clock::now_ms,
    config::Config,
    error::Error,
    objects::{ChannelStub, answer, path, read_json, read_leg_request},
    wire::{Batch, Delivery, Follow, Holder, Page, PageRequest},
};

/// The object that holds listeners of several channels.
#[durable_object]
pub struct Relay {
    inner: Result<Rc<Inner>, String>,
}

struct Inner {
    state: Rc<State>,
    env: Env,
    name: String,
    follows: Follows,
    audience: Audience,
    recent: RefCell<Recent>,
    reporter: Reporter,
    /// The last epoch given to a follow.
    epoch: Cell<u64>,
    /// Channels that were asked to be followed and have not answered yet, and how many wait for that. Their first batch
    /// can overtake their answer.
    asked: RefCell<BTreeMap<ChannelName, usize>>,
}

impl DurableObject for Relay {
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
            path::LEG => inner.open_leg(&request).await.or_else(Error::into_response),
            path::DELIVER => answer(inner.deliver(&mut request).await),
            path::LISTENERS => answer(Ok(inner.audience.counts())),
            unknown => Error::internal(format!("a relay knows no {unknown}")).into_response(),
        }
    }

    /// A relay sets no alarm.
    async fn alarm(&self) -> worker::Result<Response> {
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
        self.inner()?.leave(&socket)?;
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> worker::Result<()> {
        self.inner()?.leave(&socket)?;
        Ok(())
    }
}

impl Relay {
    fn inner(&self) -> Result<&Rc<Inner>, Error> {
        self.inner.as_ref().map_err(Error::internal)
    }
}

impl Inner {
    fn wake(state: State, env: Env) -> Result<Self, Error> {
        let config = Config::of(&env).map_err(|why| Error::misconfigured(why.to_string()))?;
        let name = state.id().name().ok_or_else(|| Error::internal("a relay object has no name"))?;
        console_debug!("relay {name} woke");
        let state = Rc::new(state);
        let follows = Follows::open(state.storage().sql())?;
        let audience =
            Audience::restore(state.clone(), config.retry_ms, |group| follows.channels_of(group).ok().flatten());
        follows.keep_groups(&audience.sets())?;
        let mut epoch = 0;
        for followed in follows.all()? {
            epoch = epoch.max(followed.epoch);
            if audience.listeners(&followed.channel) == 0 {
                // Its listeners went away with the process that served them. The channel hears of it when it delivers.
                follows.remove(&followed.channel, &name)?;
            } else {
                audience.set_position(&followed.channel, followed.position);
            }
        }
        let reporter = Reporter::new(Holder::Relay(name.clone()));
        Ok(Self {
            state,
            env,
            name,
            follows,
            audience,
            recent: RefCell::default(),
            reporter,
            epoch: Cell::new(epoch),
            asked: RefCell::default(),
        })
    }

    async fn open_leg(self: &Rc<Self>, request: &Request) -> Result<Response, Error> {
        let (channels, cursor) = read_leg_request(request)?;
        // While one channel is asked, another's last listener can go away, and its follow with it.
        loop {
            let missing: Vec<_> = channels.iter().filter(|channel| self.audience.position(channel).is_none()).collect();
            if missing.is_empty() {
                break;
            }
            try_join_all(missing.into_iter().map(|channel| self.follow(channel))).await?;
        }
        let (leg, response) = self.audience.open(self.follows.group(&channels)?, &channels, cursor)?;
        self.catch_up(leg);
        self.report(channels);
        Ok(response)
    }

    /// Has a channel send its messages here from now on.
    async fn follow(&self, channel: &ChannelName) -> Result<(), Error> {
        let epoch = now_ms().max(self.epoch.get() + 1);
        self.epoch.set(epoch);
        *self.asked.borrow_mut().entry(channel.clone()).or_default() += 1;
        let followed = self.ask_to_follow(channel, epoch).await;
        let mut asked = self.asked.borrow_mut();
        if let Some(waiting) = asked.get_mut(channel) {
            *waiting -= 1;
            if *waiting == 0 {
                asked.remove(channel);
            }
        }
        let head = followed?;
        // A batch, or another listener's follow, may have come first.
        let position = self.audience.position(channel).unwrap_or(head);
        self.begin_following(channel, position, epoch)
    }

    async fn ask_to_follow(&self, channel: &ChannelName, epoch: u64) -> Result<MessageId, Error> {
        ChannelStub::of(&self.env, channel)?.follow(&Follow { relay: self.name.clone(), epoch }).await
    }

    fn begin_following(&self, channel: &ChannelName, position: MessageId, epoch: u64) -> Result<(), Error> {
        self.follows.insert(channel, position, epoch)?;
        self.audience.set_position(channel, position);
        Ok(())
    }

    /// The path of one message, second half: from its channel to this relay's listeners.
    async fn deliver(&self, request: &mut Request) -> Result<Delivery, Error> {
        let batch: Batch = read_json(request).await?;
        self.accept(&batch.channel, &batch.page)
    }

    fn accept(&self, channel: &ChannelName, page: &Page) -> Result<Delivery, Error> {
        let position = match self.audience.position(channel) {
            Some(position) => position,
            None if self.asked.borrow().contains_key(channel) => {
                self.begin_following(channel, page.start, self.epoch.get())?;
                page.start
            }
            None => return Ok(Delivery::Gone),
        };
        if page.gap && position < page.start {
            self.audience.announce_gap(channel, page.start);
            self.recent.borrow_mut().forget(channel);
        } else if accept(position, page.start) == Acceptance::Behind {
            return Ok(Delivery::Behind(position));
        }
        let position = position.max(page.start);
        let known = page.messages.partition_point(|message| message.id <= position);
        let messages = page.messages.get(known..).unwrap_or_default();
        // The position is kept in the same turn in which the messages are sent, so both are durable or neither is.
        if let Some(last) = messages.last() {
            self.follows.set_position(channel, last.id)?;
        }
        self.audience.deliver(channel, messages);
        if self.audience.is_anyone_catching_up() {
            self.recent.borrow_mut().extend(channel, position, messages);
        } else {
            self.recent.borrow_mut().clear();
        }
        Ok(Delivery::Delivered)
    }

    fn catch_up(self: &Rc<Self>, leg: LegId) {
        let inner = self.clone();
        self.state.wait_until(async move { catch_up(&inner.audience, inner.as_ref(), leg).await });
    }

    fn leave(self: &Rc<Self>, socket: &WebSocket) -> Result<(), Error> {
        let Some(channels) = self.audience.leave(socket) else { return Ok(()) };
        if !self.audience.has_group(&channels) {
            self.follows.remove_group(&channels)?;
        }
        for channel in &channels {
            if self.audience.listeners(channel) == 0 {
                self.unfollow(channel)?;
            }
        }
        self.report(channels);
        Ok(())
    }

    fn unfollow(self: &Rc<Self>, channel: &ChannelName) -> Result<(), Error> {
        self.audience.forget(channel);
        self.recent.borrow_mut().forget(channel);
        let Some(unfollow) = self.follows.remove(channel, &self.name)? else { return Ok(()) };
        let (inner, channel) = (self.clone(), channel.clone());
        self.state.wait_until(async move {
            let told = match ChannelStub::of(&inner.env, &channel) {
                Ok(stub) => stub.unfollow(&unfollow).await,
                Err(error) => Err(error),
            };
            if let Err(error) = told {
                // The channel's next delivery is answered with `Gone`.
                console_error!("a channel was not told that nobody listens any more: {error}");
            }
        });
        Ok(())
    }

    fn report(self: &Rc<Self>, channels: ChannelSet) {
        let inner = self.clone();
        self.state.wait_until(async move { inner.reporter.report(&inner.env, &inner.audience, &channels).await });
    }
}

impl History for Inner {
    async fn page(&self, channel: &ChannelName, after: MessageId) -> Result<Page, Error> {
        if let Some(page) = self.recent.borrow().page(channel, after) {
            return Ok(page);
        }
        ChannelStub::of(&self.env, channel)?.page(&PageRequest { after, max_bytes: PAGE_BYTES }).await
    }

    async fn advance(&self, channel: &ChannelName) -> Result<(), Error> {
        let Some(position) = self.audience.position(channel) else { return Ok(()) };
        let stub = ChannelStub::of(&self.env, channel)?;
        let page = stub.page(&PageRequest { after: position, max_bytes: PAGE_BYTES }).await?;
        self.accept(channel, &page).map(|_| ())
    }
}
