//! How many listeners each object has, by channel, and when that was last heard.

use cyclone_edge_protocol::ChannelName;
use serde::Deserialize;
use worker::SqlStorage;

use crate::{
    error::Error,
    objects::integer,
    wire::{Counts, Holder},
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
    /// Opens the tally, making its table the first time.
    pub(super) fn open(sql: SqlStorage) -> Result<Self, Error> {
        sql.exec(
            "CREATE TABLE IF NOT EXISTS counts (holder TEXT, channel TEXT, listeners INTEGER NOT NULL, heard_at INTEGER NOT NULL, \
             PRIMARY KEY (holder, channel)) WITHOUT ROWID",
            None,
        )?;
        Ok(Self { sql })
    }

    /// Takes over counts of some channels.
    pub(super) fn update(&self, holder: &Holder, counts: &Counts, now_ms: u64) -> Result<(), Error> {
        let holder = key(holder)?;
        for (channel, listeners) in counts {
            let at = vec![holder.as_str().into(), channel.as_str().into()];
            if *listeners == 0 {
                self.sql.exec("DELETE FROM counts WHERE holder = ? AND channel = ?", at)?;
            } else {
                let values = [at, vec![integer(*listeners), integer(now_ms)]].concat();
                self.sql.exec(
                    "INSERT OR REPLACE INTO counts (holder, channel, listeners, heard_at) VALUES (?, ?, ?, ?)",
                    values,
                )?;
            }
        }
        Ok(())
    }

    /// Takes over all counts of a holder: channels that are not named have no listeners.
    pub(super) fn replace(&self, holder: &Holder, counts: &Counts, now_ms: u64) -> Result<(), Error> {
        self.sql.exec("DELETE FROM counts WHERE holder = ?", vec![key(holder)?.into()])?;
        self.update(holder, counts, now_ms)
    }

    /// Holders of which some count was last heard before `heard_before_ms`, at most `limit` of them, the longest silent
    /// first.
    pub(super) fn silent(&self, heard_before_ms: u64, limit: u64) -> Result<Vec<Holder>, Error> {
        let rows = self.sql.exec(
            "SELECT holder FROM counts GROUP BY holder HAVING MIN(heard_at) < ? ORDER BY MIN(heard_at) LIMIT ?",
            vec![integer(heard_before_ms), integer(limit)],
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
