//! Which messages of the history were published with an idempotency key, so that a repeat finds its first attempt.
//!
//! A row more for each message that comes with a key, and none for the others. A key is remembered as long as its message
//! is in history.

use cyclone_edge_protocol::MessageId;
use serde::Deserialize;
use worker::SqlStorage;

use crate::{
    error::Error,
    objects::{Appended, Attempt, Table, integer},
};

/// The keys of a channel's messages.
pub(super) struct Attempts {
    sql: SqlStorage,
    table: Table,
}

#[derive(Deserialize)]
struct Row {
    id: MessageId,
    fingerprint: String,
}

impl Attempts {
    /// Opens the list.
    pub(super) fn open(sql: SqlStorage) -> Result<Self, Error> {
        let create = "CREATE TABLE IF NOT EXISTS attempts (key TEXT PRIMARY KEY, id INTEGER NOT NULL, \
                      fingerprint TEXT NOT NULL) WITHOUT ROWID";
        let table = Table::open(&sql, "attempts", create)?;
        Ok(Self { sql, table })
    }

    /// What the first attempt with this key was answered; `None` when this is the first.
    pub(super) fn first(&self, attempt: &Attempt) -> Result<Option<Appended>, Error> {
        if !self.table.exists() {
            return Ok(None);
        }
        let query = "SELECT id, fingerprint FROM attempts WHERE key = ?";
        let rows = self.sql.exec(query, vec![attempt.key.as_str().into()])?.to_array::<Row>()?;
        Ok(rows.first().map(|first| match first.fingerprint == attempt.fingerprint {
            true => Appended::At(first.id),
            false => Appended::KeyReused,
        }))
    }

    /// Remembers under which id an attempt was published.
    pub(super) fn insert(&self, attempt: &Attempt, id: MessageId) -> Result<(), Error> {
        let Attempt { key, fingerprint } = attempt;
        self.table.ensure(&self.sql)?;
        let values = vec![key.as_str().into(), integer(id.as_u64()), fingerprint.as_str().into()];
        self.sql.exec("INSERT OR REPLACE INTO attempts (key, id, fingerprint) VALUES (?, ?, ?)", values)?;
        Ok(())
    }

    /// Forgets an attempt that failed.
    pub(super) fn remove(&self, attempt: Option<&Attempt>) -> Result<(), Error> {
        if let Some(attempt) = attempt {
            self.sql.exec("DELETE FROM attempts WHERE key = ?", vec![attempt.key.as_str().into()])?;
        }
        Ok(())
    }

    /// Forgets the keys of messages up to `last`. (There is no index by id, which would be a row more for each key: all
    /// keys are read, once for each batch of history that is trimmed.)
    pub(super) fn trim(&self, last: MessageId) -> Result<(), Error> {
        if self.table.exists() {
            self.sql.exec("DELETE FROM attempts WHERE id <= ?", vec![integer(last.as_u64())])?;
        }
        Ok(())
    }

    /// The storage was given back.
    pub(super) fn forget(&self) {
        self.table.forget();
    }
}
