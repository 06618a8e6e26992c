//! A listener of the fault script: it comes back whenever its connection ends, is told to break it, to read nothing for a
//! while, to poll, to move, and notes all that it sees.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use cyclone_edge_protocol::{ChannelSet, Cursor, EventStream, ReceivedEvent};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    message::Message,
    schedule::Seat,
    site::{Life, Site},
    transcript::{Heard, Sight, What},
    wire::Wire,
};
use crate::{DEADLINE, hub::PLACE_HEADER};

/// How long a listener waits before it comes back.
const RETRY: Duration = Duration::from_millis(20);
/// A quiet connection brings no bytes to count: what is to happen after so many happens now.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a listener is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Cut {
        after_bytes: usize,
        reset: bool,
        away: Duration,
    },
    Stall {
        after_bytes: usize,
        time: Duration,
    },
    Poll(bool),
    Move(&'static str),
    /// Come back at this time if the connection ends before, so that what sleeps is not woken.
    Rest(Instant),
    /// Stay connected from now on.
    Settle,
    Leave,
}

/// A handle to a listener.
pub(super) struct Listener {
    orders: UnboundedSender<Order>,
    heard: Arc<Mutex<Heard>>,
    work: JoinHandle<()>,
}

struct Actor {
    site: Arc<Site>,
    orders: UnboundedReceiver<Order>,
    heard: Arc<Mutex<Heard>>,
    set: ChannelSet,
    place: Option<&'static str>,
    polls: bool,
    window: Option<u32>,
    cursor: String,
    rests_until: Instant,
    trap: Option<Trap>,
}

/// What happens after so many bytes.
struct Trap {
    left: usize,
    due: Instant,
    springs: Springs,
}

enum Springs {
    Cut { reset: bool, away: Duration },
    Stall(Duration),
}

struct Connection {
    wire: Wire,
    stream: EventStream,
    life: Life,
    asked_at: u64,
    greeted: bool,
}

/// Whether to go on with a connection.
enum Then {
    GoOn,
    /// Come back at once: a poll was answered, or it was the listener that broke off.
    AtOnce,
    /// Come back after a pause.
    ComeBack,
    Leave,
}

impl Listener {
    pub(super) fn start(site: Arc<Site>, name: String, seat: &Seat, channels: &[String]) -> Self {
        let names = seat.names(channels);
        let set = ChannelSet::parse(names.iter().map(String::as_str)).unwrap();
        let mut heard = Heard { name, channels: names, ..Heard::default() };
        let mut cursor = String::new();
        if seat.from_the_start {
            heard.first = vec![0; set.len()];
            heard.last.clone_from(&heard.first);
            cursor = vec!["0"; set.len()].join(".");
        }
        let heard = Arc::new(Mutex::new(heard));
        let (orders, received) = unbounded_channel();
        let actor = Actor {
            site,
            orders: received,
            heard: heard.clone(),
            set,
            place: seat.place,
            polls: seat.polls,
            window: seat.window,
            cursor,
            rests_until: Instant::now(),
            trap: None,
        };
        Self { orders, heard, work: tokio::spawn(actor.work()) }
    }

    pub(super) fn tell(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    pub(super) fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.heard.lock().unwrap())
    }

    /// Ends the listener, and returns what it saw.
    pub(super) async fn leave(self) -> Heard {
        let _ = self.orders.send(Order::Leave);
        self.work.await.unwrap();
        let heard = self.heard.lock().unwrap();
        heard.clone()
    }
}

impl Actor {
    async fn work(mut self) {
        loop {
            let then = match self.connect().await {
                Some(connection) => self.listen(connection).await,
                None => Then::ComeBack,
            };
            if matches!(then, Then::Leave) {
                return;
            }
            if matches!(then, Then::ComeBack) {
                sleep(RETRY).await;
            }
            self.heard.lock().unwrap().reconnects += 1;
            if self.take_orders_while_away().await {
                return;
            }
        }
    }

    /// Says whether to leave.
    async fn take_orders_while_away(&mut self) -> bool {
        loop {
            while let Ok(order) = self.orders.try_recv() {
                if matches!(self.take(order), Then::Leave) {
                    return true;
                }
            }
            if Instant::now() >= self.rests_until {
                return false;
            }
            sleep(RETRY).await;
        }
    }

    async fn connect(&self) -> Option<Connection> {
        let (life, asked_at) = (self.site.life(), self.site.now());
        let mut path = format!("/?channels={}", encode(&self.set.to_list()));
        if self.polls {
            path.push_str("&transport=longpoll");
        }
        let mut headers = String::new();
        if !self.cursor.is_empty() {
            let _ = write!(headers, "Last-Event-ID: {}\r\n", self.cursor);
        }
        if let Some(place) = self.place {
            let _ = write!(headers, "{PLACE_HEADER}: {}\r\n", json!({ "colo": place }));
        }
        match timeout(DEADLINE, Wire::get(&self.site.address, &path, &headers, self.window)).await {
            Ok(Ok(wire)) => Some(Connection { wire, stream: EventStream::new(), life, asked_at, greeted: false }),
            failed => {
                self.complain(life, || format!("could not connect: {:?}", failed.map(Result::err)));
                None
            }
        }
    }

    async fn listen(&mut self, mut connection: Connection) -> Then {
        let polls = self.polls;
        loop {
            let due = self.trap.as_ref().map_or(Instant::now() + DEADLINE, |trap| trap.due);
            let limit = self.trap.as_ref().map_or(usize::MAX, |trap| trap.left);
            let sprung = limit == 0 || Instant::now() >= due;
            if sprung && let Some(trap) = self.trap.take() {
                match trap.springs {
                    Springs::Stall(time) => sleep(time).await,
                    Springs::Cut { reset, away } => {
                        if reset {
                            connection.wire.reset();
                        } else {
                            drop(connection);
                        }
                        sleep(away).await;
                        return Then::AtOnce;
                    }
                }
                continue;
            }
            tokio::select! {
                order = self.orders.recv() => {
                    let then = order.map_or(Then::Leave, |order| self.take(order));
                    if !matches!(then, Then::GoOn) {
                        return then;
                    }
                }
                read = connection.wire.read(limit) => match read {
                    Ok(piece) => {
                        if let Some(trap) = &mut self.trap {
                            trap.left -= piece.raw;
                        }
                        self.see(&mut connection, &piece.body);
                        if piece.ended {
                            self.check_end(&connection);
                            return if polls && connection.greeted { Then::AtOnce } else { Then::ComeBack };
                        }
                    }
                    Err(error) => {
                        self.complain(connection.life, || format!("the connection broke: {error}"));
                        return Then::ComeBack;
                    }
                },
                () = tokio::time::sleep_until(due) => if self.trap.is_none() {
                    self.complain(connection.life, || format!("nothing came for {DEADLINE:?}"));
                    return Then::ComeBack;
                },
            }
        }
    }

    fn take(&mut self, order: Order) -> Then {
        let due = Instant::now() + PATIENCE;
        match order {
            Order::Cut { after_bytes, reset, away } => {
                self.trap = Some(Trap { left: after_bytes, due, springs: Springs::Cut { reset, away } });
            }
            Order::Stall { after_bytes, time } => {
                self.trap = Some(Trap { left: after_bytes, due, springs: Springs::Stall(time) });
            }
            Order::Poll(polls) => self.polls = polls,
            Order::Move(place) => self.place = Some(place),
            Order::Rest(until) => self.rests_until = until,
            Order::Settle => {
                let polled = std::mem::replace(&mut self.polls, false);
                self.trap = None;
                if polled {
                    return Then::ComeBack;
                }
            }
            Order::Leave => return Then::Leave,
        }
        Then::GoOn
    }

    /// Reads what came line by line, so that a greeting is seen before what follows it, and notes what it says.
    fn see(&mut self, connection: &mut Connection, body: &[u8]) {
        if connection.wire.status != 200 {
            return;
        }
        let mut heard = self.heard.lock().unwrap();
        for line in body.split_inclusive(|byte| *byte == b'\n') {
            let events = connection.stream.push(line).unwrap();
            let cursor = connection.stream.last_event_id();
            if cursor == self.cursor && connection.greeted || cursor.is_empty() {
                continue;
            }
            let Some(positions) = positions(&self.set, cursor) else {
                self.site.note(&format!("{} got a cursor that is none: {cursor}", heard.name));
                continue;
            };
            if !connection.greeted {
                connection.greeted = true;
                note_greeting(&mut heard, connection.asked_at, self.site.now(), &positions);
            }
            for event in events {
                match sight(&self.set, &heard.last, &event, self.site.now()) {
                    Some(sight) => heard.sights.push(sight),
                    None => self.site.note(&format!("{} got an event of no channel: {event:?}", heard.name)),
                }
            }
            cursor.clone_into(&mut self.cursor);
            heard.last = positions;
        }
    }

    fn name(&self) -> String {
        self.heard.lock().unwrap().name.clone()
    }

    fn complain(&self, life: Life, what: impl FnOnce() -> String) {
        self.site.complain(life, || format!("{} {}", self.name(), what()));
    }

    /// What an answer that ended must have been.
    fn check_end(&self, connection: &Connection) {
        let status = connection.wire.status;
        if status != 200 {
            self.complain(connection.life, || format!("was answered {status}"));
        } else if !connection.greeted {
            self.complain(connection.life, || "was sent away without a greeting".to_owned());
        }
    }
}

/// A listener that was not greeted before and did not choose where to begin begins here.
fn note_greeting(heard: &mut Heard, asked_at: u64, now: u64, positions: &[u64]) {
    if heard.greeted_at == 0 {
        heard.greeted_at = now;
    }
    if heard.first.is_empty() {
        heard.asked_at = Some(asked_at);
        heard.first = positions.to_vec();
        heard.last = positions.to_vec();
    }
}

/// What an event says to a listener that stands at `before`.
fn sight(set: &ChannelSet, before: &[u64], event: &ReceivedEvent, at: u64) -> Option<Sight> {
    let cursor = Cursor::parse(&event.last_event_id, set).ok()?;
    let source = if set.len() == 1 { 0 } else { cursor.source? };
    let channel = set.iter().nth(source)?.to_string();
    let id = cursor.position(source).as_u64();
    let what = if event.event == "sse.gap" {
        let names = serde_json::from_str::<Value>(&event.data).ok();
        if names != Some(json!({ "channels": [&channel] })) {
            return None;
        }
        What::Gap { from: before[source] }
    } else {
        let message = Message::parse(&event.event, &event.data);
        message.map_or_else(
            || What::Garbled(event.data.chars().take(80).collect()),
            |message| What::Message(message.number),
        )
    };
    Some(Sight { at, channel, id, what })
}

/// The positions of a cursor that has one in every channel.
fn positions(set: &ChannelSet, cursor: &str) -> Option<Vec<u64>> {
    let cursor = Cursor::parse(cursor, set).ok()?;
    cursor.positions.into_iter().map(|position| Some(position?.as_u64())).collect()
}

/// Percent-encodes a value of a query.
fn encode(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    })
}
