//! What was sent and what has arrived: lost, doubled, out of order, and how long it took.
//!
//! Messages have numbers from 0, and go to the channels that are published to in turn: number N to channel N modulo their
//! count. A listener hears one of these at most. A message is expected at every listener of its channel once the server
//! has said that it is published; of one that failed nobody knows whether it is.

use std::time::{Duration, Instant};

use super::{message::Mark, quantiles::Quantiles};

/// The tally of a run.
#[derive(Debug)]
pub(super) struct Tally {
    /// How many listeners hear each of the channels that are published to.
    hearing: Vec<u64>,
    messages: Vec<Message>,
    latency: Quantiles,
    warmed_up: u64,
    last_arrival: Option<Instant>,
    reconnects: u64,
    doubled: u64,
    out_of_order: u64,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    sent: Instant,
    answered: Option<Instant>,
    last_arrival: Option<Instant>,
    /// To how many listeners it came.
    arrivals: u64,
}

/// What one listener has heard.
#[derive(Debug)]
pub(super) struct Heard {
    /// One bit for each message of its channel.
    numbers: Vec<u64>,
    /// Of the messages heard, the one that was sent last: when that was.
    latest_sent: Option<Instant>,
}

/// What became of the messages.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) published: u64,
    pub(super) expected: u64,
    pub(super) delivered: u64,
    pub(super) doubled: u64,
    pub(super) out_of_order: u64,
    pub(super) reconnects: u64,
    /// From the first that was sent to the last that arrived.
    pub(super) delivering: Duration,
    pub(super) publish_latency: Quantiles,
    pub(super) latency: Quantiles,
    /// Until the last listener had it, of messages that all listeners have.
    pub(super) last_listener: Quantiles,
}

impl Tally {
    pub(super) fn new(channels: usize) -> Self {
        Self {
            hearing: vec![0; channels],
            messages: Vec::new(),
            latency: Quantiles::new(),
            warmed_up: 0,
            last_arrival: None,
            reconnects: 0,
            doubled: 0,
            out_of_order: 0,
        }
    }

    /// A listener that hears a channel, or none.
    pub(super) fn admit(&mut self, channel: Option<usize>) -> Heard {
        if let Some(hearing) = channel.and_then(|channel| self.hearing.get_mut(channel)) {
            *hearing += 1;
        }
        Heard { numbers: Vec::new(), latest_sent: None }
    }

    /// How many listeners hear anything.
    pub(super) fn hearing(&self) -> u64 {
        self.hearing.iter().sum()
    }

    /// The number that the next message has.
    pub(super) fn next_number(&self) -> usize {
        self.messages.len()
    }

    /// The next message is sent.
    pub(super) fn sent(&mut self, at: Instant) {
        self.messages.push(Message { sent: at, answered: None, last_arrival: None, arrivals: 0 });
    }

    /// The server has said that a message is published.
    pub(super) fn answered(&mut self, number: usize, at: Instant) {
        if let Some(message) = self.messages.get_mut(number) {
            message.answered = Some(at);
        }
    }

    /// A message has come to a listener.
    pub(super) fn arrived(&mut self, mark: Mark, heard: &mut Heard, at: Instant) {
        let Mark::Number(number) = mark else {
            self.warmed_up += 1;
            return;
        };
        let Some(message) = self.messages.get_mut(number) else { return };
        self.last_arrival = Some(at);
        if !heard.note(number / self.hearing.len()) {
            self.doubled += 1;
            return;
        }
        message.arrivals += 1;
        message.last_arrival = message.last_arrival.max(Some(at));
        self.latency.record(at.saturating_duration_since(message.sent));
        // Publishes that overlap have no order. This one was over before another was sent that has come already.
        if message.answered.is_some_and(|answered| heard.latest_sent > Some(answered)) {
            self.out_of_order += 1;
        }
        heard.latest_sent = heard.latest_sent.max(Some(message.sent));
    }

    /// A listener that was cut off is back.
    pub(super) fn reconnected(&mut self) {
        self.reconnects += 1;
    }

    /// How many messages to warm up have come.
    pub(super) fn warmed_up(&self) -> u64 {
        self.warmed_up
    }

    pub(super) fn last_arrival(&self) -> Option<Instant> {
        self.last_arrival
    }

    /// How many deliveries are expected and have not come yet.
    pub(super) fn missing(&self) -> u64 {
        self.expected().map(|(message, expected)| expected.saturating_sub(message.arrivals)).sum()
    }

    /// The messages that are published, and at how many listeners each is expected.
    fn expected(&self) -> impl Iterator<Item = (&Message, u64)> {
        let messages = self.messages.iter().zip(self.hearing.iter().copied().cycle());
        messages.filter(|(message, _)| message.answered.is_some())
    }

    pub(super) fn outcome(&self) -> Outcome {
        let delivering = self.last_arrival.zip(self.messages.first());
        let delivering = delivering.map(|(last, first)| last.saturating_duration_since(first.sent));
        let mut outcome = Outcome {
            published: 0,
            expected: 0,
            delivered: 0,
            doubled: self.doubled,
            out_of_order: self.out_of_order,
            reconnects: self.reconnects,
            delivering: delivering.unwrap_or_default(),
            publish_latency: Quantiles::new(),
            latency: self.latency.clone(),
            last_listener: Quantiles::new(),
        };
        for (message, expected) in self.expected() {
            outcome.published += 1;
            outcome.expected += expected;
            outcome.delivered += message.arrivals;
            if let Some(answered) = message.answered {
                outcome.publish_latency.record(answered.saturating_duration_since(message.sent));
            }
            if let Some(last) = message.last_arrival.filter(|_| message.arrivals == expected) {
                outcome.last_listener.record(last.saturating_duration_since(message.sent));
            }
        }
        outcome
    }
}

impl Heard {
    /// Whether this is the first time that the message is heard.
    fn note(&mut self, index: usize) -> bool {
        let (word, bit) = (index / 64, 1 << (index % 64));
        if self.numbers.len() <= word {
            self.numbers.resize(word + 1, 0);
        }
        let Some(numbers) = self.numbers.get_mut(word) else { return false };
        let is_new = *numbers & bit == 0;
        *numbers |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tally with messages that were sent and answered after this many microseconds, and two listeners of each channel.
    fn tally(channels: usize, messages: &[(u64, Option<u64>)]) -> (Tally, Vec<[Heard; 2]>, impl Fn(u64) -> Instant) {
        let began = Instant::now();
        let at = move |us| began + Duration::from_micros(us);
        let mut tally = Tally::new(channels);
        let listeners = (0..channels).map(|channel| [tally.admit(Some(channel)), tally.admit(Some(channel))]).collect();
        for (number, (sent, answered)) in messages.iter().enumerate() {
            assert_eq!(tally.next_number(), number);
            tally.sent(at(*sent));
            if let Some(answered) = answered {
                tally.answered(number, at(*answered));
            }
        }
        (tally, listeners, at)
    }

    #[test]
    fn what_does_not_come_is_lost_and_what_comes_twice_is_doubled() {
        let (mut tally, mut listeners, at) = tally(1, &[(0, Some(2)), (10, Some(12)), (20, Some(22))]);
        let Some([one, other]) = listeners.first_mut() else { unreachable!() };
        for (number, us) in [(0, 5), (1, 15), (1, 16), (2, 25)] {
            tally.arrived(Mark::Number(number), one, at(us));
        }
        tally.arrived(Mark::Number(0), other, at(9));
        tally.arrived(Mark::Number(2), other, at(30));
        assert_eq!(tally.missing(), 1);
        let outcome = tally.outcome();
        assert_eq!((outcome.published, outcome.expected, outcome.delivered), (3, 6, 5));
        assert_eq!((outcome.doubled, outcome.out_of_order), (1, 0));
        assert_eq!(outcome.delivering, Duration::from_micros(30));
        assert_eq!(outcome.publish_latency.of(1.0), Some(0.002));
        assert_eq!((outcome.latency.of(0.5), outcome.latency.of(1.0)), (Some(0.005), Some(0.01)));
        assert_eq!((outcome.last_listener.of(0.5), outcome.last_listener.of(1.0)), (Some(0.009), Some(0.01)));
    }

    #[test]
    fn what_was_over_before_another_was_sent_may_not_come_after_it() {
        let (mut tally, mut listeners, at) = tally(1, &[(0, Some(5)), (1, Some(6)), (7, Some(9))]);
        let Some([one, other]) = listeners.first_mut() else { unreachable!() };
        // The first two overlap: each may be the first.
        for number in [1, 0, 2] {
            tally.arrived(Mark::Number(number), one, at(10));
        }
        assert_eq!(tally.outcome().out_of_order, 0);
        for number in [0, 2, 1] {
            tally.arrived(Mark::Number(number), other, at(10));
        }
        assert_eq!(tally.outcome().out_of_order, 1);
    }

    #[test]
    fn a_publish_that_failed_is_expected_nowhere_and_may_arrive() {
        let (mut tally, mut listeners, at) = tally(1, &[(0, None), (1, Some(2))]);
        let Some([one, other]) = listeners.first_mut() else { unreachable!() };
        tally.arrived(Mark::Number(0), one, at(3));
        tally.arrived(Mark::Number(1), one, at(3));
        tally.arrived(Mark::Number(1), other, at(3));
        let outcome = tally.outcome();
        assert_eq!((tally.missing(), outcome.published, outcome.expected, outcome.delivered), (0, 1, 2, 2));
        assert_eq!(one.numbers, [0b11]);
        assert_eq!(other.numbers, [0b10]);
    }

    #[test]
    fn messages_go_to_channels_in_turn_and_are_expected_at_their_listeners() {
        let (mut tally, mut listeners, at) = tally(2, &[(0, Some(1)); 130]);
        let _ = tally.admit(None);
        assert_eq!((tally.hearing(), tally.missing()), (4, 260));
        for number in 0..130 {
            for listener in listeners.get_mut(number % 2).into_iter().flatten() {
                tally.arrived(Mark::Number(number), listener, at(1));
            }
        }
        assert_eq!(tally.missing(), 0);
        let words: Vec<usize> = listeners.iter().flatten().map(|heard| heard.numbers.len()).collect();
        assert_eq!(words, [2; 4]);
    }

    #[test]
    fn messages_to_warm_up_and_those_never_sent_do_not_count() {
        let (mut tally, mut listeners, at) = tally(1, &[(0, Some(1))]);
        let Some([one, _]) = listeners.first_mut() else { unreachable!() };
        tally.arrived(Mark::WarmUp, one, at(1));
        tally.arrived(Mark::Number(7), one, at(1));
        let outcome = tally.outcome();
        assert_eq!((tally.warmed_up(), outcome.delivered, outcome.doubled, outcome.latency.of(0.5)), (1, 0, 0, None));
        assert_eq!(tally.last_arrival(), None);
    }
}
