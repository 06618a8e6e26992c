//! The object that is a session: its phase, what waits for its client, the service's side of it, and when it is over.
//!
//! It says nothing to clients itself: workers that hold their requests do, each over a leg. While nothing happens it is
//! evicted, and the legs stay. The service's calls are made one after another, whatever comes meanwhile.

mod jobs;
mod leg;
mod object;
mod store;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use cyclone_edge_protocol::sockjs::{OPEN, close_frame, messages_frame};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use worker::{Env, State, console_error};

pub use self::object::SessionObject;
use self::{
    jobs::{Job, Jobs},
    leg::{Leg, PROBE, Standing},
    store::{Kept, Phase, Store, join},
};
use crate::{ConnectionInfo, call, mount::Mount, transport::Kind};

/// A message with more bytes as JSON closes the connection: it would not fit into a row.
const MAX_MESSAGE_BYTES: usize = 1_900_000;
/// A connection for which more waits is closed.
const MAX_QUEUED_BYTES: usize = 8 * 1024 * 1024;
const TOO_MUCH: &str = "Too much is waiting";
const INTERRUPTED: &str = "Connection interrupted";
/// Rows are joined up to so much for one frame.
const BATCH_BYTES: usize = 256 * 1024;
/// How often an object looks whether its receiver is still there: a crash of the whole runtime tells nobody.
const WATCH_MS: u64 = 60 * 60 * 1000;

/// How long a session that should be over waits for a call to its service before it looks again.
const LATE_MS: u64 = 1_000;

/// What a worker asks for with a leg.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) kind: Kind,
    pub(crate) info: ConnectionInfo,
}

/// A session, as long as its object is in memory.
pub(crate) struct Session {
    state: Rc<State>,
    env: Env,
    id: String,
    mount: Rc<Mount>,
    store: Store,
    kept: RefCell<Kept>,
    /// What the service sent in this turn, quoted, and how many bytes that is.
    outbox: RefCell<Vec<String>>,
    outbox_bytes: Cell<usize>,
    jobs: Jobs,
    /// When the session is over, if nobody receives until then.
    expires_at_ms: Cell<Option<u64>>,
    /// When the alarm rings, as far as this life of the object knows.
    rings_at_ms: Cell<Option<u64>>,
}

impl Session {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.mount.prefix
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    pub(crate) fn info(&self) -> ConnectionInfo {
        self.kept.borrow().info.clone()
    }

    pub(crate) fn state<T: DeserializeOwned + Default>(&self) -> T {
        let kept = self.kept.borrow();
        kept.state.as_deref().and_then(|state| serde_json::from_str(state).ok()).unwrap_or_default()
    }

    pub(crate) fn set_state<T: Serialize>(&self, state: &T) {
        match serde_json::to_string(state) {
            Ok(state) => self.change(|kept| kept.state = Some(state)),
            Err(error) => console_error!("the state of a connection is no JSON: {error}"),
        }
    }

    pub(crate) fn wake_after(&self, delay: Duration) {
        let at_ms = now_ms().saturating_add(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX / 2));
        self.change(|kept| kept.wakes_at_ms = Some(at_ms));
    }

    /// Sends a message that is quoted already, at the end of the turn, or as soon as there is enough for a frame.
    pub(crate) fn send(&self, quoted: &str) {
        if !self.is_open() {
            return;
        }
        if quoted.len() > MAX_MESSAGE_BYTES {
            return self.close(1009, "Message too big");
        }
        self.outbox.borrow_mut().push(quoted.to_owned());
        self.outbox_bytes.set(self.outbox_bytes.get() + quoted.len());
        if self.outbox_bytes.get() >= BATCH_BYTES {
            self.flush();
        }
    }

    pub(crate) fn waiting_bytes(&self) -> usize {
        self.store.queued_bytes() + self.outbox_bytes.get()
    }

    pub(crate) fn close(&self, code: u16, reason: &str) {
        if self.is_open() {
            // What was sent before goes first.
            self.flush();
            self.change(|kept| kept.phase = Phase::Closed { code, reason: reason.to_owned() });
            self.jobs.push(Job::Lost);
            self.flush();
        }
    }

    fn is_open(&self) -> bool {
        self.kept.borrow().phase == Phase::Open
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept.borrow_mut();
        if kept.phase == Phase::New && !kept.is_known {
            // Nothing is written for a session that is over, or that nobody opened.
            let was = kept.phase.clone();
            change(&mut kept);
            if kept.phase == was {
                return;
            }
        } else {
            change(&mut kept);
        }
        self.store.keep(&kept);
    }

    fn receiver(&self) -> Option<Leg> {
        Leg::all(&self.state, Standing::Live).next()
    }

    /// A worker brings a client that wants frames.
    fn admit(self: &Rc<Self>, mut leg: Leg, info: ConnectionInfo) {
        let phase = self.kept.borrow().phase.clone();
        if phase != Phase::New && !self.is_from_its_client(&info.address) {
            return last_frame(&mut leg, 2010, "Attempted to connect to session from different IP");
        }
        if phase == Phase::Open {
            self.expires_at_ms.set(None);
        }
        match (phase, self.receiver()) {
            (Phase::New, _) => self.open(leg, info),
            (Phase::Open, Some(receiver)) => {
                leg.set_standing(Standing::Waiting);
                receiver.send(PROBE);
            }
            // The receiver gets what is left, once it takes that.
            (Phase::Closed { code, reason }, Some(_)) => last_frame(&mut leg, code, &reason),
            _ => {
                leg.set_standing(Standing::Live);
                self.flush();
            }
        }
    }

    fn open(self: &Rc<Self>, mut leg: Leg, info: ConnectionInfo) {
        self.change(|kept| {
            *kept = Kept { phase: Phase::Open, info, is_unmade: true, is_known: true, ..Kept::default() };
        });
        // Somebody may have asked for it before it was there.
        self.expires_at_ms.set(None);
        leg.set_standing(Standing::Live);
        if leg.kind() != Kind::Raw {
            leg.send(OPEN);
        }
        leg.sent(OPEN.len());
        self.jobs.push(Job::Made);
    }

    fn is_from_its_client(&self, address: &str) -> bool {
        let kept = self.kept.borrow();
        !self.mount.settings.verify_ip || kept.info.address.is_empty() || kept.info.address == address
    }

    /// Brings what was sent to the receiver, as far as it has room, and keeps the rest.
    fn flush(&self) {
        let fresh: Vec<String> = self.outbox.take();
        self.outbox_bytes.set(0);
        let mut receiver = self.receiver().filter(Leg::is_ready);
        // Without anything older and with somebody to take it, it need not be kept.
        if let Some(leg) = receiver.as_mut().filter(|_| !fresh.is_empty() && self.store.queued_bytes() == 0)
            && leg.hand(&messages_frame(fresh.iter().map(String::as_str)))
        {
            receiver = receiver.filter(Leg::is_ready).filter(|leg| leg.standing() == Standing::Live);
        } else {
            self.queue(&fresh);
        }
        while let Some(leg) = receiver.as_mut()
            && let Some(messages) = self.store.take(BATCH_BYTES)
        {
            if !leg.hand(&messages_frame([messages.as_str()])) {
                return self.store.push(&messages);
            }
            receiver = receiver.filter(Leg::is_ready).filter(|leg| leg.standing() == Standing::Live);
        }
        if let (Some(mut leg), Phase::Closed { code, reason }) = (receiver, &self.kept.borrow().phase) {
            last_frame(&mut leg, *code, reason);
        }
    }

    fn queue(&self, fresh: &[String]) {
        let mut row = String::new();
        for message in fresh {
            if !row.is_empty() && row.len() + message.len() > BATCH_BYTES {
                self.store.push(&row);
                row.clear();
            }
            join(&mut row, message);
        }
        if !row.is_empty() {
            self.store.push(&row);
        }
        if self.store.queued_bytes() > MAX_QUEUED_BYTES && self.is_open() {
            self.store.clear_queue();
            self.end(1008, TOO_MUCH);
            // It is not ready, or nothing would wait.
            if let Some(mut leg) = self.receiver() {
                last_frame(&mut leg, 1008, TOO_MUCH);
            }
        }
    }

    /// A leg has ended.
    fn leave(self: &Rc<Self>, mut leg: Leg, in_order: bool) {
        let standing = leg.standing();
        leg.set_standing(Standing::Spent);
        if leg.kind().is_socket() {
            // The session lives as long as its socket.
            return self.end(1000, "Normal closure");
        }
        if standing != Standing::Live {
            return;
        }
        if !in_order {
            // Something may have been lost on the way.
            self.store.clear_queue();
            self.end(1002, INTERRUPTED);
        }
        self.promote();
    }

    /// Those who waited because of the receiver take its place, the first of them if the session goes on.
    fn promote(&self) {
        for mut leg in Leg::all(&self.state, Standing::Waiting).collect::<Vec<_>>() {
            if self.is_open() && self.receiver().is_some() {
                last_frame(&mut leg, 2010, "Another connection still open");
            } else {
                leg.set_standing(Standing::Live);
                self.flush();
            }
        }
    }

    /// The receiver lives: those who waited to hear are sent away.
    fn stay(&self) {
        for mut leg in Leg::all(&self.state, Standing::Waiting).collect::<Vec<_>>() {
            last_frame(&mut leg, 2010, "Another connection still open");
        }
    }

    /// The connection is over, without a frame that says so now.
    fn end(&self, code: u16, reason: &str) {
        if self.is_open() {
            self.change(|kept| kept.phase = Phase::Closed { code, reason: reason.to_owned() });
            self.jobs.push(Job::Lost);
        }
    }

    /// Ends the connection where a stream received when this object was last in memory, and is gone: nobody knows how much of
    /// what was under way its client has.
    fn see_to_lost_stream(&self) {
        if self.kept.borrow().streams && self.receiver().is_none() {
            self.store.clear_queue();
            self.end(1002, INTERRUPTED);
        }
    }

    /// Keeps whether a stream receives, and from when on nobody does.
    fn note_receiver(&self) {
        let receiver = self.receiver();
        let streams = self.is_open() && receiver.as_ref().is_some_and(|leg| leg.kind() == Kind::Stream);
        if self.kept.borrow().streams != streams {
            self.change(|kept| kept.streams = streams);
        }
        let delay_ms = u64::try_from(self.mount.settings.disconnect_delay.as_millis()).unwrap_or(u64::MAX / 2);
        if receiver.is_some() {
            self.expires_at_ms.set(None);
        } else if self.expires_at_ms.get().is_none() {
            self.expires_at_ms.set(Some(now_ms().saturating_add(delay_ms)));
        }
    }

    /// What is to be done after every event: the service's calls, what they sent, and the next alarm.
    async fn settle(self: &Rc<Self>) {
        // Before the service is called, which can take its time: the runtime may be killed meanwhile.
        self.note_receiver();
        let armed = self.arm().await;
        self.run_jobs().await;
        self.note_receiver();
        let settled = if self.is_over() { self.forget().await } else { self.arm().await };
        if let Err(error) = armed.and(settled) {
            console_error!("a session has no alarm: {error}");
        }
    }

    /// Nobody can come back to the session of a WebSocket, and nobody came back to another in time.
    fn is_over(&self) -> bool {
        let kept = self.kept.borrow();
        let is_closed = matches!(kept.phase, Phase::Closed { .. }) && !kept.is_known;
        let is_late = self.expires_at_ms.get().is_some_and(|at_ms| at_ms <= now_ms());
        is_closed && self.receiver().is_none() && (is_late || self.is_socket())
    }

    fn is_socket(&self) -> bool {
        self.id.rsplit('/').next().is_some_and(|name| name.starts_with('.'))
    }

    async fn forget(&self) -> worker::Result<()> {
        *self.kept.borrow_mut() = Kept::default();
        self.store.forget();
        self.expires_at_ms.set(None);
        self.rings_at_ms.set(None);
        self.state.storage().delete_alarm().await?;
        self.state.storage().delete_all().await
    }

    async fn arm(&self) -> worker::Result<()> {
        if self.kept.borrow().phase == Phase::New {
            return Ok(());
        }
        let now = now_ms();
        let watch = now + WATCH_MS;
        let wakes = self.kept.borrow().wakes_at_ms.filter(|_| self.is_open());
        // Where the session cannot be over yet, since a call to the service takes its time, it is looked again later.
        let expires = self.expires_at_ms.get().map(|at_ms| if at_ms <= now { now + LATE_MS } else { at_ms });
        let at_ms = [expires, wakes].into_iter().flatten().fold(watch, u64::min);
        // One that rings too soon is set again then: most receivers come and go sooner than that.
        if self.rings_at_ms.get().is_some_and(|rings| rings <= at_ms) {
            return Ok(());
        }
        self.rings_at_ms.set(Some(at_ms));
        let offset_ms = i64::try_from(at_ms.saturating_sub(now)).unwrap_or(i64::MAX);
        let set = self.state.storage().set_alarm(offset_ms).await;
        if set.is_err() {
            self.rings_at_ms.set(None);
        }
        set
    }

    async fn ring(self: &Rc<Self>) {
        self.rings_at_ms.set(None);
        let now = now_ms();
        let wakes = self.kept.borrow().wakes_at_ms.is_some_and(|at_ms| at_ms <= now);
        if wakes && self.is_open() {
            self.change(|kept| kept.wakes_at_ms = None);
            self.jobs.push(Job::Woken);
        }
        if self.receiver().is_none() && self.expires_at_ms.get().is_some_and(|at_ms| at_ms <= now) {
            self.end(1002, INTERRUPTED);
        }
        self.settle().await;
    }

    async fn enter_registry(&self, path: &str) {
        if let Err(error) = call::post(&self.env, call::SERVICES, self.prefix(), path, &self.id).await {
            console_error!("a service does not know a session: {error}");
        }
    }
}

/// The leg gets a close frame and ends.
fn last_frame(leg: &mut Leg, code: u16, reason: &str) {
    if leg.kind() == Kind::Raw {
        return leg.close(code, reason);
    }
    leg.set_standing(Standing::Spent);
    leg.send(&close_frame(code, reason));
    if leg.kind() == Kind::Socket {
        leg.close(1000, "Normal closure");
    }
}

fn now_ms() -> u64 {
    worker::Date::now().as_millis()
}
