//! What a seed stands for: the hub's settings, who listens to what, and a bounded list of steps, all made in advance.
//!
//! How the steps meet in time is the machine's affair; a seed that failed is run again with the same steps.

use std::fmt;

use cyclone_edge_protocol::ChannelSet;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng, seq::IndexedRandom};

use super::message::Message;

/// How many steps a schedule has, apart from those that let its listeners in.
const STEPS: u32 = 90;
/// Whether the hub knows idempotency keys: otherwise nothing may be sent twice.
const IS_IDEMPOTENT: bool = true;
/// How far the clock goes from the true time, in seconds: less than the age of history.
const CLOCK_RANGE: i64 = 90;
/// How objects reach their listeners, by turns.
const LEGS: [&str; 3] = ["auto", "socket", "stream"];
const PLACES: [&str; 3] = ["FRA", "LHR", "SIN"];
/// Larger than what is sent of history in one go.
const LARGE: usize = 60 * 1024;

/// A schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What it was made from.
    pub seed: u64,
    /// How many messages a channel keeps; `None` for more than are published.
    pub(super) history_messages: Option<u64>,
    /// How objects reach their listeners.
    pub(super) legs: &'static str,
    /// Whether an object holds so few listeners that relays take over from it.
    pub(super) hands_over: bool,
    /// In the order of their names' bytes.
    pub(super) channels: Vec<String>,
    pub(super) publishers: usize,
    pub(super) seats: Vec<Seat>,
    pub(super) steps: Vec<Step>,
    /// How many messages the steps publish: the number of the next.
    pub(super) messages: u32,
}

/// A listener to be.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    /// Of the schedule's channels.
    pub(super) channels: Vec<usize>,
    pub(super) place: Option<&'static str>,
    /// Whether it wants all of history.
    pub(super) from_the_start: bool,
    pub(super) polls: bool,
    /// How much its side of the connection buffers.
    pub(super) window: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    /// How long after the one before.
    pub(super) after_ms: u64,
    pub(super) act: Act,
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Join {
        listener: usize,
    },
    Leave {
        listener: usize,
    },
    Publish {
        publisher: usize,
        order: Order,
    },
    /// The listener reads so many bytes more, breaks off, and comes back later.
    Cut {
        listener: usize,
        after_bytes: usize,
        reset: bool,
        away_ms: u64,
    },
    /// The listener reads so many bytes more, and then nothing for a while.
    Stall {
        listener: usize,
        after_bytes: usize,
        ms: u64,
    },
    /// From the next connection on.
    Change {
        listener: usize,
        polls: bool,
    },
    /// From the next connection on.
    Move {
        listener: usize,
        place: &'static str,
    },
    Kill {
        down_ms: u64,
    },
    /// A request panics, which takes along the memory of all objects and the requests that are under way, and leaves the
    /// connections of listeners.
    Panic,
    /// For a while nothing reaches the relays. Who then panics too forgets that they lack something.
    CutOff {
        ms: u64,
        panics: bool,
    },
    Clock {
        seconds: i64,
    },
    /// Silence, until the runtime evicts what is silent: what has streams is not.
    Evict,
}

/// What a publisher is told to do.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) channels: Vec<usize>,
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) padding: usize,
    /// All at once, not one after the other.
    pub(super) at_once: bool,
    /// Whether a message that is not acknowledged is sent again.
    pub(super) insists: bool,
    /// After which time the first attempt is broken off.
    pub(super) patience_ms: Option<u64>,
}

impl Order {
    /// A small message, to be sent until it is acknowledged.
    pub(super) fn single(channels: Vec<usize>, number: u32) -> Self {
        Self { channels, first: number, count: 1, padding: 0, at_once: false, insists: true, patience_ms: None }
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = Message> {
        let padding = self.padding;
        (self.first..self.first + self.count).map(move |number| Message { number, padding })
    }
}

impl Schedule {
    /// Makes the schedule of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Maker::new(seed).make()
    }
}

/// Makes a schedule.
struct Maker {
    random: ChaCha8Rng,
    schedule: Schedule,
    clock: i64,
    kills: u32,
    /// Who is there.
    present: Vec<usize>,
    /// Who comes later.
    waiting: Vec<usize>,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let names = ["a", "b", "news.sport", "ä ö"];
        // A single channel has no relays.
        let count = [1, 2, 2, 3, 4][random.random_range(0..5)];
        let channels = names[..count].iter().map(|name| (*name).to_owned()).collect();
        let history_messages = random.random_bool(0.4).then(|| random.random_range(15..60));
        let publishers = random.random_range(2..=3);
        let legs = LEGS[(seed % 3) as usize];
        let hands_over = seed % 4 == 1;
        let (seats, steps) = (Vec::new(), Vec::new());
        let schedule =
            Schedule { seed, history_messages, legs, hands_over, channels, publishers, seats, steps, messages: 0 };
        let (present, waiting) = (Vec::new(), Vec::new());
        Self { random, schedule, clock: 0, kills: 0, present, waiting }
    }

    fn make(mut self) -> Schedule {
        self.seat_listeners();
        let evicts_at = self.random.random_bool(0.5).then(|| self.random.random_range(STEPS / 3..STEPS));
        for number in 0..STEPS {
            if evicts_at == Some(number) {
                self.step(0, Act::Evict);
            }
            self.next_step();
        }
        self.schedule
    }

    /// Several listeners for each of several sets of channels, some of whom come later.
    fn seat_listeners(&mut self) {
        let count = self.schedule.channels.len();
        let all: Vec<usize> = (0..count).collect();
        let mut sets = vec![all.clone(), vec![self.random.random_range(0..count)]];
        for _ in 0..self.random.random_range(0..=2) {
            let size = self.random.random_range(1..=count);
            let mut set: Vec<usize> = all.sample(&mut self.random, size).copied().collect();
            set.sort_unstable();
            sets.push(set);
        }
        for set in sets {
            for _ in 0..self.random.random_range(2..=4) {
                let seat = self.seat(set.clone());
                self.schedule.seats.push(seat);
                let listener = self.schedule.seats.len() - 1;
                if self.random.random_bool(0.7) { self.join(listener) } else { self.waiting.push(listener) }
            }
        }
    }

    fn seat(&mut self, channels: Vec<usize>) -> Seat {
        Seat {
            channels,
            place: self.random.random_bool(0.6).then(|| self.place()),
            from_the_start: self.random.random_bool(0.4),
            polls: self.random.random_bool(0.25),
            window: self.random.random_bool(0.5).then_some(4 * 1024),
        }
    }

    fn join(&mut self, listener: usize) {
        self.present.push(listener);
        self.step(0, Act::Join { listener });
    }

    fn next_step(&mut self) {
        match self.random.random_range(0..100) {
            0..46 => self.publish(),
            46..70 => self.cut(),
            70..74 => self.stall(),
            74..79 => self.storm(),
            79..82 => {
                let (listener, polls) = (self.listener(), self.random.random_bool(0.5));
                self.soon(Act::Change { listener, polls });
            }
            82..86 => {
                let (listener, place) = (self.listener(), self.place());
                self.soon(Act::Move { listener, place });
                self.cut_one(listener);
            }
            86..90 => self.kill(),
            90..92 => self.panic(),
            92..95 => self.cut_off(),
            95..97 => self.step_clock(),
            _ => self.come_or_go(),
        }
    }

    fn publish(&mut self) {
        let publisher = self.random.random_range(0..self.schedule.publishers);
        let order = self.order();
        self.soon(Act::Publish { publisher, order });
    }

    fn order(&mut self) -> Order {
        let channels = self.some_channels();
        let is_large = self.random.random_bool(0.15);
        let first = self.schedule.messages;
        let most = if is_large { 8 } else { 20 };
        let count = if self.random.random_bool(0.3) { 1 } else { self.random.random_range(1..=most) };
        self.schedule.messages += count;
        let padding = if is_large { LARGE } else { self.random.random_range(0..200) };
        Order {
            channels,
            first,
            count,
            padding,
            at_once: self.random.random_bool(0.3),
            insists: IS_IDEMPOTENT && self.random.random_bool(0.8),
            patience_ms: self.random.random_bool(0.15).then(|| self.random.random_range(0..12)),
        }
    }

    fn some_channels(&mut self) -> Vec<usize> {
        let all: Vec<usize> = (0..self.schedule.channels.len()).collect();
        let size = if self.random.random_bool(0.6) { 1 } else { self.random.random_range(1..=all.len()) };
        all.sample(&mut self.random, size).copied().collect()
    }

    fn cut(&mut self) {
        let listener = self.listener();
        self.cut_one(listener);
    }

    fn cut_one(&mut self, listener: usize) {
        let after_bytes = self.bytes();
        let reset = self.random.random_bool(0.3);
        let away_ms = if self.random.random_bool(0.5) { 0 } else { self.random.random_range(0..400) };
        self.soon(Act::Cut { listener, after_bytes, reset, away_ms });
    }

    /// In the middle of a replay: there is something to be replayed when the listener comes back.
    fn stall(&mut self) {
        let listener = self.listener();
        let away_ms = self.random.random_range(100..400);
        self.soon(Act::Cut { listener, after_bytes: 0, reset: false, away_ms });
        self.publish();
        let (after_bytes, ms) = (self.bytes(), self.random.random_range(50..1_200));
        self.soon(Act::Stall { listener, after_bytes, ms });
    }

    /// Many come back at the same time, and elsewhere, while much is published at once: history is replayed to them while
    /// the relays lag behind the channels.
    fn storm(&mut self) {
        self.publish_at_once(0, 20);
        for listener in self.present.clone() {
            if self.random.random_bool(0.3) {
                let place = self.place();
                self.step(0, Act::Move { listener, place });
            }
            let (after_bytes, away_ms) = (self.random.random_range(0..600), self.random.random_range(0..6));
            let after_ms = self.random.random_range(0..3);
            self.step(after_ms, Act::Cut { listener, after_bytes, reset: false, away_ms });
        }
    }

    /// From the middle of a greeting to the middle of large messages.
    fn bytes(&mut self) -> usize {
        match self.random.random_range(0..3) {
            0 => self.random.random_range(0..400),
            1 => self.random.random_range(0..4_000),
            _ => self.random.random_range(0..300_000),
        }
    }

    /// Mostly while something is under way.
    fn kill(&mut self) {
        if self.kills == 5 {
            return self.publish();
        }
        self.kills += 1;
        if self.random.random_bool(0.8) {
            self.publish_everything();
        }
        let (after_ms, down_ms) = (self.random.random_range(0..60), self.random.random_range(0..50));
        self.step(after_ms, Act::Kill { down_ms });
    }

    /// While messages are kept that relays do not have yet: large ones are sent to relays one by one.
    fn panic(&mut self) {
        self.publish_at_once(LARGE, 6);
        let after_ms = self.random.random_range(0..250);
        self.step(after_ms, Act::Panic);
    }

    fn cut_off(&mut self) {
        self.publish_everything();
        let (ms, panics) = (self.random.random_range(10..300), self.random.random_bool(0.6));
        self.soon(Act::CutOff { ms, panics });
        self.publish_everything();
    }

    fn publish_at_once(&mut self, padding: usize, count: u32) {
        for publisher in 0..self.schedule.publishers {
            let order = self.order();
            self.schedule.messages = order.first + count;
            let order = Order { count, padding, at_once: true, patience_ms: None, ..order };
            self.step(0, Act::Publish { publisher, order });
        }
    }

    fn publish_everything(&mut self) {
        for publisher in 0..self.schedule.publishers {
            let order = self.order();
            self.step(0, Act::Publish { publisher, order });
        }
    }

    fn step_clock(&mut self) {
        let to = self.random.random_range(-CLOCK_RANGE..=CLOCK_RANGE);
        let seconds = to - self.clock;
        self.clock = to;
        self.soon(Act::Clock { seconds });
    }

    fn come_or_go(&mut self) {
        if let Some(listener) = self.waiting.pop() {
            self.join(listener);
        } else if self.present.len() > 2 {
            let listener = self.present.swap_remove(self.random.random_range(0..self.present.len()));
            self.soon(Act::Leave { listener });
        }
    }

    /// Somebody who is there.
    fn listener(&mut self) -> usize {
        if self.present.is_empty() {
            let listener = self.waiting.pop().unwrap_or_default();
            self.join(listener);
        }
        self.present[self.random.random_range(0..self.present.len())]
    }

    fn place(&mut self) -> &'static str {
        PLACES[self.random.random_range(0..PLACES.len())]
    }

    fn soon(&mut self, act: Act) {
        let after_ms = self.random.random_range(0..50);
        self.step(after_ms, act);
    }

    fn step(&mut self, after_ms: u64, act: Act) {
        self.schedule.steps.push(Step { after_ms, act });
    }
}

impl Seat {
    /// The names of its channels, in the order of the cursor's positions.
    pub(super) fn names(&self, channels: &[String]) -> Vec<String> {
        let names: Vec<&str> = self.channels.iter().map(|channel| channels[*channel].as_str()).collect();
        ChannelSet::parse(names).unwrap().iter().map(ToString::to_string).collect()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: channels {:?}, {} publishers", self.seed, self.channels, self.publishers)?;
        let hands_over = if self.hands_over { ", objects are full soon" } else { "" };
        writeln!(f, "legs: {}{hands_over}", self.legs)?;
        match self.history_messages {
            Some(count) => writeln!(f, "a channel keeps {count} messages")?,
            None => writeln!(f, "a channel keeps everything")?,
        }
        for (listener, seat) in self.seats.iter().enumerate() {
            writeln!(f, "listener {listener}: {seat:?}")?;
        }
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "{number:3} +{:3} ms {:?}", step.after_ms, step.act)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_stands_for_the_same_schedule() {
        for seed in 0..50 {
            assert_eq!(Schedule::new(seed).to_string(), Schedule::new(seed).to_string());
        }
        assert_ne!(Schedule::new(1).to_string(), Schedule::new(2).to_string());
    }

    #[test]
    fn schedules_are_bounded_and_name_only_who_is_there() {
        for seed in 0..500 {
            let schedule = Schedule::new(seed);
            assert!(schedule.steps.len() < 400, "{schedule}");
            let mut present = Vec::new();
            for step in &schedule.steps {
                match step.act {
                    Act::Join { listener } => present.push(listener),
                    Act::Leave { listener } => present.retain(|one| *one != listener),
                    Act::Cut { listener, .. }
                    | Act::Stall { listener, .. }
                    | Act::Change { listener, .. }
                    | Act::Move { listener, .. } => assert!(present.contains(&listener), "{schedule}"),
                    Act::Publish { .. }
                    | Act::Kill { .. }
                    | Act::Panic
                    | Act::CutOff { .. }
                    | Act::Clock { .. }
                    | Act::Evict => {}
                }
            }
        }
    }
}
