//! The history of a channel, in SQLite: the order of its messages, what is kept, what has been trimmed.
//!
//! A message is one row and nothing else is written when it is published; the head is the last row's id, or the trim
//! mark where no row is left.

use std::cell::Cell;

use cyclone_edge_protocol::{EventName, Extent, MessageId, Retention};
use serde::Deserialize;
use worker::{SqlStorage, SqlStorageValue};

use crate::{
    error::Error,
    wire::{Append, Message, Page},
};

/// The history of a channel.
pub(super) struct Log {
    sql: SqlStorage,
    retention: Retention,
    extent: Cell<Extent>,
    count: Cell<u64>,
}

#[derive(Deserialize)]
struct Row {
    id: MessageId,
    event: Option<String>,
    data: String,
}

#[derive(Deserialize)]
struct Counted {
    count: u64,
    last: Option<MessageId>,
}

#[derive(Deserialize)]
struct Id {
    id: MessageId,
}

#[derive(Deserialize)]
struct Mark {
    name: String,
    id: MessageId,
}

impl Log {
    /// Opens the history, making its tables the first time.
    pub(super) fn open(sql: SqlStorage, retention: Retention) -> Result<Self, Error> {
        sql.exec("CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, event TEXT, data TEXT NOT NULL)", None)?;
        sql.exec("CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID", None)?;
        let mut extent = Extent::default();
        for mark in sql.exec("SELECT name, id FROM marks", None)?.to_array::<Mark>()? {
            match mark.name.as_str() {
                "born" => extent.born = mark.id,
                "trimmed" => extent.trimmed = mark.id,
                _ => {}
            }
        }
        let counted =
            sql.exec("SELECT COUNT(*) AS count, MAX(id) AS last FROM messages", None)?.to_array::<Counted>()?;
        let counted = counted.into_iter().next().unwrap_or(Counted { count: 0, last: None });
        extent.head = counted.last.unwrap_or(extent.trimmed);
        Ok(Self { sql, retention, extent: Cell::new(extent), count: Cell::new(counted.count) })
    }

    /// The last id given.
    pub(super) fn head(&self) -> MessageId {
        self.extent.get().head
    }

    /// Gives a message its id and keeps it. The runtime lets nothing out of the object before it is durable.
    pub(super) fn append(&self, message: Append, now_ms: u64) -> Result<Message, Error> {
        let mut extent = self.extent.get();
        let id = MessageId::following(extent.head, now_ms);
        let event = message.event.as_ref().map(EventName::as_str);
        self.sql.exec(
            "INSERT INTO messages (id, event, data) VALUES (?, ?, ?)",
            vec![value(id), event.into(), message.data.as_str().into()],
        )?;
        if extent.born == MessageId::START {
            self.set_mark("born", id)?;
            extent.born = id;
        }
        extent.head = id;
        self.extent.set(extent);
        self.count.set(self.count.get() + 1);
        if self.retention.is_due(self.count.get()) {
            self.trim_by_count()?;
        }
        Ok(Message { id, event: message.event, data: message.data })
    }

    /// A piece of history after a position: about `max_bytes`, and at least one message if there is one.
    pub(super) fn page(&self, after: MessageId, max_bytes: usize) -> Result<Page, Error> {
        let resume = self.extent.get().resume(Some(after));
        let rows = self
            .sql
            .exec("SELECT id, event, data FROM messages WHERE id > ? ORDER BY id", vec![value(resume.start)])?;
        let mut messages: Vec<Message> = Vec::new();
        let mut bytes = 0;
        let mut end = self.head().max(resume.start);
        for row in rows.next::<Row>() {
            let row = row?;
            if bytes >= max_bytes {
                end = messages.last().map_or(resume.start, |message| message.id);
                break;
            }
            bytes += row.data.len();
            let event = row.event.map(EventName::new).transpose().map_err(Error::internal)?;
            messages.push(Message { id: row.id, event, data: row.data });
        }
        Ok(Page { start: resume.start, gap: resume.gap, messages, end })
    }

    /// When to trim by age next, in milliseconds since the epoch; `None` when there is nothing to trim.
    pub(super) fn next_trim(&self, now_ms: u64) -> Result<Option<u64>, Error> {
        let oldest = self.sql.exec("SELECT id FROM messages ORDER BY id LIMIT 1", None)?.to_array::<Id>()?;
        Ok(oldest.first().map(|oldest| self.retention.next_trim(oldest.id, now_ms)))
    }

    /// Drops what is too old.
    pub(super) fn trim_by_age(&self, now_ms: u64) -> Result<(), Error> {
        let expired = value(self.retention.expired(now_ms));
        let last = self.sql.exec("SELECT id FROM messages WHERE id <= ? ORDER BY id DESC LIMIT 1", vec![expired])?;
        match last.to_array::<Id>()?.first() {
            Some(last) => self.trim(last.id),
            None => Ok(()),
        }
    }

    fn trim_by_count(&self) -> Result<(), Error> {
        let offset = SqlStorageValue::Integer(self.retention.max_messages.try_into().unwrap_or(i64::MAX));
        let last = self.sql.exec("SELECT id FROM messages ORDER BY id DESC LIMIT 1 OFFSET ?", vec![offset])?;
        match last.to_array::<Id>()?.first() {
            Some(last) => self.trim(last.id),
            None => Ok(()),
        }
    }

    /// Drops messages up to `last`, and remembers that they are gone: the mark and the rows change together.
    fn trim(&self, last: MessageId) -> Result<(), Error> {
        self.set_mark("trimmed", last)?;
        let dropped = self.sql.exec("DELETE FROM messages WHERE id <= ?", vec![value(last)])?.rows_written();
        self.count.set(self.count.get().saturating_sub(dropped as u64));
        self.extent.set(Extent { trimmed: last, ..self.extent.get() });
        Ok(())
    }

    fn set_mark(&self, name: &str, id: MessageId) -> Result<(), Error> {
        self.sql.exec("INSERT OR REPLACE INTO marks (name, id) VALUES (?, ?)", vec![name.into(), value(id)])?;
        Ok(())
    }
}

/// Ids are exact as JavaScript numbers, so they are as SQL integers.
fn value(id: MessageId) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(id.as_u64()).unwrap_or(i64::MAX))
}
