//! Add a listener, drop a listener, deliver to all that want it.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use cyclone_edge_platform::answer_close;
use cyclone_edge_protocol::{
    ChannelName, ChannelSet, Cursor, LegChoice, LegKind, Message, MessageId, Page, PerMinute, encode_gap,
    encode_greeting, encode_messages, first_lag, replay,
};
use worker::{Env, Response, State, WebSocket, console_error};

use super::{
    fan_out::{FanOut, Frame},
    leg::{Leg, LegId, StreamTerms},
    listeners::{Left, Listeners},
    reporter::Reporter,
    socket_leg::leg_of,
};
use crate::{
    clock::now_ms,
    config::{Config, Legs, Retry},
    error::Error,
    http::StreamSettings,
    objects::{Counts, Holder, LegRequest, waker},
};

/// The listeners that an object holds.
pub(crate) struct Audience {
    state: Rc<State>,
    retry: Retry,
    max_listeners: usize,
    legs: Legs,
    stream_settings: StreamSettings,
    reporter: Reporter,
    listeners: RefCell<Listeners>,
    /// Listeners that other objects hold and that count here: the sessions that follow a channel.
    guests: Cell<u64>,
    pub(super) fan_out: FanOut,
    /// How many messages were delivered lately.
    messages: Cell<PerMinute>,
    /// Legs that history is being replayed to at this moment.
    catching_up: RefCell<BTreeSet<LegId>>,
    /// Up to where each channel has been delivered. Every live listener stands there, so all of a group get the same
    /// bytes.
    positions: RefCell<BTreeMap<ChannelName, MessageId>>,
}

impl Audience {
    /// Takes up the listeners that outlived an eviction or a panic; `channels_of` knows the channels of each group.
    ///
    /// # Errors
    /// When the object's own binding is missing.
    pub(crate) fn restore(
        state: &Rc<State>,
        env: &Env,
        holder: Holder,
        config: &Config,
        channels_of: impl Fn(u32) -> Option<ChannelSet>,
    ) -> Result<Rc<Self>, Error> {
        let fan_out = FanOut::of(state, &waker(env, &holder)?);
        let sockets = state.get_websockets().into_iter().map(Leg::of_socket);
        let mut listeners = Listeners::default();
        for leg in sockets.chain(fan_out.stream_legs().into_iter().map(|leg| Ok(Leg::Stream(leg)))) {
            let channels = leg.as_ref().ok().and_then(|leg| channels_of(leg.id().group));
            match (leg, channels) {
                (Ok(leg), Some(channels)) => {
                    if leg.is_live() {
                        leg.be_live(&fan_out);
                    }
                    listeners.insert(leg, &channels);
                }
                (Ok(leg), None) => leg.cut(),
                (Err(error), _) => console_error!("a socket was not taken up: {error}"),
            }
        }
        Ok(Rc::new(Self {
            state: state.clone(),
            retry: config.retry,
            max_listeners: config.max_listeners,
            legs: config.legs,
            stream_settings: StreamSettings::new(config.keep_alive_ms),
            reporter: Reporter::new(env.clone(), holder),
            listeners: RefCell::new(listeners),
            guests: Cell::default(),
            fan_out,
            messages: Cell::default(),
            catching_up: RefCell::default(),
            positions: RefCell::default(),
        }))
    }

    /// Up to where a channel has been delivered; `None` when it is not followed.
    pub(crate) fn position(&self, channel: &ChannelName) -> Option<MessageId> {
        self.positions.borrow().get(channel).copied()
    }

    /// Says where live delivery of a channel begins.
    pub(crate) fn set_position(&self, channel: &ChannelName, position: MessageId) {
        self.positions.borrow_mut().insert(channel.clone(), position);
    }

    /// Forgets a channel that nobody listens to any more.
    pub(crate) fn forget(&self, channel: &ChannelName) {
        self.positions.borrow_mut().remove(channel);
    }

    /// Makes sure that one more listener can be taken.
    ///
    /// # Errors
    /// 503 when the object holds as many as it may.
    pub(crate) fn check_room(&self) -> Result<(), Error> {
        let guests = usize::try_from(self.guests.get()).unwrap_or(usize::MAX);
        if self.listeners.borrow().len().saturating_add(guests) < self.max_listeners {
            Ok(())
        } else {
            Err(Error::too_many_listeners())
        }
    }

    /// Whether nobody listens.
    pub(crate) fn is_empty(&self) -> bool {
        self.listeners.borrow().len() == 0
    }

    /// Takes a new listener, which stands at `cursor` and is behind: the answer is the worker's end of its leg.
    ///
    /// Where the cursor knows no position, it stands where live delivery does.
    ///
    /// # Errors
    /// 503 when the object holds as many listeners as it may.
    pub(super) fn add(self: &Rc<Self>, group: u32, request: LegRequest) -> Result<(LegId, Response), Error> {
        self.check_room()?;
        let is_new = request.is_new();
        let LegRequest { channels, mut cursor, .. } = request;
        for (position, channel) in cursor.positions.iter_mut().zip(&channels) {
            *position = position.or_else(|| self.position(channel));
        }
        cursor.source = None;
        cursor.blank_at_ms = Some(now_ms());
        let id = LegId { group, number: self.listeners.borrow().next_number() };
        let kind = if request.needs_socket { LegKind::Socket } else { self.choose_leg() };
        let terms = StreamTerms {
            settings: &self.stream_settings,
            ends_at_ms: request.ends_at_ms,
            is_new,
            quiet_ms: matches!(self.legs.choice, LegChoice::Crowd { .. }).then_some(self.legs.quiet_ms),
        };
        let (leg, response) = Leg::open(kind, id, &cursor, &self.state, &self.fan_out, &terms)?;
        let greeting = encode_greeting(self.retry.jittered_ms(), &cursor.to_string(), request.says_hello);
        leg.send(&Frame::new(&greeting))?;
        self.listeners.borrow_mut().insert(leg, &channels);
        self.report(&channels);
        Ok((id, response))
    }

    fn choose_leg(&self) -> LegKind {
        // Whose stream ended because it is quiet is not to get another one, however much was said in the minute before.
        let is_quiet = self.fan_out.is_quiet(self.legs.quiet_ms);
        let messages_per_minute = if is_quiet { 0 } else { self.messages.get().get(now_ms()) };
        self.legs.choice.choose(self.listeners.borrow().len() as u64, messages_per_minute)
    }

    /// Drops the listener of a socket that closed, with the code that came or that stands for a broken connection.
    pub(crate) fn leave(self: &Rc<Self>, socket: &WebSocket, code: usize) -> Option<Left> {
        answer_close(socket, code);
        self.drop_leg(leg_of(socket).ok()?)
    }

    /// Drops the listener of a leg that is over.
    pub(super) fn drop_leg(self: &Rc<Self>, leg: LegId) -> Option<Left> {
        self.fan_out.remove(leg);
        let left = self.listeners.borrow_mut().remove(leg)?;
        self.report(&left.channels);
        Some(left)
    }

    /// Delivers messages that follow each other in a channel to all that are live in it.
    ///
    /// Listeners whose leg turns out to be closed stay: their close event drops them.
    pub(crate) fn deliver(&self, channel: &ChannelName, messages: &[Message]) {
        let Some(last) = messages.last() else { return };
        let mut lately = self.messages.get();
        lately.add(messages.len() as u64, now_ms());
        self.messages.set(lately);
        self.send_to_live(channel, |out, cursor, index| encode_messages(out, cursor, index, messages));
        self.set_position(channel, last.id);
    }

    /// Tells all that are live in a channel that messages up to `position` are lost to them.
    pub(crate) fn announce_gap(&self, channel: &ChannelName, position: MessageId) {
        self.send_to_live(channel, |out, cursor, index| encode_gap(out, cursor, index, channel, position));
        self.set_position(channel, position);
    }

    /// Waits until so little is on its way to the listeners that there is room for more.
    pub(crate) async fn room(&self) {
        self.fan_out.room().await;
    }

    fn send_to_live(&self, channel: &ChannelName, encode: impl Fn(&mut String, &mut Cursor, usize)) {
        for (id, group) in self.listeners.borrow().groups_of(channel) {
            let Some(index) = group.channels().index_of(channel) else { continue };
            let mut text = String::new();
            encode(&mut text, &mut self.live_cursor(group.channels()), index);
            self.fan_out.deliver(id, &Frame::new(&text));
        }
    }

    /// Where those stand that are live in these channels.
    fn live_cursor(&self, channels: &ChannelSet) -> Cursor {
        let positions = channels.iter().map(|channel| self.position(channel)).collect();
        Cursor { source: None, positions, blank_at_ms: Some(now_ms()) }
    }

    /// How many listen to a channel.
    pub(crate) fn count(&self, channel: &ChannelName) -> u64 {
        self.listeners.borrow().count(channel) + self.guests.get()
    }

    /// Says how many of the listeners of a channel, the only one of this audience, are held elsewhere.
    pub(crate) fn set_guests(self: &Rc<Self>, channel: &ChannelName, guests: u64) {
        if self.guests.replace(guests) != guests
            && let Ok(channels) = ChannelSet::new([channel.clone()])
        {
            self.report(&channels);
        }
    }

    /// The same where nothing has changed since an earlier life of the object.
    pub(crate) fn restore_guests(&self, guests: u64) {
        self.guests.set(guests);
    }

    /// How many listen to each channel that anybody listens to.
    pub(crate) fn counts(&self) -> Counts {
        let listeners = self.listeners.borrow();
        listeners.channels().map(|channel| (channel.clone(), listeners.count(channel))).collect()
    }

    /// The groups that have a listener.
    pub(crate) fn groups(&self) -> BTreeSet<u32> {
        self.listeners.borrow().groups()
    }

    /// Whether history is being replayed to anybody at this moment.
    pub(crate) fn is_anyone_catching_up(&self) -> bool {
        !self.catching_up.borrow().is_empty()
    }

    fn report(self: &Rc<Self>, channels: &ChannelSet) {
        if self.reporter.note(channels) {
            let audience = self.clone();
            self.spawn(async move { audience.reporter.send(|channel| audience.count(channel)).await });
        }
    }

    /// Goes on with something after the request at hand is answered.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.state.wait_until(work);
    }

    /// Marks a leg as being caught up, unless it is already, is live, or is gone.
    pub(super) fn begin_catch_up(&self, leg: LegId) -> bool {
        let is_behind = self.with_leg(leg, |leg, _| !leg.is_live()).unwrap_or(false);
        is_behind && self.catching_up.borrow_mut().insert(leg)
    }

    pub(super) fn end_catch_up(&self, leg: LegId) {
        self.catching_up.borrow_mut().remove(&leg);
    }

    /// Makes a leg live that stands where live delivery does already. Returns whether it did.
    pub(super) fn goes_live_at_once(&self, leg: LegId) -> Result<bool, Error> {
        let stands_there = self.behind(leg).is_some_and(|(channels, cursor)| {
            first_lag(&channels, &cursor, |channel| self.position(channel)).is_none()
        });
        if stands_there {
            self.go_live(leg)?;
        }
        Ok(stands_there)
    }

    /// Where a leg that is behind stands, with its channels; `None` when it is live or gone.
    pub(super) fn behind(&self, leg: LegId) -> Option<(ChannelSet, Cursor)> {
        self.with_leg(leg, |leg, channels| leg.behind(channels).map(|cursor| (channels.clone(), cursor))).flatten()
    }

    /// Sends a piece of history to a leg that is behind, as far as live delivery has come. Returns the bytes sent.
    pub(super) fn replay(
        &self,
        leg: LegId,
        index: usize,
        channel: &ChannelName,
        page: &Page,
        max_bytes: usize,
    ) -> Result<usize, Error> {
        self.with_leg(leg, |leg, channels| {
            let Some(mut cursor) = leg.behind(channels) else { return Ok(0) };
            // A gap can move it to before every message.
            cursor.blank_at_ms.get_or_insert_with(now_ms);
            let live = self.position(channel).ok_or_else(|| Error::internal("a channel is not followed"))?;
            let text = replay(&mut cursor, index, channel, page, live, max_bytes);
            if !text.is_empty() {
                leg.send(&Frame::new(&text))?;
            }
            leg.set_behind(&cursor)?;
            Ok(text.len())
        })
        .unwrap_or(Ok(0))
    }

    /// Lets a leg wait until its worker asks for more.
    pub(super) fn pause(&self, leg: LegId) -> Result<(), Error> {
        self.with_leg(leg, |leg, _| leg.pause()).unwrap_or(Ok(()))
    }

    /// Makes a leg live, once it stands where live delivery does.
    pub(super) fn go_live(&self, leg: LegId) -> Result<(), Error> {
        self.with_leg(leg, |leg, _| leg.go_live(&self.fan_out)).unwrap_or(Ok(()))
    }

    /// Ends a leg that cannot be served.
    pub(super) fn cut(&self, leg: LegId) {
        let _ = self.with_leg(leg, |leg, _| leg.cut());
    }

    fn with_leg<T>(&self, id: LegId, act: impl FnOnce(&mut Leg, &ChannelSet) -> T) -> Option<T> {
        self.listeners.borrow_mut().with_leg(id, act)
    }
}
