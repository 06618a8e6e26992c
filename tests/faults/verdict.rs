//! Whether what the listeners saw fits what was published.
//!
//! The truth about a channel is every message that was acknowledged there or that anybody saw there: what is delivered is
//! durable, so it is there for everybody. Each listener must have seen, in the order of the ids and each once, all of
//! that from where it began, except for what it was told is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::transcript::{Heard, Published, Sight, Transcript, What};

/// Something that should not have happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Violation {
    /// A listener lacks a message.
    Missing { listener: String, channel: String, id: u64, number: u32 },
    /// A listener got an id again, or after a larger one.
    OutOfOrder { listener: String, channel: String, id: u64, after: u64 },
    /// A listener was told of a gap where nothing can have been lost.
    FalseGap { listener: String, channel: String, from: u64, to: u64 },
    /// A listener got something that nobody published there.
    Foreign { listener: String, channel: String, id: u64, what: String },
    /// A listener that did not ask for it got a message that was acknowledged before it came.
    FromBefore { listener: String, channel: String, number: u32 },
    /// A message has two ids in one channel.
    Doubled { channel: String, number: u32, ids: Vec<u64> },
    /// Two messages have the same id.
    SharedId { channel: String, id: u64, numbers: Vec<u32> },
    /// A message that was sent after another had been acknowledged has the smaller id.
    Reordered { channel: String, number: u32, id: u64, before: u64 },
    /// A listener never learned where it stands.
    NotGreeted { listener: String },
}

/// Holds what was seen against what was published.
pub(super) fn judge(transcript: &Transcript) -> Vec<Violation> {
    let truth = Truth::of(transcript);
    let mut violations: BTreeSet<Violation> = truth.check_ids(transcript).collect();
    for listener in &transcript.listeners {
        violations.extend(check_order(listener));
        violations.extend(truth.check_sights(listener, transcript.hands_over));
        violations.extend(truth.check_gaps(listener, transcript.retention));
        violations.extend(truth.check_completeness(listener));
    }
    violations.into_iter().collect()
}

/// What each channel has had.
struct Truth<'a> {
    published: BTreeMap<u32, &'a Published>,
    /// The messages by id, by channel: more than one number where something is wrong.
    channels: BTreeMap<&'a str, BTreeMap<u64, BTreeSet<u32>>>,
}

impl<'a> Truth<'a> {
    fn of(transcript: &'a Transcript) -> Self {
        let published = transcript.published.iter().map(|message| (message.number, message)).collect();
        let mut truth = Self { published, channels: BTreeMap::new() };
        for message in &transcript.published {
            for (channel, id) in &message.acknowledged {
                truth.add(channel, *id, message.number);
            }
        }
        for sight in transcript.listeners.iter().flat_map(|listener| &listener.sights) {
            if let What::Message(number) = sight.what
                && truth.is_published(number, &sight.channel)
            {
                truth.add(&sight.channel, sight.id, number);
            }
        }
        truth
    }

    fn add(&mut self, channel: &'a str, id: u64, number: u32) {
        self.channels.entry(channel).or_default().entry(id).or_default().insert(number);
    }

    fn is_published(&self, number: u32, channel: &str) -> bool {
        self.published.get(&number).is_some_and(|message| message.channels.iter().any(|name| name == channel))
    }

    /// The messages of a channel above one id and up to another.
    fn between(&self, channel: &str, after: u64, until: u64) -> impl Iterator<Item = (u64, u32)> {
        let messages = self.channels.get(channel).filter(|_| after < until);
        let messages = messages.into_iter().flat_map(move |messages| messages.range(after + 1..=until));
        messages.flat_map(|(id, numbers)| numbers.iter().map(|number| (*id, *number)))
    }

    fn check_ids(&self, transcript: &Transcript) -> impl Iterator<Item = Violation> {
        self.channels.iter().flat_map(move |(channel, messages)| {
            let shared = messages.iter().filter(|(_, numbers)| numbers.len() > 1).map(|(id, numbers)| {
                Violation::SharedId { channel: (*channel).into(), id: *id, numbers: numbers.iter().copied().collect() }
            });
            shared.chain(self.check_doubles(channel, transcript.retention)).chain(self.check_sending_order(channel))
        })
    }

    /// A message has one id, except where history had lost the first when the publisher repeated it.
    fn check_doubles(&self, channel: &str, retention: u64) -> Vec<Violation> {
        let mut ids: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (id, number) in self.between(channel, 0, u64::MAX) {
            ids.entry(number).or_default().push(id);
        }
        let is_wrong = |ids: &[u64]| {
            ids.windows(2).any(|pair| (self.between(channel, pair[0], pair[1]).count() as u64) <= retention)
        };
        let doubled = ids.into_iter().filter(|(_, ids)| is_wrong(ids));
        doubled.map(|(number, ids)| Violation::Doubled { channel: channel.into(), number, ids }).collect()
    }

    /// Ids grow with time: what was sent after an answer is above what that answer acknowledged.
    fn check_sending_order(&self, channel: &str) -> Vec<Violation> {
        let id_of = |message: &Published| {
            message.acknowledged.iter().filter(|(name, _)| name == channel).map(|(_, id)| *id).max()
        };
        let acknowledged: Vec<(&Published, u64)> =
            self.published.values().filter_map(|message| Some((*message, id_of(message)?))).collect();
        let mut sent = acknowledged.clone();
        sent.sort_by_key(|(message, _)| message.sent_at);
        let mut answered = acknowledged;
        answered.sort_by_key(|(message, _)| message.answered_at);
        let (mut answered, mut highest, mut violations) = (answered.into_iter().peekable(), 0, Vec::new());
        for (message, id) in sent {
            while let Some((_, earlier)) = answered.next_if(|(earlier, _)| earlier.answered_at < message.sent_at) {
                highest = highest.max(earlier);
            }
            if id <= highest {
                let number = message.number;
                violations.push(Violation::Reordered { channel: channel.into(), number, id, before: highest });
            }
        }
        violations
    }

    /// Everything that a listener saw was published in that channel, and is meant for it.
    fn check_sights(&self, listener: &Heard, hands_over: bool) -> impl Iterator<Item = Violation> {
        let may_be_at_relay = hands_over || listener.channels.len() > 1;
        listener.sights.iter().filter_map(move |sight| {
            let foreign = |what: String| Violation::Foreign {
                listener: listener.name.clone(),
                channel: sight.channel.clone(),
                id: sight.id,
                what,
            };
            match &sight.what {
                What::Gap { .. } => None,
                What::Garbled(text) => Some(foreign(text.clone())),
                What::Message(number) if !self.is_published(*number, &sight.channel) => {
                    Some(foreign(format!("message {number}")))
                }
                // A relay that lags behind its channels has still to deliver what was published before, also to who comes now.
                What::Message(_) if may_be_at_relay => None,
                What::Message(number) => self.check_beginning(listener, sight, *number),
            }
        })
    }

    fn check_beginning(&self, listener: &Heard, sight: &Sight, number: u32) -> Option<Violation> {
        let message = self.published.get(&number)?;
        let is_from_before = message.acknowledged.iter().any(|(channel, _)| *channel == sight.channel)
            && listener.asked_at.is_some_and(|asked_at| message.answered_at < asked_at);
        is_from_before.then(|| Violation::FromBefore {
            listener: listener.name.clone(),
            channel: sight.channel.clone(),
            number,
        })
    }

    /// A gap loses something, and what it loses is further back than history must reach.
    fn check_gaps(&self, listener: &Heard, retention: u64) -> impl Iterator<Item = Violation> {
        listener.gaps().filter(move |(sight, from)| !self.is_due(sight, *from, retention)).map(|(sight, from)| {
            let (listener, channel) = (listener.name.clone(), sight.channel.clone());
            Violation::FalseGap { listener, channel, from, to: sight.id }
        })
    }

    fn is_due(&self, gap: &Sight, from: u64, retention: u64) -> bool {
        let is_sent = |number: u32| self.published.get(&number).is_some_and(|message| message.sent_at <= gap.at);
        let known = self.between(&gap.channel, gap.id, u64::MAX).filter(|(_, number)| is_sent(*number)).count();
        let lost = self.between(&gap.channel, from, gap.id).count();
        // What was given up may have been kept all the same, unseen.
        let is_unknown = |message: &&&Published| {
            message.sent_at <= gap.at
                && message.channels.contains(&gap.channel)
                && !self.between(&gap.channel, 0, u64::MAX).any(|(_, number)| number == message.number)
        };
        let unknown = self.published.values().filter(is_unknown).count();
        // The first attempt may have been kept, and be gone with its key before the second came.
        let is_repeated = |message: &&&Published| {
            message.sent_at <= gap.at && message.attempts > 1 && message.channels.contains(&gap.channel)
        };
        let repeated = self.published.values().filter(is_repeated).count();
        (known + unknown) as u64 >= retention && lost + unknown + repeated > 0
    }

    /// Whatever came after the listener began, it has seen, or was told that it is gone.
    fn check_completeness(&self, listener: &Heard) -> Vec<Violation> {
        if listener.first.is_empty() {
            let name = || listener.name.clone();
            return if listener.left { Vec::new() } else { vec![Violation::NotGreeted { listener: name() }] };
        }
        listener.channels.iter().flat_map(|channel| self.missing(listener, channel)).collect()
    }

    fn missing(&self, listener: &Heard, channel: &str) -> Vec<Violation> {
        let seen: BTreeSet<u64> =
            listener.sights.iter().filter(|sight| sight.channel == channel).map(|sight| sight.id).collect();
        let until = if listener.left { listener.stands(channel).unwrap_or(0) } else { u64::MAX };
        let began = listener.began(channel).unwrap_or(0);
        let is_meant = |id: u64, number: u32| {
            // A listener that was greeted gets what is published from then on, wherever it was told that it stands.
            id > began || self.published.get(&number).is_some_and(|message| message.sent_at > listener.greeted_at)
        };
        let is_gone =
            |id: u64| listener.gaps().any(|(gap, from)| gap.channel == channel && (from < id && id <= gap.id));
        self.between(channel, 0, until)
            .filter(|(id, number)| is_meant(*id, *number) && !seen.contains(id) && !is_gone(*id))
            .map(|(id, number)| Violation::Missing {
                listener: listener.name.clone(),
                channel: channel.to_owned(),
                id,
                number,
            })
            .collect()
    }
}

impl Heard {
    /// The gaps that the listener was told of, each with where it stood before.
    fn gaps(&self) -> impl Iterator<Item = (&Sight, u64)> {
        self.sights.iter().filter_map(|sight| match sight.what {
            What::Gap { from } => Some((sight, from)),
            What::Message(_) | What::Garbled(_) => None,
        })
    }
}

/// Ids grow in each channel, from where the listener began.
fn check_order(listener: &Heard) -> Vec<Violation> {
    let mut stands: BTreeMap<&str, u64> =
        listener.channels.iter().map(|channel| (channel.as_str(), listener.began(channel).unwrap_or(0))).collect();
    let mut violations = Vec::new();
    for sight in &listener.sights {
        let stand = stands.entry(&sight.channel).or_default();
        if sight.id <= *stand {
            let (listener, channel) = (listener.name.clone(), sight.channel.clone());
            violations.push(Violation::OutOfOrder { listener, channel, id: sight.id, after: *stand });
        }
        *stand = sight.id.max(*stand);
    }
    violations
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { listener, channel, id, number } => {
                write!(f, "{listener} lacks message {number}, id {id} of {channel:?}")
            }
            Self::OutOfOrder { listener, channel, id, after } => {
                write!(f, "{listener} got id {id} of {channel:?} after {after}")
            }
            Self::FalseGap { listener, channel, from, to } => {
                write!(f, "{listener} was told of a gap in {channel:?} from {from} to {to}, where there can be none")
            }
            Self::Foreign { listener, channel, id, what } => {
                write!(f, "{listener} got {what:?} with id {id} of {channel:?}, which nobody published")
            }
            Self::FromBefore { listener, channel, number } => {
                write!(f, "{listener} got message {number} of {channel:?}, from before it came")
            }
            Self::Doubled { channel, number, ids } => write!(f, "message {number} has the ids {ids:?} in {channel:?}"),
            Self::SharedId { channel, id, numbers } => {
                write!(f, "the messages {numbers:?} share id {id} of {channel:?}")
            }
            Self::Reordered { channel, number, id, before } => write!(
                f,
                "message {number} of {channel:?} was sent after id {before} had been acknowledged, and has id {id}"
            ),
            Self::NotGreeted { listener } => write!(f, "{listener} was never greeted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message that was sent and answered at these times and acknowledged with this id in channel `a`.
    fn message(number: u32, (sent_at, answered_at): (u64, u64), id: u64) -> Published {
        let acknowledged = vec![("a".to_owned(), id)];
        Published { number, channels: vec!["a".into()], sent_at, attempts: 1, acknowledged, answered_at }
    }

    /// A message that was sent at this time and not acknowledged.
    fn lost(number: u32, sent_at: u64) -> Published {
        Published { acknowledged: Vec::new(), ..message(number, (sent_at, 0), 0) }
    }

    fn event(number: u32, id: u64) -> Sight {
        Sight { at: 1_000, channel: "a".into(), id, what: What::Message(number) }
    }

    fn gap(from: u64, to: u64) -> Sight {
        Sight { at: 1_000, channel: "a".into(), id: to, what: What::Gap { from } }
    }

    /// A listener of `a` that asked at 10, was greeted at 20, and began at id 100.
    fn listener(name: &str, sights: Vec<Sight>) -> Heard {
        let last = vec![sights.last().map_or(100, |sight| sight.id)];
        let (channels, first) = (vec!["a".into()], vec![100]);
        let (asked_at, greeted_at) = (Some(10), 20);
        Heard { name: name.into(), channels, first, asked_at, greeted_at, sights, last, ..Heard::default() }
    }

    /// Three messages, sent one after the other.
    fn three() -> Vec<Published> {
        vec![message(1, (30, 31), 101), message(2, (32, 33), 105), message(3, (34, 35), 106)]
    }

    fn all() -> Vec<Sight> {
        vec![event(1, 101), event(2, 105), event(3, 106)]
    }

    fn verdict(retention: u64, published: Vec<Published>, listeners: Vec<Heard>) -> Vec<Violation> {
        judge(&Transcript { retention, hands_over: false, published, listeners })
    }

    /// Of three messages, where history reaches back as far as it likes.
    fn verdict_on(sights: Vec<Sight>) -> Vec<Violation> {
        verdict(100, three(), vec![listener("one", sights)])
    }

    fn missing(listener: &str, id: u64, number: u32) -> Violation {
        Violation::Missing { listener: listener.into(), channel: "a".into(), id, number }
    }

    #[test]
    fn all_messages_once_in_order_are_right() {
        assert_eq!(verdict_on(all()), []);
    }

    #[test]
    fn a_message_that_does_not_come_is_missed() {
        for absent in 0..3 {
            let mut sights = all();
            let Sight { id, .. } = sights.remove(absent);
            assert_eq!(verdict_on(sights), [missing("one", id, u32::try_from(absent).unwrap() + 1)]);
        }
    }

    #[test]
    fn a_message_that_comes_again_is_noticed() {
        let mut sights = all();
        sights.push(event(3, 106));
        let doubled = Violation::OutOfOrder { listener: "one".into(), channel: "a".into(), id: 106, after: 106 };
        assert_eq!(verdict_on(sights), [doubled]);
    }

    #[test]
    fn messages_in_another_order_are_noticed() {
        let mut sights = all();
        sights.swap(1, 2);
        let late = Violation::OutOfOrder { listener: "one".into(), channel: "a".into(), id: 105, after: 106 };
        assert_eq!(verdict_on(sights), [late]);
    }

    #[test]
    fn what_is_older_than_a_gap_comes_after_it_no_more() {
        let late = Violation::OutOfOrder { listener: "one".into(), channel: "a".into(), id: 101, after: 105 };
        assert_eq!(
            verdict(1, three(), vec![listener("one", vec![gap(100, 105), event(1, 101), event(3, 106)])]),
            [late]
        );
    }

    #[test]
    fn a_gap_excuses_what_is_lost_and_nothing_else() {
        assert_eq!(verdict(1, three(), vec![listener("one", vec![gap(100, 105), event(3, 106)])]), []);
        assert_eq!(verdict(1, three(), vec![listener("one", vec![gap(100, 105)])]), [missing("one", 106, 3)]);
        let after = vec![event(1, 101), gap(105, 106)];
        assert!(verdict(0, three(), vec![listener("one", after)]).contains(&missing("one", 105, 2)));
    }

    #[test]
    fn a_gap_is_false_where_history_must_reach_back_or_nothing_was_lost() {
        let told = |from, to| Violation::FalseGap { listener: "one".into(), channel: "a".into(), from, to };
        let sights = vec![gap(100, 105), event(3, 106)];
        assert_eq!(verdict(2, three(), vec![listener("one", sights)]), [told(100, 105)]);
        let sights = vec![event(1, 101), gap(101, 104), event(2, 105), event(3, 106)];
        assert_eq!(verdict(1, three(), vec![listener("one", sights.clone())]), [told(101, 104)]);
        // A first attempt may have been there, and be forgotten with its key.
        let mut repeated = three();
        repeated[1].attempts = 2;
        assert_eq!(verdict(1, repeated, vec![listener("one", sights)]), []);
        // What was sent after the gap was told has pushed nothing out.
        let early = vec![Sight { at: 33, ..gap(100, 105) }, event(3, 106)];
        assert_eq!(verdict(1, three(), vec![listener("one", early)]), [told(100, 105)]);
    }

    #[test]
    fn what_one_listener_saw_is_there_for_all() {
        let published = || vec![message(1, (30, 31), 101), lost(2, 32)];
        let one = || listener("one", vec![event(1, 101), event(2, 105)]);
        let other = listener("other", vec![event(1, 101)]);
        assert_eq!(verdict(100, published(), vec![one(), other.clone()]), [missing("other", 105, 2)]);
        assert_eq!(verdict(100, published(), vec![one(), Heard { left: true, ..other }]), [], "it had left");
        assert_eq!(verdict(100, published(), vec![listener("one", vec![event(1, 101)])]), [], "it was never kept");
    }

    #[test]
    fn a_message_has_one_id_everywhere() {
        let ids = |ids: &[u64]| Violation::Doubled { channel: "a".into(), number: 2, ids: ids.to_vec() };
        let mut sights = all();
        sights.push(event(2, 108));
        assert_eq!(verdict_on(sights), [ids(&[105, 108])]);
        let mut published = three();
        published[1].acknowledged.push(("a".into(), 108));
        let found = verdict(100, published.clone(), vec![]);
        assert!(found.contains(&ids(&[105, 108])), "{found:?}");
        // A repeat is known by what history holds.
        published[2].sent_at = 33;
        assert_eq!(verdict(1, published, vec![]), []);
    }

    #[test]
    fn an_id_is_that_of_one_message() {
        let mut published = three();
        published[2] = message(3, (32, 35), 105);
        let shared = Violation::SharedId { channel: "a".into(), id: 105, numbers: vec![2, 3] };
        assert_eq!(verdict(100, published, vec![]), [shared]);
    }

    #[test]
    fn ids_grow_from_one_publish_to_the_next() {
        let at_once = vec![message(1, (30, 33), 105), message(2, (32, 33), 101)];
        assert_eq!(verdict(100, at_once, vec![]), []);
        let in_turn = vec![message(1, (30, 31), 105), message(2, (32, 33), 101)];
        let reordered = Violation::Reordered { channel: "a".into(), number: 2, id: 101, before: 105 };
        assert_eq!(verdict(100, in_turn, vec![]), [reordered]);
    }

    #[test]
    fn a_listener_gets_nothing_from_before_it_came_and_everything_from_then_on() {
        let before = || vec![message(1, (1, 2), 99)];
        assert_eq!(verdict(100, before(), vec![listener("one", vec![])]), []);
        let late = Heard { first: vec![50], ..listener("one", vec![event(1, 99)]) };
        let from_before = Violation::FromBefore { listener: "one".into(), channel: "a".into(), number: 1 };
        assert_eq!(verdict(100, before(), vec![late.clone()]), [from_before]);
        let at_relay =
            Transcript { retention: 100, hands_over: true, published: before(), listeners: vec![late.clone()] };
        assert_eq!(judge(&at_relay), [], "a relay may lag behind");
        assert_eq!(verdict(100, before(), vec![Heard { asked_at: None, ..late }]), [], "it asked for all");
        // A greeting that says more than was published yet takes nothing from the listener.
        let ahead = Heard { first: vec![200], ..listener("one", vec![]) };
        assert_eq!(verdict(100, vec![message(1, (30, 31), 101)], vec![ahead]), [missing("one", 101, 1)]);
    }

    #[test]
    fn what_nobody_published_there_is_foreign() {
        let foreign =
            |what: &str| Violation::Foreign { listener: "one".into(), channel: "a".into(), id: 107, what: what.into() };
        let with = |sight| all().into_iter().chain([sight]).collect();
        assert_eq!(verdict_on(with(event(4, 107))), [foreign("message 4")]);
        let garbled = Sight { what: What::Garbled("half a mess".into()), ..event(4, 107) };
        assert_eq!(verdict_on(with(garbled)), [foreign("half a mess")]);
        let mut published = three();
        published.push(Published { channels: vec!["b".into()], acknowledged: Vec::new(), ..message(4, (36, 37), 0) });
        let found = verdict(100, published, vec![listener("one", with(event(4, 107)))]);
        assert_eq!(found, [foreign("message 4")]);
    }

    #[test]
    fn whoever_stays_is_greeted() {
        let blank = Heard { first: vec![], last: vec![], ..listener("one", vec![]) };
        assert_eq!(verdict(100, three(), vec![blank.clone()]), [Violation::NotGreeted { listener: "one".into() }]);
        assert_eq!(verdict(100, three(), vec![Heard { left: true, ..blank }]), []);
    }
}
