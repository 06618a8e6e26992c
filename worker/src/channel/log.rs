//! The history of a channel, in SQLite: the order of its messages, what is kept, what has been trimmed.
//!
//! A message is one row, and every now and then the count is written; the head is the last row's id, or the trim mark
//! where no row is left.

use std::cell::Cell;

use cyclone_edge_protocol::{EventName, Extent, Message, MessageId, Page, Resume, Retention};
use serde::Deserialize;
use worker::{SqlStorage, SqlStorageValue, console_error};

use super::attempts::Attempts;
use crate::{
    error::Error,
    objects::{Append, Appended, Attempt, HistoryRequest, Table, integer},
};

/// The names of the marks.
const BORN: &str = "born";
const TRIMMED: &str = "trimmed";
const COUNTED: &str = "counted";
const COUNT: &str = "count";
/// How many messages come between two counts that are kept: a wake reads at most so many rows.
const COUNT_EVERY: u64 = 200;

/// The history of a channel.
pub(super) struct Log {
    sql: SqlStorage,
    messages: Table,
    marks: Table,
    attempts: Attempts,
    retention: Retention,
    extent: Cell<Extent>,
    /// How many messages there are.
    count: Cell<u64>,
    /// Up to which id they have been counted in the stored count.
    counted: Cell<MessageId>,
    /// How many have come since.
    uncounted: Cell<u64>,
}

#[derive(Deserialize)]
struct Row {
    id: MessageId,
    event: Option<String>,
    data: String,
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
    /// Opens the history.
    pub(super) fn open(sql: SqlStorage, retention: Retention) -> Result<Self, Error> {
        let create = "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, event TEXT, data TEXT NOT NULL)";
        let messages = Table::open(&sql, "messages", create)?;
        let create = "CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID";
        let marks = Table::open(&sql, "marks", create)?;
        let attempts = Attempts::open(sql.clone())?;
        let log = Self {
            sql,
            messages,
            marks,
            attempts,
            retention,
            extent: Cell::default(),
            count: Cell::default(),
            counted: Cell::default(),
            uncounted: Cell::default(),
        };
        log.read_marks()?;
        log.read_head()?;
        Ok(log)
    }

    fn read_marks(&self) -> Result<(), Error> {
        if !self.marks.exists() {
            return Ok(());
        }
        let mut extent = self.extent.get();
        for mark in self.sql.exec("SELECT name, id FROM marks", None)?.to_array::<Mark>()? {
            match mark.name.as_str() {
                BORN => extent.born = mark.id,
                TRIMMED => extent.trimmed = mark.id,
                COUNTED => self.counted.set(mark.id),
                COUNT => self.count.set(mark.id.as_u64()),
                _ => {}
            }
        }
        self.extent.set(extent);
        Ok(())
    }

    /// Reads no more rows than have come since the last count: each is paid for at every wake.
    fn read_head(&self) -> Result<(), Error> {
        let mut extent = self.extent.get();
        extent.head = extent.trimmed;
        if self.messages.exists() {
            let query = "SELECT id FROM messages WHERE id > ? ORDER BY id DESC";
            let since = self.sql.exec(query, vec![integer(self.counted.get().as_u64())])?.to_array::<Id>()?;
            self.count.set(self.count.get() + since.len() as u64);
            self.uncounted.set(since.len() as u64);
            extent.head = since.first().map_or(extent.trimmed.max(self.counted.get()), |last| last.id);
        }
        self.extent.set(extent);
        Ok(())
    }

    /// Keeps the count, so that a wake need not count from the start.
    fn keep_count(&self) -> Result<(), Error> {
        self.set_mark(COUNTED, self.head())?;
        // A count is no id, but small enough to stand in its column.
        self.set_mark(COUNT, MessageId::new(self.count.get()).unwrap_or(MessageId::MAX))?;
        self.counted.set(self.head());
        self.uncounted.set(0);
        Ok(())
    }

    /// The last id given.
    pub(super) fn head(&self) -> MessageId {
        self.extent.get().head
    }

    /// The position of a listener that begins after `since`.
    pub(super) fn begin(&self, since: MessageId, now_ms: u64) -> MessageId {
        self.extent.get().begin(since, self.retention.expired(now_ms))
    }

    /// Gives a message its id and keeps it. The runtime lets nothing out of the object before it is durable.
    pub(super) fn append(&self, message: Append, now_ms: u64) -> Result<Message, Error> {
        let extent = self.extent.get();
        let id = MessageId::following(extent.head, now_ms);
        self.messages.ensure(&self.sql)?;
        let born = if extent.born == MessageId::START {
            self.set_mark(BORN, id)?;
            id
        } else {
            extent.born
        };
        if let Some(attempt) = &message.attempt {
            self.attempts.insert(attempt, id)?;
        }
        if let Err(error) = self.insert(id, &message) {
            // A repeat must not be told that it was published.
            self.attempts.remove(message.attempt.as_ref())?;
            return Err(error);
        }
        // From here on the message is published, whatever else fails.
        self.extent.set(Extent { born, head: id, ..extent });
        self.count.set(self.count.get() + 1);
        self.uncounted.set(self.uncounted.get() + 1);
        if let Err(error) = self.tidy() {
            console_error!("history was not tidied: {error}");
        }
        Ok(Message { id, event: message.event, data: message.data })
    }

    /// What an earlier attempt at the same publish was answered, if history still has its message.
    pub(super) fn first_attempt(&self, attempt: &Attempt) -> Result<Option<Appended>, Error> {
        self.attempts.first(attempt)
    }

    fn insert(&self, id: MessageId, message: &Append) -> Result<(), Error> {
        let event = message.event.as_ref().map(EventName::as_str);
        self.sql.exec(
            "INSERT INTO messages (id, event, data) VALUES (?, ?, ?)",
            vec![integer(id.as_u64()), event.into(), message.data.as_str().into()],
        )?;
        Ok(())
    }

    fn tidy(&self) -> Result<(), Error> {
        if self.retention.is_due(self.count.get()) {
            self.trim_by_count()
        } else if self.uncounted.get() >= COUNT_EVERY {
            self.keep_count()
        } else {
            Ok(())
        }
    }

    /// A piece of history for who stands at a position: about `max_bytes`, and at least one message if there is one.
    pub(super) fn page(&self, after: MessageId, max_bytes: usize) -> Result<Page, Error> {
        self.read(self.extent.get().resume(after), max_bytes, u64::MAX)
    }

    /// A piece of history for who asks for what came after a time, or for the last messages.
    pub(super) fn look_back(&self, wanted: &HistoryRequest, now_ms: u64) -> Result<Page, Error> {
        let resume = match wanted.since {
            Some(since) => self.extent.get().after(since, self.retention.expired(now_ms)),
            None => Resume { start: self.before_last(wanted.max_messages)?, gap: false },
        };
        self.read(resume, wanted.max_bytes, wanted.max_messages)
    }

    fn read(&self, resume: Resume, max_bytes: usize, max_messages: u64) -> Result<Page, Error> {
        let mut messages: Vec<Message> = Vec::new();
        let mut end = self.head().max(resume.start);
        if !self.messages.exists() || end == resume.start {
            return Ok(Page { start: resume.start, gap: resume.gap, messages, end });
        }
        let query = "SELECT id, event, data FROM messages WHERE id > ? ORDER BY id";
        let rows = self.sql.exec(query, vec![integer(resume.start.as_u64())])?;
        let mut bytes = 0;
        for row in rows.next::<Row>() {
            let row = row?;
            if bytes >= max_bytes || messages.len() as u64 >= max_messages {
                end = messages.last().map_or(resume.start, |message| message.id);
                break;
            }
            let event = row.event.map(EventName::new).transpose().map_err(Error::internal)?;
            let message = Message { id: row.id, event, data: row.data };
            bytes += message.bytes();
            messages.push(message);
        }
        Ok(Page { start: resume.start, gap: resume.gap, messages, end })
    }

    /// The position after which there are `count` messages, or all that are left where there are fewer.
    fn before_last(&self, count: u64) -> Result<MessageId, Error> {
        let start = self.extent.get().trimmed;
        if !self.messages.exists() {
            return Ok(start);
        }
        let query = "SELECT id FROM messages ORDER BY id DESC LIMIT 1 OFFSET ?";
        let before = self.sql.exec(query, vec![integer(count)])?.to_array::<Id>()?;
        Ok(before.first().map_or(start, |before| before.id))
    }

    /// When to trim by age next, in milliseconds since the epoch; `None` when there is nothing to trim.
    pub(super) fn next_trim(&self, now_ms: u64) -> Result<Option<u64>, Error> {
        if !self.messages.exists() {
            return Ok(None);
        }
        let oldest = self.sql.exec("SELECT id FROM messages ORDER BY id LIMIT 1", None)?.to_array::<Id>()?;
        Ok(oldest.first().map(|oldest| self.retention.next_trim(oldest.id, now_ms)))
    }

    /// Drops what is too old.
    pub(super) fn trim_by_age(&self, now_ms: u64) -> Result<(), Error> {
        if !self.messages.exists() {
            return Ok(());
        }
        let expired = integer(self.retention.expired(now_ms).as_u64());
        let last = self.sql.exec("SELECT id FROM messages WHERE id <= ? ORDER BY id DESC LIMIT 1", vec![expired])?;
        match last.to_array::<Id>()?.first() {
            Some(last) => self.trim(last.id),
            None => Ok(()),
        }
    }

    fn trim_by_count(&self) -> Result<(), Error> {
        let last = self.before_last(self.retention.max_messages)?;
        if last > self.extent.get().trimmed { self.trim(last) } else { Ok(()) }
    }

    /// Drops messages up to `last`, and remembers that they are gone: the mark and the rows change together.
    fn trim(&self, last: MessageId) -> Result<(), Error> {
        self.set_mark(TRIMMED, last)?;
        self.attempts.trim(last)?;
        let dropped = self.sql.exec("DELETE FROM messages WHERE id <= ?", vec![integer(last.as_u64())])?.rows_written();
        self.count.set(self.count.get().saturating_sub(dropped as u64));
        self.extent.set(Extent { trimmed: last, ..self.extent.get() });
        self.keep_count()
    }

    /// Whether anything is stored.
    pub(super) fn is_stored(&self) -> bool {
        self.messages.exists() || self.marks.exists()
    }

    /// The storage was given back: the channel is as new.
    pub(super) fn forget(&self) {
        self.messages.forget();
        self.marks.forget();
        self.attempts.forget();
        self.extent.take();
        self.count.take();
        self.counted.take();
        self.uncounted.take();
    }

    fn set_mark(&self, name: &str, id: MessageId) -> Result<(), Error> {
        self.marks.ensure(&self.sql)?;
        let values: Vec<SqlStorageValue> = vec![name.into(), integer(id.as_u64())];
        self.sql.exec("INSERT OR REPLACE INTO marks (name, id) VALUES (?, ?)", values)?;
        Ok(())
    }
}
