//! Connect, read, wait, again.

use alloc::{
    borrow::ToOwned,
    rc::Rc,
    string::{String, ToString},
};
use core::cell::{Cell, RefCell};

use cyclone_edge_protocol::{Ago, EventName, EventStream, ReceivedEvent};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent};

use super::{
    Settings,
    address::with_parameter,
    backoff::Backoff,
    choice::{Choice, now},
    ladder::{Transport, Unfit},
    line::{Line, Refusal, Tell, Told, new_message, new_signal},
    refusal::{self, Next, Token},
};

/// As of an `EventSource`.
pub(crate) const CONNECTING: u16 = 0;
const OPEN: u16 = 1;
pub(crate) const CLOSED: u16 = 2;

/// A poll that is answered sooner than this, with nothing, is not followed by the next at once.
const QUICK_MS: f64 = 1_000.0;
/// For the way of the request, and clocks that differ: who stands nowhere has had nothing that could come twice.
const SINCE_MARGIN_MS: f64 = 1_000.0;
/// So that those whose tokens expire together do not come back together.
const RENEW_MS: f64 = 300.0;
/// A stream that could not connect so many times in a row may not be let through where a poll is.
const UNREACHABLE_AFTER: u32 = 2;

/// What is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// A hub: it greets, and reads its parameters from the address.
    Hub,
    /// Whatever serves event streams.
    Any,
}

/// A stream of events. It ends when this is dropped.
pub(crate) struct Stream(Rc<Inner>);

/// Gets what a stream has to say.
type Deliver = Rc<dyn Fn(&Event)>;

struct Inner {
    settings: Settings,
    /// What is there, as far as is known: what greets is a hub.
    server: Cell<Server>,
    /// `None` once the stream has ended: it may hold what holds the stream.
    deliver: RefCell<Option<Deliver>>,
    url: RefCell<String>,
    last_event_id: RefCell<String>,
    /// When a listener without a last event id began to listen; 0 before that.
    since: Cell<f64>,
    retry_ms: Cell<f64>,
    ready_state: Cell<u16>,
    choice: Choice,
    backoff: Cell<Backoff>,
    began_at: Cell<f64>,
    /// Until when the server asked to be left alone.
    not_before: Cell<f64>,
    token: Cell<Token>,
    /// When the token was new.
    token_at: Cell<f64>,
    /// How many tokens in a row lasted no time.
    renewals: Cell<Backoff>,
    /// The event types that the browser's own class must be asked for, each once.
    types: Array,
    /// What reads the response, and where that is from.
    reading: RefCell<(EventStream, String)>,
    /// Whether a response has ever begun.
    was_open: Cell<bool>,
    /// Whether the response that has begun brought any event.
    is_empty: Cell<bool>,
    line: RefCell<Option<Line>>,
    /// Tells the lines apart: one that was replaced may still be running what led to that.
    number: Cell<u32>,
}

impl Stream {
    /// Connects to an absolute address, from the place that the settings name. `deliver` gets `open`, `error`,
    /// `transport` and, as `MessageEvent`s, messages, but none of them before this returns.
    pub(crate) fn open(url: String, settings: Settings, server: Server, deliver: impl Fn(&Event) + 'static) -> Self {
        let inner = Rc::new(Inner {
            server: Cell::new(server),
            deliver: RefCell::new(Some(Rc::new(deliver))),
            last_event_id: RefCell::new(settings.last_event_id()),
            since: Cell::default(),
            retry_ms: Cell::new(settings.retry()),
            ready_state: Cell::new(CONNECTING),
            choice: Choice::new(&settings, &url),
            backoff: Cell::default(),
            began_at: Cell::default(),
            not_before: Cell::default(),
            token: Cell::default(),
            token_at: Cell::default(),
            renewals: Cell::default(),
            types: Array::of1(&EventName::EXPIRED.into()),
            reading: RefCell::default(),
            was_open: Cell::default(),
            is_empty: Cell::default(),
            line: RefCell::default(),
            number: Cell::default(),
            url: RefCell::new(url),
            settings,
        });
        inner.connect();
        Self(inner)
    }

    /// Ends the stream: nothing is delivered from now on.
    pub(crate) fn close(&self) {
        self.0.ready_state.set(CLOSED);
        self.0.deliver.take();
        self.0.stop();
    }

    /// Goes on at another address, from another place in what happens there.
    pub(crate) fn redirect(&self, url: String, last_event_id: String) {
        if self.ready_state() == CLOSED {
            return;
        }
        self.0.ready_state.set(CONNECTING);
        self.0.stop();
        if self.0.is_placed() {
            // What is new to it begins now.
            self.0.since.set(0.0);
        }
        self.0.url.replace(url);
        self.0.last_event_id.replace(last_event_id);
        self.0.connect();
    }

    /// Hears messages of this type too, where they must be asked for by name.
    pub(crate) fn listen(&self, event_type: &str) {
        let name = JsValue::from(event_type);
        if !self.0.types.includes(&name, 0) {
            self.0.types.push(&name);
            if let Some(line) = self.0.line.borrow().as_ref() {
                line.listen(event_type);
            }
        }
    }

    pub(crate) fn ready_state(&self) -> u16 {
        self.0.ready_state.get()
    }

    pub(crate) fn last_event_id(&self) -> String {
        self.0.last_event_id.borrow().clone()
    }

    pub(crate) fn transport(&self) -> &'static str {
        self.0.transport().name()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn connect(self: &Rc<Self>) {
        let left_ms = self.not_before.get() - now();
        if left_ms > 0.0 {
            // Whatever ended the pause, or moved the stream.
            return self.wait(left_ms);
        }
        if self.token.get() == Token::Wanted {
            if self.settings.has_token() {
                let tell = self.next_line();
                return drop(self.line.replace(Some(Line::ask(&self.settings, tell))));
            }
            // A cookie may be one.
            self.take_token();
        }
        let number = self.number.get();
        // Only where polls are answered: otherwise nothing would be.
        if self.ready_state.get() == OPEN && self.choice.climb() {
            self.signal("transport", &JsValue::UNDEFINED);
        }
        let is_hub = self.is_hub();
        if self.transport() == Transport::Native && !is_hub && !self.last_event_id.borrow().is_empty() {
            // A new one of the browser's own cannot say where it stands to a server that does not read the address.
            self.fall_to(Unfit::Alone);
        }
        if self.number.get() != number {
            // A handler has closed the stream, or redirected it.
            return;
        }
        let (transport, tell) = (self.transport(), self.next_line());
        let is_poll = transport == Transport::LongPoll;
        let address = self.address(is_poll, is_hub);
        self.began_at.set(now());
        let line = if transport == Transport::Native {
            Line::native(&address, &self.settings, is_hub, &self.types, tell)
        } else {
            // A hub reads it from the address, for which no browser asks another origin's permission first.
            let header = if is_hub { String::new() } else { self.last_event_id.borrow().clone() };
            Some(Line::fetch(&address, &self.settings, &header, is_poll, is_hub, tell))
        };
        match line {
            Some(line) => drop(self.line.replace(Some(line))),
            None => self.fall(Unfit::Alone),
        }
    }

    /// The address with what the transport adds to it.
    fn address(&self, is_poll: bool, is_hub: bool) -> String {
        let mut address = self.url.borrow().clone();
        let mut add = |name, value: &str| address = with_parameter(&address, name, value);
        if is_poll {
            add("transport", "longpoll");
        }
        // RFC 6750, section 2.3: the browser's own class sends no headers.
        if self.transport() == Transport::Native
            && let Some(token) = self.settings.bearer()
        {
            add("access_token", &String::from(js_sys::encode_uri_component(&token)));
        }
        // It tells the browser's own class of a cursor, and is what a poll is answered with at once.
        if (is_hub && !is_poll) || (is_poll && self.ready_state.get() != OPEN) {
            add("greeting", "event");
        }
        if is_poll || is_hub {
            let id = self.last_event_id.borrow();
            if !id.is_empty() {
                add("lastEventId", &String::from(js_sys::encode_uri_component(&id)));
            }
            if self.since.get() > 0.0 && !self.is_placed() {
                // The stream began to listen then, but never heard where it stands.
                let ms = now() - self.since.get() + SINCE_MARGIN_MS;
                add("ago", &(ms.min(Ago::MAX_MS as f64) as u32).to_string());
            }
        }
        if self.since.get() <= 0.0 {
            self.since.set(now());
        }
        address
    }

    /// Whether it is known where the stream stands, in all its channels.
    fn is_placed(&self) -> bool {
        let id = self.last_event_id.borrow();
        !(id.is_empty() || self.is_hub() && id.contains('-'))
    }

    /// Waits, and connects.
    fn wait(self: &Rc<Self>, ms: f64) {
        let tell = self.next_line();
        let offline_ms = self.settings.max_retry();
        self.line.replace(Some(Line::pause(ms, offline_ms, tell)));
    }

    fn stop(&self) {
        self.number.set(self.number.get().wrapping_add(1));
        self.line.take();
    }

    /// What hears of the next line. It is deaf once another has begun.
    fn next_line(self: &Rc<Self>) -> Tell {
        self.stop();
        let (this, number) = (Rc::downgrade(self), self.number.get());
        Closure::new(move |what, value, after_ms| {
            if let Some(this) = this.upgrade().filter(|this| this.number.get() == number) {
                this.hear(what, &value, after_ms);
            }
        })
    }

    fn hear(self: &Rc<Self>, what: Told, value: &JsValue, after_ms: f64) {
        let is_poll = self.transport() == Transport::LongPoll;
        if matches!(what, Told::Bytes | Told::Message | Told::Id) {
            // The stream does bring something.
            self.choice.prove(&self.url.borrow());
        }
        match what {
            Told::Again => self.connect(),
            Told::Token => {
                self.take_token();
                self.connect();
            }
            Told::Tokenless => self.retry(value),
            Told::Open => self.announce(value.as_string().unwrap_or_default()),
            Told::Bytes => self.read(&value.unchecked_ref::<Uint8Array>().to_vec()),
            Told::Message => self.pass_on(value.unchecked_ref()),
            Told::Id => self.set_last_event_id(&value.as_string().unwrap_or_default()),
            Told::Silent => self.silent(),
            // It keeps the status to itself.
            Told::Closed if self.settings.has_token() && self.token.get() == Token::Used => self.renew(),
            Told::Closed => self.fall(Unfit::Alone),
            Told::Interrupted => self.interrupted(),
            Told::Refused => self.refused(value, after_ms),
            Told::End if is_poll && self.leaves_polling() => self.come_again(),
            Told::End if is_poll => self.poll_again(),
            Told::End => self.come_again(),
            Told::Lost => self.lost(),
            // Whatever else there may be.
            _ => self.fail(&JsValue::UNDEFINED),
        }
    }

    fn refused(self: &Rc<Self>, why: &JsValue, after_ms: f64) {
        let status = why.unchecked_ref::<Refusal>().status();
        let token = self.settings.has_token().then(|| self.token.get());
        match refusal::next(status, after_ms, self.is_hub(), token) {
            Next::Renew => self.renew(),
            Next::Later => {
                self.not_before.set(now() + refusal::heed(after_ms, js_sys::Math::random()));
                self.retry(why);
            }
            Next::End if self.transport() == Transport::LongPoll && self.leaves_polling() => self.retry(why),
            Next::End => self.fail(why),
        }
    }

    /// There is a token to show, or none to ask for.
    fn take_token(&self) {
        self.token.set(Token::Fresh);
        self.token_at.set(now());
    }

    /// Goes on with another token: at once, unless this one lasted no time. That is no failure: no `error` is told.
    fn renew(self: &Rc<Self>) {
        self.ready_state.set(CONNECTING);
        self.token.set(Token::Wanted);
        let ms = if now() - self.token_at.get() < QUICK_MS {
            Backoff::count(&self.renewals, self.retry_ms.get(), self.settings.max_retry())
        } else {
            self.renewals.set(Backoff::default());
            js_sys::Math::random() * RENEW_MS
        };
        self.wait(ms);
    }

    /// Passes on the hub's word that the token has expired, and goes on with another.
    fn expire(self: &Rc<Self>, event: &MessageEvent) {
        // Nobody else uses that name: as for one that greets, it can be asked for a place.
        self.server.set(Server::Hub);
        let number = self.number.get();
        self.deliver(event);
        if self.number.get() == number {
            self.renew();
        }
    }

    /// Whether an event says that the token has expired. To those who neither name a hub nor have a token it says nothing.
    fn is_expiry(&self, event_type: &str) -> bool {
        event_type == EventName::EXPIRED && (self.is_hub() || self.settings.has_token())
    }

    /// HTML standard, "announce the connection".
    fn announce(&self, origin: String) {
        self.token.set(self.token.get().used());
        self.backoff.set(Backoff::default());
        self.was_open.set(true);
        self.is_empty.set(true);
        self.reading.replace((EventStream::resume(&self.last_event_id.borrow()), origin));
        if self.ready_state.replace(OPEN) != OPEN {
            self.signal("open", &JsValue::UNDEFINED);
        }
    }

    /// HTML standard, "reestablish the connection": what comes before the wait.
    fn interrupt(&self, why: &JsValue) {
        self.token.set(self.token.get().used());
        if !self.is_over() {
            self.ready_state.set(CONNECTING);
            self.signal("error", why);
        }
    }

    /// And the wait, and what comes after.
    fn retry(self: &Rc<Self>, why: &JsValue) {
        self.stop();
        let number = self.number.get();
        self.interrupt(why);
        // A handler may have closed the stream, or redirected it.
        if self.number.get() == number {
            let ms = Backoff::count(&self.backoff, self.retry_ms.get(), self.settings.max_retry());
            self.wait(ms);
        }
    }

    /// As [`Self::retry`], for no reason that is known.
    fn come_again(self: &Rc<Self>) {
        self.retry(&JsValue::UNDEFINED);
    }

    /// HTML standard, "fail the connection".
    fn fail(&self, why: &JsValue) {
        self.stop();
        self.ready_state.set(CLOSED);
        self.signal("error", why);
        self.deliver.take();
    }

    /// The browser's own class goes on by itself, in its own time. When that fails too, a fetch takes over, with longer
    /// and longer pauses: but not where it would have to ask another origin's permission to tell where it stands.
    fn interrupted(self: &Rc<Self>) {
        let may_take_over = self.is_hub() || self.settings.is_near();
        if may_take_over && self.backoff.get().failures() > 0 && self.fall_to(Unfit::Alone) {
            return self.come_again();
        }
        if self.is_hub() && !self.is_placed() {
            // It would say again how long ago it began to listen, and that was longer ago by then.
            return self.come_again();
        }
        // Counts the failure.
        Backoff::count(&self.backoff, 0.0, 0.0);
        self.interrupt(&JsValue::UNDEFINED);
    }

    /// There is a hub, and the stream brings nothing.
    fn silent(self: &Rc<Self>) {
        let was_hub = self.server.replace(Server::Hub) == Server::Hub;
        if self.transport() == Transport::Native && !was_hub {
            // It may just not show what it gets. Now that a hub is known to be there, it can be asked for an event.
            self.connect();
        } else {
            self.fall(Unfit::HeldBack);
        }
    }

    fn lost(self: &Rc<Self>) {
        // A server that is no hub has no polls, and one that was reached is just gone for a while.
        let may_poll = self.is_hub() || !self.was_open.get();
        if may_poll && self.backoff.get().failures() >= UNREACHABLE_AFTER {
            self.fall_to(Unfit::Unreachable);
        }
        self.come_again();
    }

    /// Who answers a poll in some other way than a hub is not polled again.
    fn leaves_polling(&self) -> bool {
        let leaves = !self.is_hub() && self.choice.leave_polling();
        if leaves {
            self.signal("transport", &JsValue::UNDEFINED);
        }
        leaves
    }

    fn poll_again(self: &Rc<Self>) {
        let is_quick = now() - self.began_at.get() < QUICK_MS && self.is_empty.get();
        self.wait(if is_quick { QUICK_MS } else { 0.0 });
    }

    /// Goes on with the next transport at once.
    fn fall(self: &Rc<Self>, why: Unfit) {
        if self.fall_to(why) {
            if !self.is_over() {
                self.connect();
            }
        } else if why == Unfit::Alone {
            self.fail(&JsValue::UNDEFINED);
        }
        // A transport that was asked for and is silent is waited for.
    }

    /// Goes on with the next transport from the next attempt on; `false` when there is none.
    fn fall_to(&self, why: Unfit) -> bool {
        let falls = self.choice.fall(why, &self.url.borrow());
        if falls {
            self.signal("transport", &JsValue::UNDEFINED);
        }
        falls
    }

    fn read(self: &Rc<Self>, bytes: &[u8]) {
        let mut reading = self.reading.borrow_mut();
        let (parser, origin) = &mut *reading;
        let Ok(events) = parser.push(bytes) else {
            drop(reading);
            return self.fail(&JsValue::UNDEFINED);
        };
        if let Some(retry_ms) = parser.retry_ms() {
            self.retry_ms.set(retry_ms as f64);
        }
        let (last, origin) = (parser.last_event_id().to_owned(), origin.clone());
        drop(reading);
        let number = self.number.get();
        for event in &events {
            self.receive(event, &origin);
            // A handler may have closed the stream, or redirected it.
            if self.number.get() != number {
                return;
            }
        }
        // A block with nothing but an id moves it too.
        self.set_last_event_id(&last);
    }

    fn receive(self: &Rc<Self>, event: &ReceivedEvent, origin: &str) {
        self.is_empty.set(false);
        if event.event == EventName::HELLO && (self.is_hub() || self.transport() == Transport::LongPoll) {
            self.server.set(Server::Hub);
            return;
        }
        let message = new_message(&event.event, &event.data, &event.last_event_id, origin);
        self.set_last_event_id(&event.last_event_id);
        if self.is_expiry(&event.event) {
            self.expire(&message);
        } else {
            self.deliver(&message);
        }
    }

    fn pass_on(self: &Rc<Self>, event: &MessageEvent) {
        if self.is_expiry(&event.type_()) {
            // It has no id, and Firefox may have forgotten the one before.
            return self.expire(event);
        }
        self.set_last_event_id(&event.last_event_id());
        self.deliver(event);
    }

    fn signal(&self, event_type: &str, why: &JsValue) {
        self.deliver(&new_signal(event_type, why));
    }

    fn deliver(&self, event: &Event) {
        // Not borrowed while it runs: it may close the stream.
        let deliver = self.deliver.borrow().clone();
        if let Some(deliver) = deliver {
            deliver(event);
        }
    }

    fn is_over(&self) -> bool {
        self.ready_state.get() == CLOSED
    }

    fn is_hub(&self) -> bool {
        self.server.get() == Server::Hub
    }

    fn transport(&self) -> Transport {
        self.choice.current()
    }

    fn set_last_event_id(&self, id: &str) {
        id.clone_into(&mut self.last_event_id.borrow_mut());
    }
}
