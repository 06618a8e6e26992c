//! The alarm of a channel: when it sees to what is to be done later.

use std::{cell::Cell, rc::Rc};

use worker::State;

use crate::{clock::now_ms, error::Error};

/// An object has one alarm, which outlives evictions; setting it again moves it.
pub(super) struct Alarm {
    state: Rc<State>,
    /// When it rings, as far as this life of the object knows, in milliseconds since the epoch.
    at_ms: Cell<Option<u64>>,
}

impl Alarm {
    pub(super) fn new(state: Rc<State>) -> Self {
        Self { state, at_ms: Cell::new(None) }
    }

    /// Has it ring at this time or sooner.
    pub(super) async fn set(&self, at_ms: u64) -> Result<(), Error> {
        if self.at_ms.get().is_none() {
            // An earlier life of the object may have set it to an earlier time, which must not be put off.
            let stored = self.state.storage().get_alarm().await?.and_then(|at| u64::try_from(at).ok());
            self.at_ms.set(self.at_ms.get().or(stored));
        }
        if self.at_ms.get().is_some_and(|set| set <= at_ms) {
            return Ok(());
        }
        self.at_ms.set(Some(at_ms));
        let offset_ms = i64::try_from(at_ms.saturating_sub(now_ms())).unwrap_or(i64::MAX);
        if let Err(error) = self.state.storage().set_alarm(offset_ms).await {
            self.at_ms.set(None);
            return Err(error.into());
        }
        Ok(())
    }

    /// Whether this life of the object knows that it will ring by then.
    pub(super) fn rings_by(&self, at_ms: u64) -> bool {
        self.at_ms.get().is_some_and(|set| set <= at_ms)
    }

    /// It rings: none is set now.
    pub(super) fn rang(&self) {
        self.at_ms.set(None);
    }
}
