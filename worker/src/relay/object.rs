//! The Durable Object of a relay: a thin shell that reads a request, calls plain code, and writes the answer.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::{cell::RefCell, rc::Rc};

use cyclone_edge_platform::BROKEN_OFF;
use cyclone_edge_protocol::{ChannelName, ChannelSet, Cursor, MessageId, Page, Recent, accept};
use futures::future::join_all;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, console_debug, console_error,
    durable_object, wasm_bindgen,
};

use super::{follows::Follows, pending::Pending};
use crate::{
    audience::{Audience, History, Left, Owner, PAGE_BYTES, admit, attend, hear},
    clock::now_ms,
    config::Config,
    error::Error,
    objects::{
        Batch, ChannelStub, Delivery, Follow, Holder, LegRequest, Memory, PageRequest, Unfollow, Wake, answer, path,
        read_json,
    },
    printed::Printed,
};

/// The object that holds listeners of several channels.
#[durable_object]
pub struct Relay(Memory<Inner>);

struct Inner {
    state: Rc<State>,
    env: Env,
    name: String,
    follows: Follows,
    audience: Rc<Audience>,
    recent: RefCell<Recent>,
    pending: Pending,
}

impl DurableObject for Relay {
    fn new(state: State, env: Env) -> Self {
        Self(Memory::new(state, env))
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let inner = match self.0.get() {
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
        let inner = self.0.get()?;
        hear(inner, &socket, &message);
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> worker::Result<()> {
        let inner = self.0.get()?;
        Ok(inner.see_to(inner.audience.leave(&socket, code))?)
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> worker::Result<()> {
        let inner = self.0.get()?;
        Ok(inner.see_to(inner.audience.leave(&socket, BROKEN_OFF))?)
    }
}

impl Wake for Inner {
    fn wake(state: &Rc<State>, env: &Env) -> Result<Self, Error> {
        let config = Config::of(env)?;
        let name = state.id().name().ok_or_else(|| Error::internal("a relay object has no name"))?;
        console_debug!("relay {} woke", Printed(&name));
        let follows = Follows::open(state.storage().sql())?;
        let groups = follows.groups()?;
        let holder = Holder::Relay(name.clone());
        let audience = Audience::restore(state, env, holder, &config, |group| groups.get(&group).cloned())?;
        follows.keep_groups(&groups, &audience.groups())?;
        let pending = Pending::default();
        for followed in follows.all()? {
            pending.note_epoch(followed.epoch);
            if audience.count(&followed.channel) == 0 {
                // Its listeners went away with the process that served them. The channel hears of it when it delivers.
                follows.remove(&followed.channel, &name)?;
            } else {
                audience.set_position(&followed.channel, followed.position);
            }
        }
        let (state, env) = (state.clone(), env.clone());
        Ok(Self { state, env, name, follows, audience, recent: RefCell::default(), pending })
    }

    fn woken(self: &Rc<Self>) {
        attend(self);
    }
}

impl Inner {
    async fn open_leg(self: &Rc<Self>, request: &Request) -> Result<Response, Error> {
        let request = LegRequest::read(request)?;
        self.audience.check_room()?;
        let channels = request.channels.clone();
        self.pending.begin(&channels);
        let opened = self.follow_and_admit(request).await;
        self.pending.end(&channels);
        if opened.is_err() {
            self.unfollow_unwanted(&channels)?;
        }
        opened
    }

    async fn follow_and_admit(self: &Rc<Self>, mut request: LegRequest) -> Result<Response, Error> {
        self.follow_all(&request.channels).await?;
        if let Some(since) = request.since {
            self.begin_all(&request.channels, &mut request.cursor, since).await?;
        }
        admit(self, self.follows.group(&request.channels)?, request)
    }

    /// Has a listener begin after `since` in the channels in which it has no position.
    async fn begin_all(&self, channels: &ChannelSet, cursor: &mut Cursor, since: MessageId) -> Result<(), Error> {
        let unknown = channels.iter().zip(&mut cursor.positions).filter(|(_, position)| position.is_none());
        let begun = unknown.map(async |(channel, position)| {
            *position = Some(self.begin(channel, since).await?);
            Ok(())
        });
        join_all(begun).await.into_iter().collect()
    }

    async fn begin(&self, channel: &ChannelName, since: MessageId) -> Result<MessageId, Error> {
        match self.audience.position(channel) {
            // All that came after `since` is still to be delivered: no need to wake the channel.
            Some(live) if live <= since && live != MessageId::START => Ok(live),
            _ => ChannelStub::of(&self.env, channel)?.begin(since).await,
        }
    }

    /// Has the channels send their messages here from now on.
    async fn follow_all(&self, channels: &ChannelSet) -> Result<(), Error> {
        // All of them, whatever happens to one: a follow that was begun is seen to its end.
        let followed = join_all(channels.iter().map(|channel| self.follow(channel))).await;
        followed.into_iter().collect()
    }

    /// Has a channel send its messages here, unless it does already.
    async fn follow(&self, channel: &ChannelName) -> Result<(), Error> {
        // One asks for all who come meanwhile. If that fails, the next of them asks.
        let _turn = self.pending.turn(channel).await;
        if self.audience.position(channel).is_some() {
            return Ok(());
        }
        let epoch = self.pending.ask(channel, now_ms());
        let answer = self.ask_to_follow(channel, epoch).await;
        self.pending.answered(channel);
        match (answer, self.audience.position(channel)) {
            (Ok(head), None) => self.begin_following(channel, head, epoch),
            // A batch of an earlier follow came first, and may leave out what was published since that ended.
            (Ok(head), Some(position)) if position < head => self.advance(channel).await,
            (Ok(_), Some(_)) => Ok(()),
            (Err(error), _) => {
                // It may have heard all the same, and even sent a batch. Nobody was there yet to get that.
                self.unfollow(channel)?;
                self.tell_unfollow(channel, Unfollow { relay: self.name.clone(), epoch })?;
                Err(error)
            }
        }
    }

    async fn ask_to_follow(&self, channel: &ChannelName, epoch: u64) -> Result<MessageId, Error> {
        ChannelStub::of(&self.env, channel)?.follow(&Follow { relay: self.name.clone(), epoch, position: None }).await
    }

    fn begin_following(&self, channel: &ChannelName, position: MessageId, epoch: u64) -> Result<(), Error> {
        self.follows.insert(channel, position, epoch)?;
        self.audience.set_position(channel, position);
        Ok(())
    }

    /// The path of one message, second half: from its channel to this relay's listeners.
    async fn deliver(&self, request: &mut Request) -> Result<Delivery, Error> {
        let batch: Batch = read_json(request).await?;
        let delivery = self.accept(&batch.channel, &batch.page)?;
        // A channel that sends faster than can be delivered waits here, and sends more at once then.
        self.audience.room().await;
        Ok(delivery)
    }

    fn accept(&self, channel: &ChannelName, page: &Page) -> Result<Delivery, Error> {
        let position = match (self.audience.position(channel), self.pending.asked(channel)) {
            (Some(position), _) => position,
            (None, Some(epoch)) => {
                self.begin_following(channel, page.start, epoch)?;
                page.start
            }
            (None, None) => return Ok(Delivery::Gone),
        };
        let Some(news) = accept(position, page) else { return Ok(Delivery::Behind(position)) };
        // The position is kept in the same turn in which the messages are sent, so both are durable or neither is.
        let position = news.gap.unwrap_or(position);
        let reached = news.messages.last().map(|message| message.id).or(news.gap);
        if let Some(reached) = reached {
            self.follows.set_position(channel, reached)?;
        }
        if let Some(gap) = news.gap {
            self.audience.announce_gap(channel, gap);
            self.recent.borrow_mut().forget(channel);
        }
        self.audience.deliver(channel, news.messages);
        if self.audience.is_anyone_catching_up() {
            self.recent.borrow_mut().extend(channel, position, news.messages);
        } else {
            self.recent.borrow_mut().clear();
        }
        Ok(Delivery::Delivered)
    }

    /// What there is to do when a listener has left.
    fn see_to(&self, left: Option<Left>) -> Result<(), Error> {
        let Some(Left { channels, emptied }) = left else { return Ok(()) };
        if let Some(group) = emptied {
            self.follows.remove_group(group)?;
        }
        self.unfollow_unwanted(&channels)
    }

    fn unfollow_unwanted(&self, channels: &ChannelSet) -> Result<(), Error> {
        let is_wanted = |channel: &ChannelName| self.audience.count(channel) > 0 || self.pending.has(channel);
        channels.iter().filter(|channel| !is_wanted(channel)).try_for_each(|channel| self.unfollow(channel))
    }

    fn unfollow(&self, channel: &ChannelName) -> Result<(), Error> {
        self.audience.forget(channel);
        self.recent.borrow_mut().forget(channel);
        match self.follows.remove(channel, &self.name)? {
            Some(unfollow) => self.tell_unfollow(channel, unfollow),
            None => Ok(()),
        }
    }

    fn tell_unfollow(&self, channel: &ChannelName, unfollow: Unfollow) -> Result<(), Error> {
        let stub = ChannelStub::of(&self.env, channel)?;
        self.state.wait_until(async move {
            if let Err(error) = stub.unfollow(&unfollow).await {
                // The channel's next delivery is answered with `Gone`.
                console_error!("a channel was not told that nobody listens any more: {error}");
            }
        });
        Ok(())
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

impl Owner for Inner {
    fn audience(&self) -> &Rc<Audience> {
        &self.audience
    }

    async fn left(self: Rc<Self>, left: Left) -> Result<(), Error> {
        self.see_to(Some(left))
    }
}
