//! How many listeners each object has, by channel, and when that was last confirmed.

use std::collections::BTreeMap;

use cyclone_edge_protocol::ChannelName;
use serde::Deserialize;
use worker::SqlStorage;

use crate::{
    error::Error,
    objects::{Counts, Holder, integer},
};

/// The most channels that one answer lists: those with the most listeners.
const MAX_CHANNELS_LISTED: u64 = 10_000;

/// The counts.
pub(super) struct Tally {
    sql: SqlStorage,
}

#[derive(Deserialize)]
struct Sum {
    channel: ChannelName,
    listeners: u64,
}

#[derive(Deserialize)]
struct HolderRow {
    holder: String,
}

impl Tally {
    /// Opens the tally, making its tables the first time.
    pub(super) fn open(sql: SqlStorage) -> Result<Self, Error> {
        sql.exec(
            "CREATE TABLE IF NOT EXISTS counts (holder TEXT, channel TEXT, listeners INTEGER NOT NULL, \
             PRIMARY KEY (holder, channel)) WITHOUT ROWID",
            None,
        )?;
        sql.exec(
            "CREATE TABLE IF NOT EXISTS holders (holder TEXT PRIMARY KEY, confirmed_at INTEGER NOT NULL) WITHOUT ROWID",
            None,
        )?;
        Ok(Self { sql })
    }

    /// Takes over counts of some channels.
    ///
    /// A channel reports all that it has; of a relay's other channels a report says nothing, so it confirms nothing.
    pub(super) fn update(&self, holder: &Holder, counts: &Counts, now_ms: u64) -> Result<(), Error> {
        let name = key(holder)?;
        self.write(&name, counts)?;
        match holder {
            _ if !self.has_counts(&name)? => self.forget(&name),
            Holder::Channel(_) => self.confirm(&name, now_ms),
            Holder::Relay(_) => {
                let values = vec![name.into(), integer(now_ms)];
                self.sql.exec("INSERT OR IGNORE INTO holders (holder, confirmed_at) VALUES (?, ?)", values)?;
                Ok(())
            }
        }
    }

    /// Takes over all counts of a holder: channels that are not named have no listeners.
    pub(super) fn replace(&self, holder: &Holder, counts: &Counts, now_ms: u64) -> Result<(), Error> {
        let name = key(holder)?;
        // Only what differs is written: each row costs.
        let mut known: BTreeMap<ChannelName, u64> = self.counts_of(&name)?.into_iter().collect();
        let mut changed = counts.clone();
        changed.retain(|(channel, listeners)| known.remove(channel) != Some(*listeners));
        changed.extend(known.into_keys().map(|gone| (gone, 0)));
        self.write(&name, &changed)?;
        if counts.is_empty() { self.forget(&name) } else { self.confirm(&name, now_ms) }
    }

    fn write(&self, holder: &str, counts: &Counts) -> Result<(), Error> {
        for (channel, listeners) in counts {
            let mut values = vec![holder.into(), channel.as_str().into()];
            let query = if *listeners == 0 {
                "DELETE FROM counts WHERE holder = ? AND channel = ?"
            } else {
                values.push(integer(*listeners));
                "INSERT OR REPLACE INTO counts (holder, channel, listeners) VALUES (?, ?, ?)"
            };
            self.sql.exec(query, values)?;
        }
        Ok(())
    }

    fn counts_of(&self, holder: &str) -> Result<Counts, Error> {
        let query = "SELECT channel, listeners FROM counts WHERE holder = ?";
        let counts = self.sql.exec(query, vec![holder.into()])?.to_array::<Sum>()?;
        Ok(counts.into_iter().map(|count| (count.channel, count.listeners)).collect())
    }

    /// A relay reports at each join and leave, and has counts of many channels: one is read.
    fn has_counts(&self, holder: &str) -> Result<bool, Error> {
        let query = "SELECT channel, listeners FROM counts WHERE holder = ? LIMIT 1";
        Ok(!self.sql.exec(query, vec![holder.into()])?.to_array::<Sum>()?.is_empty())
    }

    fn confirm(&self, holder: &str, now_ms: u64) -> Result<(), Error> {
        let values = vec![holder.into(), integer(now_ms)];
        self.sql.exec("INSERT OR REPLACE INTO holders (holder, confirmed_at) VALUES (?, ?)", values)?;
        Ok(())
    }

    fn forget(&self, holder: &str) -> Result<(), Error> {
        self.sql.exec("DELETE FROM holders WHERE holder = ?", vec![holder.into()])?;
        Ok(())
    }

    /// Holders whose counts were last confirmed more than `max_age_ms` ago, at most `limit` of them, those first for which
    /// that is longest ago. What was confirmed in the future, as far as a clock that went back can tell, counts among them.
    pub(super) fn unconfirmed(&self, max_age_ms: u64, now_ms: u64, limit: u64) -> Result<Vec<Holder>, Error> {
        let rows = self.sql.exec(
            "SELECT holder FROM holders WHERE confirmed_at NOT BETWEEN ? AND ? ORDER BY confirmed_at LIMIT ?",
            vec![integer(now_ms.saturating_sub(max_age_ms)), integer(now_ms), integer(limit)],
        )?;
        let holder = |row: HolderRow| serde_json::from_str(&row.holder).map_err(Error::internal);
        rows.to_array::<HolderRow>()?.into_iter().map(holder).collect()
    }

    /// Listeners by channel, over all holders.
    pub(super) fn sums(&self) -> Result<Counts, Error> {
        let query = "SELECT channel, SUM(listeners) AS listeners FROM counts GROUP BY channel \
                     ORDER BY listeners DESC, channel LIMIT ?";
        let sums = self.sql.exec(query, vec![integer(MAX_CHANNELS_LISTED)])?.to_array::<Sum>()?;
        Ok(sums.into_iter().map(|sum| (sum.channel, sum.listeners)).collect())
    }
}

fn key(holder: &Holder) -> Result<String, Error> {
    serde_json::to_string(holder).map_err(Error::internal)
}
