//! What every table needs: numbers as SQL has them, and tables that are made no sooner than something is written.

use std::cell::Cell;

use worker::{SqlStorage, SqlStorageValue};

use crate::error::Error;

/// A number as an SQL integer. Ids, epochs, counts and times are exact as JavaScript numbers, so they are there too.
pub(crate) fn integer(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A table that is made at the first write: a name that somebody only asked for leaves nothing behind.
pub(crate) struct Table {
    create: &'static str,
    exists: Cell<bool>,
}

impl Table {
    /// Looks whether the table is there; `create` makes it.
    pub(crate) fn open(sql: &SqlStorage, name: &str, create: &'static str) -> Result<Self, Error> {
        let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?";
        let found = sql.exec(query, vec![name.into()])?.to_array::<serde_json::Value>()?;
        Ok(Self { create, exists: Cell::new(!found.is_empty()) })
    }

    pub(crate) fn exists(&self) -> bool {
        self.exists.get()
    }

    /// The storage was given back, and the table with it.
    pub(crate) fn forget(&self) {
        self.exists.set(false);
    }

    /// Makes the table, unless it is there.
    pub(crate) fn ensure(&self, sql: &SqlStorage) -> Result<(), Error> {
        if !self.exists.get() {
            sql.exec(self.create, None)?;
            self.exists.set(true);
        }
        Ok(())
    }
}
