//! By which kind of leg an audience reaches a new listener.
//!
//! A socket leg lets the object sleep while its listeners are silent; a stream leg costs less for each message, and keeps
//! the object awake. An object that gets a message every ten seconds does not sleep anyway.

/// A kind of leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegKind {
    /// A hibernatable WebSocket between the listener's worker and the object.
    Socket,
    /// The object's own answer, passed through by the listener's worker.
    Stream,
}

/// How an audience chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegChoice {
    /// The same kind for all.
    Always(LegKind),
    /// Streams for a crowd: where there are so many listeners and so many messages a minute; sockets otherwise.
    Crowd {
        /// How many listeners, the new one among them.
        listeners: u64,
        /// How many messages a minute.
        messages_per_minute: u64,
    },
}

impl LegChoice {
    /// The kind for one more listener of an audience that has so many, and had so many messages in the last minute.
    #[must_use]
    pub fn choose(self, listeners: u64, messages_per_minute: u64) -> LegKind {
        match self {
            Self::Always(kind) => kind,
            Self::Crowd { listeners: crowd, messages_per_minute: busy } => {
                let is_crowd = listeners.saturating_add(1) >= crowd && messages_per_minute >= busy;
                if is_crowd { LegKind::Stream } else { LegKind::Socket }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_that_is_spoken_to_gets_streams() {
        let choice = LegChoice::Crowd { listeners: 100, messages_per_minute: 6 };
        for (listeners, messages, kind) in [
            (0, 0, LegKind::Socket),
            (98, 6, LegKind::Socket),
            (99, 5, LegKind::Socket),
            (99, 6, LegKind::Stream),
            (30_000, 0, LegKind::Socket),
            (u64::MAX, u64::MAX, LegKind::Stream),
        ] {
            assert_eq!(choice.choose(listeners, messages), kind, "{listeners} listeners, {messages} messages a minute");
        }
    }

    #[test]
    fn a_forced_kind_is_for_all() {
        for kind in [LegKind::Socket, LegKind::Stream] {
            assert_eq!(LegChoice::Always(kind).choose(0, 0), kind);
            assert_eq!(LegChoice::Always(kind).choose(30_000, 1_000), kind);
        }
    }
}
