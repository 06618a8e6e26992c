//! Since when nobody uses a channel that has no history left, so that it can give its storage back.

use std::cell::Cell;

use cyclone_edge_protocol::{MessageId, Retention};
use serde::Deserialize;
use worker::SqlStorage;

use crate::{
    error::Error,
    objects::{Table, integer},
};

/// When a channel was left.
pub(super) struct Vacancy {
    sql: SqlStorage,
    table: Table,
    retention: Retention,
    /// When that was noted last, in milliseconds since the epoch.
    noted_ms: Cell<Option<u64>>,
    /// Somebody has come since. (A process that is killed forgets that: the channel then waits for less long, and a
    /// listener that comes back late is told of a gap where there may be none.)
    visited: Cell<bool>,
}

#[derive(Deserialize)]
struct Row {
    noted_ms: u64,
}

impl Vacancy {
    /// Reads what was noted.
    pub(super) fn open(sql: SqlStorage, retention: Retention) -> Result<Self, Error> {
        let create = "CREATE TABLE IF NOT EXISTS vacancy (id INTEGER PRIMARY KEY, noted_ms INTEGER NOT NULL)";
        let table = Table::open(&sql, "vacancy", create)?;
        let noted = if table.exists() {
            sql.exec("SELECT noted_ms FROM vacancy", None)?.to_array::<Row>()?.first().map(|row| row.noted_ms)
        } else {
            None
        };
        Ok(Self { sql, table, retention, noted_ms: Cell::new(noted), visited: Cell::default() })
    }

    /// Somebody has come.
    pub(super) fn visit(&self) {
        self.visited.set(true);
    }

    /// The last one has left, or what was left of history is gone while nobody was there.
    pub(super) fn note(&self, head: MessageId, now_ms: u64) -> Result<(), Error> {
        let is_recent = |noted: u64| now_ms.abs_diff(noted) < self.retention.tolerance_ms();
        if !self.noted(head).is_some_and(is_recent) {
            self.table.ensure(&self.sql)?;
            let noted_ms = now_ms.max(head.as_u64());
            self.sql.exec("INSERT OR REPLACE INTO vacancy (id, noted_ms) VALUES (0, ?)", vec![integer(noted_ms)])?;
            self.noted_ms.set(Some(noted_ms));
        }
        self.visited.set(false);
        Ok(())
    }

    /// When the storage can be given back if nobody comes, in milliseconds since the epoch; `None` when that has to be noted
    /// anew.
    pub(super) fn gives_back(&self, head: MessageId) -> Option<u64> {
        let noted_ms = self.noted(head).filter(|_| !self.visited.get())?;
        Some(self.retention.gives_back(noted_ms, head))
    }

    /// What was noted before the last message says nothing.
    fn noted(&self, head: MessageId) -> Option<u64> {
        self.noted_ms.get().filter(|noted| *noted >= head.as_u64())
    }

    /// The storage was given back.
    pub(super) fn forget(&self) {
        self.table.forget();
        self.noted_ms.take();
        self.visited.take();
    }
}
