//! Which channels a relay follows and up to where it has delivered each, and which sets of channels its listeners want.
//!
//! Both must survive an eviction: the sockets do, and their listeners stand where these positions say.

use std::collections::{BTreeMap, BTreeSet};

use cyclone_edge_protocol::{ChannelName, ChannelSet, MessageId};
use serde::Deserialize;
use worker::SqlStorage;

use crate::{
    error::Error,
    objects::{Unfollow, integer},
};

/// The follows and groups of a relay.
pub(super) struct Follows {
    sql: SqlStorage,
}

/// A channel that is followed.
#[derive(Deserialize)]
pub(super) struct Followed {
    pub(super) channel: ChannelName,
    /// Up to where its messages have been delivered to this relay's listeners.
    pub(super) position: MessageId,
    /// Which follow this is: see [`Follow::epoch`](crate::objects::Follow::epoch).
    pub(super) epoch: u64,
}

#[derive(Deserialize)]
struct Group {
    id: u32,
    channels: String,
}

impl Follows {
    /// Opens the lists, making their tables the first time.
    pub(super) fn open(sql: SqlStorage) -> Result<Self, Error> {
        sql.exec(
            "CREATE TABLE IF NOT EXISTS follows (channel TEXT PRIMARY KEY, position INTEGER NOT NULL, epoch INTEGER NOT NULL) \
             WITHOUT ROWID",
            None,
        )?;
        sql.exec("CREATE TABLE IF NOT EXISTS groups (id INTEGER PRIMARY KEY, channels TEXT NOT NULL UNIQUE)", None)?;
        Ok(Self { sql })
    }

    pub(super) fn all(&self) -> Result<Vec<Followed>, Error> {
        Ok(self.sql.exec("SELECT channel, position, epoch FROM follows", None)?.to_array()?)
    }

    pub(super) fn insert(&self, channel: &ChannelName, position: MessageId, epoch: u64) -> Result<(), Error> {
        let values = vec![channel.as_str().into(), integer(position.as_u64()), integer(epoch)];
        self.sql.exec("INSERT OR REPLACE INTO follows (channel, position, epoch) VALUES (?, ?, ?)", values)?;
        Ok(())
    }

    /// Remembers up to where a channel has been delivered: one row written for each batch.
    pub(super) fn set_position(&self, channel: &ChannelName, position: MessageId) -> Result<(), Error> {
        let values = vec![integer(position.as_u64()), channel.as_str().into()];
        self.sql.exec("UPDATE follows SET position = ? WHERE channel = ?", values)?;
        Ok(())
    }

    /// Ends a follow, and returns what to tell the channel.
    pub(super) fn remove(&self, channel: &ChannelName, relay: &str) -> Result<Option<Unfollow>, Error> {
        let query = "DELETE FROM follows WHERE channel = ? RETURNING channel, position, epoch";
        let removed = self.sql.exec(query, vec![channel.as_str().into()])?.to_array::<Followed>()?;
        Ok(removed.first().map(|followed| Unfollow { relay: relay.to_owned(), epoch: followed.epoch }))
    }

    /// The group of listeners that want these channels.
    pub(super) fn group(&self, channels: &ChannelSet) -> Result<u32, Error> {
        let list = channels.to_list();
        self.sql.exec("INSERT OR IGNORE INTO groups (channels) VALUES (?)", vec![list.as_str().into()])?;
        let query = "SELECT id, channels FROM groups WHERE channels = ?";
        let group = self.sql.exec(query, vec![list.into()])?.to_array::<Group>()?;
        group.first().map(|group| group.id).ok_or_else(|| Error::internal("a group was not kept"))
    }

    /// The channels that the listeners of each group want.
    pub(super) fn groups(&self) -> Result<BTreeMap<u32, ChannelSet>, Error> {
        let groups = self.sql.exec("SELECT id, channels FROM groups", None)?.to_array::<Group>()?;
        groups.into_iter().map(|group| Ok((group.id, ChannelSet::parse([group.channels.as_str()])?))).collect()
    }

    /// Forgets a group without listeners.
    pub(super) fn remove_group(&self, group: u32) -> Result<(), Error> {
        self.sql.exec("DELETE FROM groups WHERE id = ?", vec![integer(group.into())])?;
        Ok(())
    }

    /// Forgets the groups that are not among those with listeners.
    pub(super) fn keep_groups(&self, groups: &BTreeMap<u32, ChannelSet>, kept: &BTreeSet<u32>) -> Result<(), Error> {
        groups.keys().filter(|group| !kept.contains(group)).try_for_each(|group| self.remove_group(*group))
    }
}
