//! What a session keeps in its storage.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use worker::{SqlStorage, State, console_error};

use crate::ConnectionInfo;

/// How far a session is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Nobody asked for it yet.
    #[default]
    New,
    Open,
    /// It says so until it is forgotten.
    Closed {
        code: u16,
        reason: String,
    },
}

/// What is kept in one row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) phase: Phase,
    pub(super) info: ConnectionInfo,
    /// What the service keeps, as JSON.
    pub(super) state: Option<String>,
    /// When the service is to be woken.
    pub(super) wakes_at_ms: Option<u64>,
    /// The service has yet to hear that there is a connection.
    #[serde(default)]
    pub(super) is_unmade: bool,
    /// How often a call that was interrupted has been put in line again.
    #[serde(default)]
    pub(super) attempts: u8,
    /// The service has yet to hear that the connection is over.
    pub(super) is_known: bool,
    /// A stream receives. Where it is gone when the object wakes, the whole runtime was killed, and what was under way with it.
    #[serde(default)]
    pub(super) streams: bool,
}

/// Tables that are made at the first write.
pub(super) struct Store {
    sql: SqlStorage,
    exists: Cell<bool>,
    /// How many bytes wait in the queue.
    queued_bytes: Cell<usize>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[derive(Deserialize)]
struct Queued {
    id: f64,
    text: String,
}

#[derive(Deserialize)]
struct Count {
    number: f64,
}

impl Store {
    pub(super) fn open(state: &State) -> worker::Result<(Self, Kept)> {
        let sql = state.storage().sql();
        let query = "SELECT COUNT(*) AS number FROM sqlite_master WHERE type = 'table' AND name = 'session'";
        let exists = sql.exec(query, None)?.to_array::<Count>()?.first().is_some_and(|count| count.number > 0.0);
        let store = Self { sql, exists: Cell::new(exists), queued_bytes: Cell::new(0) };
        if !exists {
            return Ok((store, Kept::default()));
        }
        let kept = store.sql.exec("SELECT text FROM session", None)?.to_array::<Text>()?;
        let kept = kept.first().map(|row| serde_json::from_str(&row.text)).transpose()?.unwrap_or_default();
        let bytes = store.sql.exec("SELECT COALESCE(SUM(LENGTH(CAST(text AS BLOB))), 0) AS number FROM queue", None)?;
        store.queued_bytes.set(bytes.to_array::<Count>()?.first().map_or(0, |bytes| bytes.number as usize));
        Ok((store, kept))
    }

    fn ensure(&self) -> worker::Result<()> {
        if !self.exists.replace(true) {
            self.sql.exec("CREATE TABLE session (one INTEGER PRIMARY KEY, text TEXT NOT NULL)", None)?;
            self.sql.exec("CREATE TABLE queue (id INTEGER PRIMARY KEY, text TEXT NOT NULL)", None)?;
        }
        Ok(())
    }

    pub(super) fn keep(&self, kept: &Kept) {
        let write = || {
            self.ensure()?;
            let text = serde_json::to_string(kept)?;
            self.sql.exec("INSERT OR REPLACE INTO session VALUES (1, ?)", vec![text.as_str().into()])
        };
        if let Err(error) = write() {
            console_error!("a session is not kept: {error}");
        }
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.queued_bytes.get()
    }

    /// Adds messages, quoted and joined by commas.
    pub(super) fn push(&self, messages: &str) {
        let write = || {
            self.ensure()?;
            self.sql.exec("INSERT INTO queue (text) VALUES (?)", vec![messages.into()])
        };
        match write() {
            Ok(_) => self.queued_bytes.set(self.queued_bytes.get() + messages.len()),
            Err(error) => console_error!("a message is not kept: {error}"),
        }
    }

    /// Takes the oldest messages, joined by commas: at least a row, and rows up to so many bytes.
    pub(super) fn take(&self, max_bytes: usize) -> Option<String> {
        let read = || -> worker::Result<Option<String>> {
            let mut taken: Option<String> = None;
            loop {
                let oldest = self.sql.exec("SELECT id, text FROM queue ORDER BY id LIMIT 1", None)?;
                let Some(row) = oldest.to_array::<Queued>()?.pop() else { break };
                let bytes = taken.as_ref().map_or(0, String::len) + row.text.len();
                if taken.is_some() && bytes > max_bytes {
                    return Ok(taken);
                }
                self.sql.exec("DELETE FROM queue WHERE id = ?", vec![row.id.into()])?;
                self.queued_bytes.set(self.queued_bytes.get().saturating_sub(row.text.len()));
                join(taken.get_or_insert_default(), &row.text);
            }
            self.queued_bytes.set(0);
            Ok(taken)
        };
        if self.queued_bytes.get() == 0 {
            return None;
        }
        read().unwrap_or_else(|error| {
            console_error!("the queue of a session cannot be read: {error}");
            None
        })
    }

    pub(super) fn clear_queue(&self) {
        if self.queued_bytes.replace(0) > 0
            && let Err(error) = self.sql.exec("DELETE FROM queue", None)
        {
            console_error!("the queue of a session is not emptied: {error}");
        }
    }

    /// The storage was given back.
    pub(super) fn forget(&self) {
        self.exists.set(false);
        self.queued_bytes.set(0);
    }
}

/// Adds messages to a list that is joined by commas.
pub(super) fn join(list: &mut String, messages: &str) {
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(messages);
}
