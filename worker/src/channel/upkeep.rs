//! What a channel sees to later, when its alarm rings: that every relay has what was published, that history is trimmed, and
//! that a channel which nobody uses gives its storage back.

use futures::future::join_all;
use worker::{console_debug, console_error};

use super::{followers::Sent, object::Inner};
use crate::{clock::now_ms, error::Error};

/// How long after a publish the channel makes sure that every relay has it, in case the channel lost its memory, or a
/// relay its way, in between.
const SETTLE_MS: u64 = 30_000;

impl Inner {
    /// Sends a relay what it lacks, and sets the alarm to try again if that fails.
    pub(super) async fn send_to(&self, relay: &str, probe: bool) -> Result<(), Error> {
        match self.followers.send_to(relay, &self.log, probe).await {
            Sent::Failed { retry_ms, error } => {
                console_error!("a delivery to relay {relay:?} failed and will be tried again: {error}");
                self.alarm.set(now_ms() + retry_ms).await
            }
            // Whoever sends may fail after this, and the object be evicted before it says so.
            Sent::Busy if probe => self.alarm.set(now_ms() + SETTLE_MS).await,
            Sent::All | Sent::Busy => Ok(()),
        }
    }

    /// Sets the alarm for what a publish leaves to be done: relays to be checked, history to be trimmed.
    pub(super) async fn arm(&self) -> Result<(), Error> {
        if !self.followers.is_empty() {
            self.alarm.set(now_ms() + SETTLE_MS).await
        } else if self.alarm.is_set() {
            Ok(())
        } else {
            self.arm_for_trimming().await
        }
    }

    /// Sets the alarm for history to be trimmed or, where nothing is left of it, for the storage to be given back.
    async fn arm_for_trimming(&self) -> Result<(), Error> {
        if let Some(due) = self.log.next_trim(now_ms())? {
            return self.alarm.set(due).await;
        }
        if !self.is_vacant() {
            return Ok(());
        }
        if self.log.gives_back().is_none() {
            self.log.vacate(now_ms())?;
        }
        match self.log.gives_back() {
            Some(due) => self.alarm.set(due).await,
            None => Ok(()),
        }
    }

    fn is_vacant(&self) -> bool {
        self.audience.is_empty() && self.followers.is_empty()
    }

    /// What there is to do when somebody has left: from the last one on it counts how long nobody was there.
    pub(super) async fn left(&self) -> Result<(), Error> {
        if !self.is_vacant() || !(self.log.is_stored() || self.followers.is_stored()) {
            return Ok(());
        }
        if self.log.next_trim(now_ms())?.is_none() {
            self.log.vacate(now_ms())?;
        }
        self.arm_for_trimming().await
    }

    /// What the alarm is for: drop what is too old, make sure that no relay lacks anything, give storage back.
    pub(super) async fn settle(&self) -> Result<(), Error> {
        self.alarm.rang();
        self.log.trim_by_age(now_ms())?;
        let relays = self.followers.names();
        for sent in join_all(relays.iter().map(|relay| self.send_to(relay, true))).await {
            sent?;
        }
        if self.is_over()? {
            return self.give_back().await;
        }
        self.arm_for_trimming().await
    }

    /// Whether nobody listens, nothing is left of history, and nobody came for as long as it would have reached back.
    fn is_over(&self) -> Result<bool, Error> {
        let is_due = self.log.gives_back().is_some_and(|due| due <= now_ms());
        Ok(is_due && self.is_vacant() && self.log.next_trim(now_ms())?.is_none())
    }

    /// Deletes all that the channel has stored. It begins anew with the next message, whose id is above all before it,
    /// as the clock is; a cursor from before then gets `sse.gap`.
    async fn give_back(&self) -> Result<(), Error> {
        console_debug!("channel {} gives its storage back", self.name);
        // In the turn in which the storage is emptied.
        self.log.forget();
        self.followers.forget();
        self.audience.set_position(&self.name, self.log.head());
        Ok(self.state.storage().delete_all().await?)
    }
}
