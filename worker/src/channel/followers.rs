//! The relays that follow a channel, and up to where each has been sent its messages.
//!
//! Who follows is kept in SQLite; how far each has come is kept in memory only. After an eviction it is taken to be the
//! head; a relay that has less says so, and is sent what it lacks.

use std::{cell::RefCell, collections::BTreeMap};

use cyclone_edge_protocol::MessageId;
use serde::Deserialize;
use worker::{SqlStorage, SqlStorageValue};

use crate::{
    error::Error,
    wire::{Follow, Unfollow},
};

/// The relays that follow a channel.
pub(super) struct Followers {
    sql: SqlStorage,
    followers: RefCell<BTreeMap<String, Follower>>,
}

struct Follower {
    epoch: u64,
    /// The relay has what was published up to here.
    position: MessageId,
    /// Somebody is sending to the relay; whoever comes now need not.
    sending: bool,
}

#[derive(Deserialize)]
struct Row {
    relay: String,
    epoch: u64,
}

impl Followers {
    /// Opens the list, making its table the first time.
    pub(super) fn open(sql: SqlStorage, head: MessageId) -> Result<Self, Error> {
        sql.exec(
            "CREATE TABLE IF NOT EXISTS followers (relay TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID",
            None,
        )?;
        let rows = sql.exec("SELECT relay, epoch FROM followers", None)?.to_array::<Row>()?;
        let follower = |row: Row| (row.relay, Follower { epoch: row.epoch, position: head, sending: false });
        Ok(Self { sql, followers: RefCell::new(rows.into_iter().map(follower).collect()) })
    }

    /// Adds a relay that has everything up to `head`, or renews its follow.
    pub(super) fn add(&self, follow: &Follow, head: MessageId) -> Result<(), Error> {
        let epoch = SqlStorageValue::Integer(i64::try_from(follow.epoch).unwrap_or(i64::MAX));
        self.sql.exec(
            "INSERT OR REPLACE INTO followers (relay, epoch) VALUES (?, ?)",
            vec![follow.relay.as_str().into(), epoch],
        )?;
        let mut followers = self.followers.borrow_mut();
        let follower = followers.entry(follow.relay.clone());
        follower.or_insert(Follower { epoch: 0, position: head, sending: false }).epoch = follow.epoch;
        Ok(())
    }

    /// Removes a relay, unless it has followed anew since.
    pub(super) fn remove(&self, unfollow: &Unfollow) -> Result<(), Error> {
        let current = self.followers.borrow().get(&unfollow.relay).map(|follower| follower.epoch);
        if current == Some(unfollow.epoch) {
            self.sql.exec("DELETE FROM followers WHERE relay = ?", vec![unfollow.relay.as_str().into()])?;
            self.followers.borrow_mut().remove(&unfollow.relay);
        }
        Ok(())
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.followers.borrow().keys().cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.followers.borrow().is_empty()
    }

    /// Up to where a relay has been sent the messages, and in which epoch.
    pub(super) fn position(&self, relay: &str) -> Option<(MessageId, u64)> {
        self.followers.borrow().get(relay).map(|follower| (follower.position, follower.epoch))
    }

    pub(super) fn set_position(&self, relay: &str, position: MessageId) {
        if let Some(follower) = self.followers.borrow_mut().get_mut(relay) {
            follower.position = position;
        }
    }

    /// Becomes the one that sends to a relay; `false` if somebody is already.
    pub(super) fn begin_sending(&self, relay: &str) -> bool {
        let mut followers = self.followers.borrow_mut();
        followers.get_mut(relay).is_some_and(|follower| !std::mem::replace(&mut follower.sending, true))
    }

    pub(super) fn end_sending(&self, relay: &str) {
        if let Some(follower) = self.followers.borrow_mut().get_mut(relay) {
            follower.sending = false;
        }
    }
}
