//! Add a listener, drop a listener, deliver to all that want it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use cyclone_edge_protocol::{ChannelName, ChannelSet, Cursor, Event, EventName, MessageId, encode_greeting};
use serde_json::json;
use worker::{Response, State, WebSocket, WebSocketPair, console_error};

use super::leg::{Frame, LIVE, Leg, LegId, PAGE, leg_of};
use crate::{
    error::Error,
    wire::{Counts, Message, Page},
};

/// The most listeners of one object: the runtime takes no more hibernatable sockets.
const MAX_LEGS: usize = 32_768;

/// The listeners that an object holds.
pub(crate) struct Audience {
    state: Rc<State>,
    retry_ms: u64,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    next_leg: u32,
    legs: usize,
    /// Legs that history is being replayed to at this moment.
    catching_up: BTreeSet<LegId>,
    groups: BTreeMap<u32, Group>,
    by_channel: BTreeMap<ChannelName, BTreeSet<u32>>,
    /// Up to where each channel has been delivered. Every live listener stands there, so all of a group get the same
    /// bytes.
    positions: BTreeMap<ChannelName, MessageId>,
}

/// Listeners that want the same channels.
struct Group {
    channels: ChannelSet,
    legs: BTreeMap<u32, Leg>,
}

impl Audience {
    /// Takes up the listeners that outlived an eviction; `channels_of` knows the channels of each group.
    pub(crate) fn restore(state: Rc<State>, retry_ms: u64, channels_of: impl Fn(u32) -> Option<ChannelSet>) -> Self {
        let mut inner = Inner::default();
        for socket in state.get_websockets() {
            let leg = match Leg::restore(socket) {
                Ok(leg) => leg,
                Err(error) => {
                    console_error!("a socket could not be taken up: {error}");
                    continue;
                }
            };
            match channels_of(leg.id().group) {
                Some(channels) => inner.insert(leg, &channels),
                None => leg.close(),
            }
        }
        Self { state, retry_ms, inner: RefCell::new(inner) }
    }

    /// Up to where a channel has been delivered; `None` when it is not followed.
    pub(crate) fn position(&self, channel: &ChannelName) -> Option<MessageId> {
        self.inner.borrow().positions.get(channel).copied()
    }

    /// Says where live delivery of a channel begins.
    pub(crate) fn set_position(&self, channel: &ChannelName, position: MessageId) {
        self.inner.borrow_mut().positions.insert(channel.clone(), position);
    }

    /// Forgets a channel that nobody listens to any more.
    pub(crate) fn forget(&self, channel: &ChannelName) {
        self.inner.borrow_mut().positions.remove(channel);
    }

    /// Takes a new listener: the answer is the worker's end of its leg.
    ///
    /// The listener stands at `cursor` and is behind until [`catch_up`](super::catch_up) has made it live; where the
    /// cursor knows no position, it stands where live delivery does.
    ///
    /// # Errors
    /// When the object holds as many listeners as the runtime allows.
    pub(crate) fn open(
        &self,
        group: u32,
        channels: &ChannelSet,
        mut cursor: Cursor,
    ) -> Result<(LegId, Response), Error> {
        let mut inner = self.inner.borrow_mut();
        if inner.legs >= MAX_LEGS {
            return Err(Error::unavailable("the audience is full"));
        }
        for (position, channel) in cursor.positions.iter_mut().zip(channels) {
            *position = position.or_else(|| inner.positions.get(channel).copied());
        }
        cursor.source = None;
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.accept_web_socket(&server);
        let mut leg = Leg::new(server, LegId { group, number: inner.next_leg });
        leg.set_behind(Some(&cursor))?;
        leg.send(&Frame::new(&encode_greeting(self.retry_ms, &cursor.to_string())))?;
        let id = leg.id();
        inner.insert(leg, channels);
        Ok((id, Response::from_websocket(client)?))
    }

    /// Drops the listener of a socket that closed. Returns its channels if it was there.
    pub(crate) fn leave(&self, socket: &WebSocket) -> Option<ChannelSet> {
        self.inner.borrow_mut().remove(leg_of(socket).ok()?)
    }

    /// Which leg a socket is.
    pub(crate) fn leg(&self, socket: &WebSocket) -> Option<LegId> {
        leg_of(socket).ok()
    }

    /// Delivers messages that follow each other in a channel to all that are live in it.
    ///
    /// Listeners whose leg turns out to be closed stay: their close event drops them.
    pub(crate) fn deliver(&self, channel: &ChannelName, messages: &[Message]) {
        let Some(last) = messages.last() else { return };
        let mut inner = self.inner.borrow_mut();
        for (group, index, mut cursor) in inner.groups_of(channel) {
            let mut text = String::new();
            encode_messages(&mut text, &mut cursor, index, messages);
            group.send_to_live(&Frame::new(&text));
        }
        inner.positions.insert(channel.clone(), last.id);
    }

    /// Tells all that are live in a channel that messages up to `position` are lost to them.
    pub(crate) fn announce_gap(&self, channel: &ChannelName, position: MessageId) {
        let mut inner = self.inner.borrow_mut();
        for (group, index, mut cursor) in inner.groups_of(channel) {
            let mut text = String::new();
            encode_gap(&mut text, &mut cursor, index, channel, position);
            group.send_to_live(&Frame::new(&text));
        }
        inner.positions.insert(channel.clone(), position);
    }

    /// How many listen to a channel.
    pub(crate) fn listeners(&self, channel: &ChannelName) -> u64 {
        let inner = self.inner.borrow();
        let groups = inner.by_channel.get(channel).into_iter().flatten();
        groups.filter_map(|group| inner.groups.get(group)).map(|group| group.legs.len() as u64).sum()
    }

    /// How many listen to each channel that anybody listens to.
    pub(crate) fn counts(&self) -> Counts {
        let channels: Vec<ChannelName> = self.inner.borrow().by_channel.keys().cloned().collect();
        channels.into_iter().map(|channel| (channel.clone(), self.listeners(&channel))).collect()
    }

    /// The sets of channels that listeners want.
    pub(crate) fn sets(&self) -> Vec<ChannelSet> {
        self.inner.borrow().groups.values().map(|group| group.channels.clone()).collect()
    }

    /// Whether any listener wants just these channels.
    pub(crate) fn has_group(&self, channels: &ChannelSet) -> bool {
        let inner = self.inner.borrow();
        let mut groups = channels.get(0).and_then(|first| inner.by_channel.get(first)).into_iter().flatten();
        groups.any(|group| inner.groups.get(group).is_some_and(|group| group.channels == *channels))
    }

    /// Whether history is being replayed to anybody at this moment.
    pub(crate) fn is_anyone_catching_up(&self) -> bool {
        !self.inner.borrow().catching_up.is_empty()
    }

    /// Marks a leg as being caught up, unless it is already, is live, or is gone.
    pub(super) fn begin_catch_up(&self, leg: LegId) -> bool {
        let is_behind = self.with_leg(leg, |leg, _| !leg.is_live()).unwrap_or(false);
        is_behind && self.inner.borrow_mut().catching_up.insert(leg)
    }

    pub(super) fn end_catch_up(&self, leg: LegId) {
        self.inner.borrow_mut().catching_up.remove(&leg);
    }

    /// Where a leg that is behind stands, with its channels; `None` when it is live or gone.
    pub(super) fn behind(&self, leg: LegId) -> Option<(ChannelSet, Cursor)> {
        self.with_leg(leg, |leg, channels| leg.behind(channels).map(|cursor| (channels.clone(), cursor))).flatten()
    }

    /// Sends a piece of history to a leg that is behind, as far as live delivery has come. Returns the bytes sent.
    pub(super) fn replay(&self, leg: LegId, index: usize, channel: &ChannelName, page: &Page) -> Result<usize, Error> {
        let live = self.position(channel).ok_or_else(|| Error::internal("a channel is not followed"))?;
        self.with_leg(leg, |leg, channels| {
            let Some(mut cursor) = leg.behind(channels) else { return Ok(0) };
            let mut text = String::new();
            if page.gap {
                encode_gap(&mut text, &mut cursor, index, channel, page.start.min(live));
            }
            let before = position_at(&cursor, index);
            let until = page.messages.partition_point(|message| message.id <= live);
            let from = page.messages.partition_point(|message| message.id <= before);
            encode_messages(&mut text, &mut cursor, index, page.messages.get(from..until).unwrap_or_default());
            set_position_at(&mut cursor, index, page.end.min(live).max(before));
            cursor.source = None;
            if !text.is_empty() {
                leg.send(&Frame::new(&text))?;
            }
            leg.set_behind(Some(&cursor))?;
            Ok(text.len())
        })
        .unwrap_or(Ok(0))
    }

    /// Lets a leg wait until its worker asks for more.
    pub(super) fn pause(&self, leg: LegId) -> Result<(), Error> {
        self.with_leg(leg, |leg, _| leg.tell(PAGE)).unwrap_or(Ok(()))
    }

    /// Makes a leg live, once it stands where live delivery does.
    pub(super) fn go_live(&self, leg: LegId) -> Result<(), Error> {
        self.with_leg(leg, |leg, _| {
            leg.set_behind(None)?;
            leg.tell(LIVE)
        })
        .unwrap_or(Ok(()))
    }

    /// Ends a leg that cannot be served.
    pub(super) fn cut(&self, leg: LegId) {
        let _ = self.with_leg(leg, |leg, _| leg.close());
    }

    fn with_leg<T>(&self, id: LegId, act: impl FnOnce(&mut Leg, &ChannelSet) -> T) -> Option<T> {
        let mut inner = self.inner.borrow_mut();
        let group = inner.groups.get_mut(&id.group)?;
        group.legs.get_mut(&id.number).map(|leg| act(leg, &group.channels))
    }
}

impl Inner {
    fn insert(&mut self, leg: Leg, channels: &ChannelSet) {
        let id = leg.id();
        self.next_leg = self.next_leg.max(id.number.wrapping_add(1));
        self.legs += 1;
        for channel in channels {
            self.by_channel.entry(channel.clone()).or_default().insert(id.group);
        }
        let group = self.groups.entry(id.group);
        let group = group.or_insert_with(|| Group { channels: channels.clone(), legs: BTreeMap::new() });
        group.legs.insert(id.number, leg);
    }

    fn remove(&mut self, id: LegId) -> Option<ChannelSet> {
        let group = self.groups.get_mut(&id.group)?;
        group.legs.remove(&id.number)?;
        let channels = group.channels.clone();
        self.legs -= 1;
        if group.legs.is_empty() {
            self.remove_group(id.group, &channels);
        }
        Some(channels)
    }

    fn remove_group(&mut self, group: u32, channels: &ChannelSet) {
        self.groups.remove(&group);
        for channel in channels {
            if let Some(groups) = self.by_channel.get_mut(channel) {
                groups.remove(&group);
                if groups.is_empty() {
                    self.by_channel.remove(channel);
                }
            }
        }
    }

    /// The groups that want a channel, its index in each, and the cursor of their live listeners.
    fn groups_of(&self, channel: &ChannelName) -> Vec<(&Group, usize, Cursor)> {
        let groups = self.by_channel.get(channel).into_iter().flatten().filter_map(|group| self.groups.get(group));
        groups
            .filter_map(|group| {
                let index = group.channels.index_of(channel)?;
                let positions = group.channels.iter().map(|channel| self.positions.get(channel).copied()).collect();
                Some((group, index, Cursor { source: None, positions }))
            })
            .collect()
    }
}

impl Group {
    fn send_to_live(&self, frame: &Frame) {
        for leg in self.legs.values().filter(|leg| leg.is_live()) {
            if let Err(error) = leg.send(frame) {
                console_error!("a leg did not take a frame: {error}");
                // A listener that missed a message must not get the next one: it comes back with its cursor.
                leg.close();
            }
        }
    }
}

/// Appends messages, moving the cursor along.
fn encode_messages(out: &mut String, cursor: &mut Cursor, index: usize, messages: &[Message]) {
    cursor.source = Some(index);
    for message in messages {
        set_position_at(cursor, index, message.id);
        Event { id: &cursor.to_string(), event: message.event.as_ref(), data: &message.data }.encode(out);
    }
}

/// Appends `sse.gap`, whose data is `{"channels": [...]}`.
fn encode_gap(out: &mut String, cursor: &mut Cursor, index: usize, channel: &ChannelName, position: MessageId) {
    cursor.source = Some(index);
    set_position_at(cursor, index, position);
    let data = json!({ "channels": [channel.as_str()] }).to_string();
    Event { id: &cursor.to_string(), event: Some(&EventName::gap()), data: &data }.encode(out);
}

fn position_at(cursor: &Cursor, index: usize) -> MessageId {
    cursor.positions.get(index).copied().flatten().unwrap_or(MessageId::START)
}

fn set_position_at(cursor: &mut Cursor, index: usize, id: MessageId) {
    if let Some(position) = cursor.positions.get_mut(index) {
        *position = Some(id);
    }
}
