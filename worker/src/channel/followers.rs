//! The relays and sessions that follow a channel: up to where each has been sent its messages, and how it gets the rest.
//! What is said of relays here holds for the sessions of SockJS clients too.
//!
//! Who follows is kept in SQLite; how far each has come is kept in memory only. After an eviction it is taken to be the
//! head; a relay that has less says so, and is sent what it lacks.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use cyclone_edge_protocol::{ChannelName, MessageId};
use serde::Deserialize;
use worker::{Env, SqlStorage};

use super::log::Log;
use crate::{
    audience::PAGE_BYTES,
    error::Error,
    objects::{Batch, Delivery, Follow, FollowerStub, Table, Unfollow, integer},
};

/// How long after a failed delivery to a relay the channel tries again: the first time, and from then on. (In the second
/// pause it is evicted, and the next failure is the first again.)
const RETRY_MS: (u64, u64) = (1_000, 30_000);

/// The relays that follow a channel.
pub(super) struct Followers {
    env: Env,
    channel: ChannelName,
    sql: SqlStorage,
    table: Table,
    followers: RefCell<BTreeMap<String, Follower>>,
    /// How many of them are sessions.
    sessions: Cell<u64>,
}

struct Follower {
    /// The newest follow of the relay: see [`Follow::epoch`].
    epoch: u64,
    /// The relay has what was published up to here.
    position: MessageId,
    /// Somebody is sending to the relay; whoever comes now need not.
    sending: bool,
    /// The last delivery failed.
    failing: bool,
}

/// How long after a session was full the channel tries again.
pub(super) const FULL_RETRY_MS: u64 = 1_000;

impl Follower {
    fn new(epoch: u64, position: MessageId) -> Self {
        Self { epoch, position, sending: false, failing: false }
    }
}

/// How sending to a relay went.
pub(super) enum Sent {
    /// The relay has everything, or follows no more.
    All,
    /// Somebody else is sending.
    Busy,
    /// A session has as much as may wait for its client: it is to be tried again soon.
    Full,
    /// It is to be tried again in so many milliseconds.
    Failed { retry_ms: u64, error: Error },
}

#[derive(Deserialize)]
struct Row {
    relay: String,
    epoch: u64,
}

impl Followers {
    /// Opens the list. The relays are taken to have everything up to `head`.
    pub(super) fn open(env: Env, channel: ChannelName, sql: SqlStorage, head: MessageId) -> Result<Self, Error> {
        let create =
            "CREATE TABLE IF NOT EXISTS followers (relay TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID";
        let table = Table::open(&sql, "followers", create)?;
        let mut followers = BTreeMap::new();
        if table.exists() {
            for row in sql.exec("SELECT relay, epoch FROM followers", None)?.to_array::<Row>()? {
                followers.insert(row.relay, Follower::new(row.epoch, head));
            }
        }
        let sessions = followers.keys().filter(|name| FollowerStub::is_session(name)).count() as u64;
        Ok(Self { env, channel, sql, table, followers: RefCell::new(followers), sessions: Cell::new(sessions) })
    }

    /// Adds a relay that has everything up to `head`, or renews its follow.
    pub(super) fn add(&self, follow: &Follow, head: MessageId) -> Result<(), Error> {
        let mut followers = self.followers.borrow_mut();
        // Requests can overtake each other: an older follow changes nothing.
        if followers.get(&follow.relay).is_some_and(|follower| follower.epoch >= follow.epoch) {
            return Ok(());
        }
        self.table.ensure(&self.sql)?;
        let values = vec![follow.relay.as_str().into(), integer(follow.epoch)];
        self.sql.exec("INSERT OR REPLACE INTO followers (relay, epoch) VALUES (?, ?)", values)?;
        if !followers.contains_key(&follow.relay) && FollowerStub::is_session(&follow.relay) {
            self.sessions.set(self.sessions.get() + 1);
        }
        let follower = followers.entry(follow.relay.clone());
        let follower = follower.or_insert_with(|| Follower::new(follow.epoch, head));
        follower.epoch = follow.epoch;
        if FollowerStub::is_session(&follow.relay) {
            // It says where it stands; what an earlier session of the same name had says nothing.
            follower.position = follow.position.unwrap_or(head);
        }
        Ok(())
    }

    /// Whether a relay follows.
    pub(super) fn has(&self, relay: &str) -> bool {
        self.followers.borrow().contains_key(relay)
    }

    /// Removes a relay, unless it has followed anew since.
    pub(super) fn remove(&self, unfollow: &Unfollow) -> Result<(), Error> {
        let mut followers = self.followers.borrow_mut();
        if followers.get(&unfollow.relay).is_some_and(|follower| follower.epoch == unfollow.epoch) {
            self.sql.exec("DELETE FROM followers WHERE relay = ?", vec![unfollow.relay.as_str().into()])?;
            followers.remove(&unfollow.relay);
            if FollowerStub::is_session(&unfollow.relay) {
                self.sessions.set(self.sessions.get().saturating_sub(1));
            }
        }
        Ok(())
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.followers.borrow().keys().cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.followers.borrow().is_empty()
    }

    /// How many of them are sessions, each of which is one listener.
    pub(super) fn sessions(&self) -> u64 {
        self.sessions.get()
    }

    /// Whether anything is stored.
    pub(super) fn is_stored(&self) -> bool {
        self.table.exists()
    }

    /// The storage was given back.
    pub(super) fn forget(&self) {
        self.table.forget();
    }

    /// Sends a relay what it lacks, until it lacks nothing. A probe asks even if it seems to lack nothing.
    pub(super) async fn send_to(&self, relay: &str, log: &Log, probe: bool) -> Sent {
        let begins = self.with(relay, |follower| !std::mem::replace(&mut follower.sending, true));
        match begins {
            None => return Sent::All,
            Some(false) => return Sent::Busy,
            Some(true) => {}
        }
        let sent = self.send_pages(relay, log, probe).await;
        let failed_before = self.with(relay, |follower| {
            follower.sending = false;
            std::mem::replace(&mut follower.failing, sent.is_err())
        });
        let retry_ms = if failed_before == Some(true) { RETRY_MS.1 } else { RETRY_MS.0 };
        match sent {
            Ok(sent) => sent,
            Err(error) => Sent::Failed { retry_ms, error },
        }
    }

    async fn send_pages(&self, relay: &str, log: &Log, mut probe: bool) -> Result<Sent, Error> {
        let stub = FollowerStub::of(&self.env, relay)?;
        while let Some((position, epoch)) = self.with(relay, |follower| (follower.position, follower.epoch)) {
            if position == log.head() && !std::mem::take(&mut probe) {
                break;
            }
            let page = log.page(position, PAGE_BYTES)?;
            let end = page.end;
            match stub.deliver(&Batch { channel: self.channel.clone(), page }).await? {
                Delivery::Delivered => self.set_position(relay, end),
                Delivery::Behind(behind) if behind != position => self.set_position(relay, behind),
                Delivery::Behind(_) => return Err(Error::internal("the relay refuses what it lacks")),
                Delivery::Gone => self.remove(&Unfollow { relay: relay.to_owned(), epoch })?,
                Delivery::Full => return Ok(Sent::Full),
            }
        }
        Ok(Sent::All)
    }

    fn set_position(&self, relay: &str, position: MessageId) {
        self.with(relay, |follower| follower.position = position);
    }

    fn with<T>(&self, relay: &str, act: impl FnOnce(&mut Follower) -> T) -> Option<T> {
        self.followers.borrow_mut().get_mut(relay).map(act)
    }
}
