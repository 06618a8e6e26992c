//! Which transport is next.

/// How events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// The browser's own `EventSource`.
    Native,
    /// One request whose response streams.
    Fetch,
    /// One request after another, each answered with the next messages.
    LongPoll,
}

impl Transport {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Fetch => "fetch",
            Self::LongPoll => "longpoll",
        }
    }

    /// The transport of a name; `None` for `auto`.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Native, Self::Fetch, Self::LongPoll].into_iter().find(|transport| transport.name() == name)
    }
}

/// Why a transport is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The browser's own class cannot do it alone: it gave up without saying why, it fails again and again, it cannot
    /// say where it stands.
    Alone,
    /// It cannot connect, again and again.
    Unreachable,
    /// Something on the way holds the response back.
    HeldBack,
}

/// The transports to choose from, and the one in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ladder {
    first: Transport,
    current: Transport,
    may_fall: bool,
    may_poll: bool,
}

impl Ladder {
    /// Only this transport.
    pub(super) fn fixed(transport: Transport) -> Self {
        Self { first: transport, current: transport, may_fall: false, may_poll: true }
    }

    /// All of them from `first` down, without polling unless `may_poll`; only polling worked last time if `polls`.
    pub(super) fn auto(first: Transport, may_poll: bool, polls: bool) -> Self {
        let current = if polls && may_poll { Transport::LongPoll } else { first };
        Self { first, current, may_fall: true, may_poll }
    }

    pub(super) fn current(self) -> Transport {
        self.current
    }

    /// Goes on to the next transport; `false` when there is none.
    pub(super) fn fall(&mut self, why: Unfit) -> bool {
        let next = match (self.current, why) {
            // A fetch sees the status that the browser's own class keeps to itself.
            (Transport::Native, Unfit::Alone) => Transport::Fetch,
            (Transport::Native | Transport::Fetch, Unfit::HeldBack | Unfit::Unreachable) => Transport::LongPoll,
            (Transport::Fetch, Unfit::Alone) | (Transport::LongPoll, _) => return false,
        };
        let falls = self.may_fall && (self.may_poll || next != Transport::LongPoll);
        if falls {
            self.current = next;
        }
        falls
    }

    /// Goes back to the first transport, and never polls again; `false` when polling is all there is.
    pub(super) fn leave_polling(&mut self) -> bool {
        self.may_poll = false;
        self.climb()
    }

    /// Goes back to the first transport; `false` when it is in use.
    pub(super) fn climb(&mut self) -> bool {
        let climbs = self.current != self.first;
        self.current = self.first;
        climbs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_that_is_held_back_leads_to_polling_and_back() {
        for first in [Transport::Native, Transport::Fetch] {
            for why in [Unfit::HeldBack, Unfit::Unreachable] {
                let mut ladder = Ladder::auto(first, true, false);
                assert_eq!(ladder.current(), first);
                assert!(ladder.fall(why));
                assert_eq!(ladder.current(), Transport::LongPoll);
                assert!(!ladder.fall(why));
                assert!(ladder.climb());
                assert_eq!(ladder.current(), first);
                assert!(!ladder.climb());
            }
        }
    }

    #[test]
    fn a_failure_without_a_reason_is_looked_into_by_a_fetch() {
        let mut ladder = Ladder::auto(Transport::Native, true, false);
        assert!(ladder.fall(Unfit::Alone));
        assert_eq!(ladder.current(), Transport::Fetch);
        assert!(!ladder.fall(Unfit::Alone), "a fetch knows the reason");
        assert!(ladder.fall(Unfit::Unreachable));
        assert_eq!(ladder.current(), Transport::LongPoll);
    }

    #[test]
    fn where_only_polling_worked_last_time_polling_comes_first() {
        let mut ladder = Ladder::auto(Transport::Native, true, true);
        assert_eq!(ladder.current(), Transport::LongPoll);
        assert!(ladder.climb());
        assert_eq!(ladder.current(), Transport::Native);
    }

    #[test]
    fn a_server_that_has_no_polls_is_not_polled() {
        let mut ladder = Ladder::auto(Transport::Native, true, true);
        assert!(ladder.leave_polling());
        assert!(!Ladder::fixed(Transport::LongPoll).leave_polling());
        assert_eq!(ladder.current(), Transport::Native);
        for ladder in [&mut ladder, &mut Ladder::auto(Transport::Native, false, true)] {
            assert_eq!(ladder.current(), Transport::Native);
            assert!(!ladder.fall(Unfit::HeldBack));
            assert!(ladder.fall(Unfit::Alone));
            assert!(!ladder.fall(Unfit::Unreachable));
            assert_eq!(ladder.current(), Transport::Fetch);
        }
    }

    #[test]
    fn a_transport_that_was_asked_for_stays() {
        for transport in [Transport::Native, Transport::Fetch, Transport::LongPoll] {
            let mut ladder = Ladder::fixed(transport);
            assert!(!ladder.fall(Unfit::Alone));
            assert!(!ladder.fall(Unfit::HeldBack));
            assert!(!ladder.climb());
            assert_eq!(ladder.current(), transport);
        }
    }

    #[test]
    fn names_read_back() {
        for transport in [Transport::Native, Transport::Fetch, Transport::LongPoll] {
            assert_eq!(Transport::named(transport.name()), Some(transport));
        }
        assert_eq!(Transport::named("auto"), None);
    }
}
