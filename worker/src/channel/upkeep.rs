//! What a channel sees to later, when its alarm rings: that every relay has what was published, that history is trimmed, and
//! that a channel which nobody uses gives its storage back.

use futures::future::join_all;
use worker::{console_debug, console_error};

use super::{
    followers::{FULL_RETRY_MS, Sent},
    object::Inner,
};
use crate::{clock::now_ms, error::Error, printed::Printed};

/// How long after a publish the channel makes sure that every relay has it, in case the channel lost its memory, or a
/// relay its way, in between.
const SETTLE_MS: u64 = 30_000;
/// How often a channel without history looks whether those who listen are still there: a kill of the process, or a relay
/// that is gone, tells it nothing.
const RECHECK_MS: u64 = 24 * 3_600 * 1_000;

impl Inner {
    /// Sends a relay what it lacks, and sets the alarm to try again if that fails.
    pub(super) async fn send_to(&self, relay: &str, probe: bool) -> Result<(), Error> {
        let sent = self.followers.send_to(relay, &self.log, probe).await;
        // A session that is gone says so when it is sent something.
        self.count_sessions();
        match sent {
            Sent::Failed { retry_ms, error } => {
                console_error!("a delivery to relay {relay:?} failed and will be tried again: {error}");
                self.alarm.set(now_ms() + retry_ms).await
            }
            // Whoever sends may fail after this, and the object be evicted before it says so.
            Sent::Busy if probe => self.alarm.set(now_ms() + SETTLE_MS).await,
            Sent::Full => self.alarm.set(now_ms() + FULL_RETRY_MS).await,
            Sent::All | Sent::Busy => Ok(()),
        }
    }

    /// Sets the alarm for what a publish leaves to be done: relays to be checked, history to be trimmed.
    pub(super) async fn arm(&self) -> Result<(), Error> {
        if !self.followers.is_empty() {
            self.alarm.set(now_ms() + SETTLE_MS).await
        } else if self.alarm.rings_by(self.retention.next_trim(self.log.head(), now_ms())) {
            Ok(())
        } else {
            self.arm_for_later().await
        }
    }

    /// Sets the alarm for history to be trimmed or, where nothing is left of it, for the storage to be given back.
    async fn arm_for_later(&self) -> Result<(), Error> {
        let now_ms = now_ms();
        if let Some(due) = self.log.next_trim(now_ms)? {
            return self.alarm.set(due).await;
        }
        if !self.is_vacant() {
            return self.alarm.set(now_ms + RECHECK_MS.max(self.retention.max_age_ms)).await;
        }
        if self.vacancy.gives_back(self.log.head()).is_none() {
            self.vacancy.note(self.log.head(), now_ms)?;
        }
        match self.vacancy.gives_back(self.log.head()) {
            Some(due) => self.alarm.set(due).await,
            None => Ok(()),
        }
    }

    fn is_vacant(&self) -> bool {
        self.audience.is_empty() && self.followers.is_empty()
    }

    /// What there is to do when somebody has left: from the last one on it counts how long nobody was there.
    pub(super) async fn see_to_vacancy(&self) -> Result<(), Error> {
        if !self.is_vacant() {
            Ok(())
        } else if self.log.is_stored() {
            if self.log.next_trim(now_ms())?.is_none() {
                self.vacancy.note(self.log.head(), now_ms())?;
            }
            self.arm_for_later().await
        } else if self.followers.is_stored() {
            // Nothing was ever published: nobody's cursor is in danger.
            self.give_back().await
        } else {
            Ok(())
        }
    }

    /// What the alarm is for: drop what is too old, make sure that no relay lacks anything, give storage back.
    pub(super) async fn settle(&self) -> Result<(), Error> {
        self.alarm.rang();
        self.log.trim_by_age(now_ms())?;
        let relays = self.followers.names();
        for sent in join_all(relays.iter().map(|relay| self.send_to(relay, true))).await {
            sent?;
        }
        if !relays.is_empty() {
            // Those that have left have left now.
            self.vacancy.visit();
        }
        if self.is_over()? {
            self.give_back().await
        } else if self.log.is_stored() {
            self.arm_for_later().await
        } else {
            self.see_to_vacancy().await
        }
    }

    /// Whether nobody listens, nothing is left of history, and nobody came for as long as it would have reached back.
    fn is_over(&self) -> Result<bool, Error> {
        let is_due = self.vacancy.gives_back(self.log.head()).is_some_and(|due| due <= now_ms());
        Ok(is_due && self.is_vacant() && self.log.next_trim(now_ms())?.is_none())
    }

    /// Deletes all that the channel has stored. It begins anew with the next message, whose id is above all before it,
    /// as the clock is; a cursor from before then gets `sse.gap`.
    async fn give_back(&self) -> Result<(), Error> {
        console_debug!("channel {} gives its storage back", Printed(self.name.as_str()));
        // In the turn in which the storage is emptied.
        self.log.forget();
        self.followers.forget();
        self.vacancy.forget();
        self.audience.set_position(&self.name, self.log.head());
        Ok(self.state.storage().delete_all().await?)
    }
}
