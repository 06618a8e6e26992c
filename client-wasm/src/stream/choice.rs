//! The transport in use, and when a better one is tried again.

use core::cell::Cell;

use wasm_bindgen::prelude::*;

use super::{
    Settings,
    backoff::Backoff,
    ladder::{Ladder, Transport, Unfit},
};

/// How long polling goes on at most before a better transport is tried again, in milliseconds.
const MAX_CLIMB_MS: f64 = 3_600_000.0;

#[wasm_bindgen(module = "/js/line.js")]
extern "C" {
    /// Milliseconds on a clock that is never set.
    pub(super) fn now() -> f64;
    /// Whether only polling worked, for as long as the page's tab is open, with the server of this address.
    fn polls(url: &str) -> bool;
    #[wasm_bindgen(js_name = rememberPolling)]
    fn remember_polling(url: &str, polls: bool);
}

/// The transport in use. What changes it answers whether it did.
pub(super) struct Choice {
    ladder: Cell<Ladder>,
    /// How often a better transport was given up for polling since it last brought anything.
    climbs: Cell<Backoff>,
    climb_at: Cell<f64>,
    climb_after_ms: f64,
    /// Whether the tab remembers that only polling works.
    is_remembered: Cell<bool>,
}

impl Choice {
    /// What the page asks for, and what the tab remembers of the server at this address.
    pub(super) fn new(settings: &Settings, url: &str) -> Self {
        let first = Transport::named(&settings.first()).unwrap_or(Transport::LongPoll);
        let ladder = match Transport::named(&settings.transport()) {
            Some(fixed) => Ladder::fixed(fixed),
            None => Ladder::auto(first, settings.may_poll(), polls(url)),
        };
        let is_remembered = Cell::new(ladder.current() != first);
        let climb_after_ms = settings.climb_after();
        let climb_at = Cell::new(now() + climb_after_ms);
        Self { ladder: Cell::new(ladder), climbs: Cell::default(), climb_at, climb_after_ms, is_remembered }
    }

    pub(super) fn current(&self) -> Transport {
        self.ladder.get().current()
    }

    /// Goes on to the next transport.
    pub(super) fn fall(&self, why: Unfit, url: &str) -> bool {
        let falls = self.change(|ladder| ladder.fall(why));
        if falls && self.current() == Transport::LongPoll {
            // Where nothing could be reached at all, the first poll that is answered tells that now it can be.
            let tries_at_once = why == Unfit::Unreachable && self.climbs.get().failures() == 0;
            let delay_ms = Backoff::count(&self.climbs, self.climb_after_ms, MAX_CLIMB_MS);
            self.climb_at.set(now() + if tries_at_once { 0.0 } else { delay_ms });
            if !tries_at_once {
                self.remember(url, true);
            }
        }
        falls
    }

    /// Goes back to the first transport, if polling has gone on for long enough.
    pub(super) fn climb(&self) -> bool {
        self.current() == Transport::LongPoll && now() >= self.climb_at.get() && self.change(Ladder::climb)
    }

    /// The transport does bring something.
    pub(super) fn prove(&self, url: &str) {
        if self.current() != Transport::LongPoll {
            self.climbs.set(Backoff::default());
            if self.is_remembered.get() {
                self.remember(url, false);
            }
        }
    }

    /// Goes back to the first transport, and never polls again.
    pub(super) fn leave_polling(&self) -> bool {
        self.change(Ladder::leave_polling)
    }

    fn remember(&self, url: &str, polls: bool) {
        self.is_remembered.set(polls);
        remember_polling(url, polls);
    }

    fn change(&self, change: impl FnOnce(&mut Ladder) -> bool) -> bool {
        let mut ladder = self.ladder.get();
        let changes = change(&mut ladder);
        self.ladder.set(ladder);
        changes
    }
}
