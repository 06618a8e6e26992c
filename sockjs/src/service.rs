//! A service: what an app does with its connections.

use futures::future::{FutureExt, LocalBoxFuture};

use crate::{Connection, ConnectionInfo, Message};

/// What an app does with its connections. It runs in the object of the session, one call at a time for each connection;
/// what has to survive an eviction of the object is in [`Connection::set_state`].
#[allow(async_fn_in_trait, reason = "the runtime has one thread")]
pub trait Service {
    /// There is a new connection. Called once for each, before anything else; again, if the runtime was killed
    /// during the call, or a panic of anybody interrupted it.
    ///
    /// # Errors
    /// A refusal closes the connection; its client gets the code and the reason.
    async fn connection_made(&self, _connection: &Connection, _info: &ConnectionInfo) -> Result<(), Refusal> {
        Ok(())
    }

    /// The client sent a message.
    async fn message_received(&self, _connection: &Connection, _message: &Message) {}

    /// The connection is over. Called once for each that was made; again, if the runtime was killed during the call, or a
    /// panic of anybody interrupted it. Nothing can be sent any more.
    async fn connection_lost(&self, _connection: &Connection) {}

    /// Something else of the app said this to the connection by [`tell`](crate::tell).
    async fn told(&self, _connection: &Connection, _what: &str) {}

    /// The time of [`Connection::wake_after`] has come.
    async fn woken(&self, _connection: &Connection) {}

    /// Whether the service broadcasts to all its connections. One that does not saves a call at the beginning and at the end
    /// of each connection.
    fn broadcasts(&self) -> bool {
        true
    }
}

/// Why a connection is refused, as its client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 1000, or from 3000 to 4999.
    pub code: u16,
    /// A few words.
    pub reason: String,
}

impl Refusal {
    /// A refusal with a code and a reason of the app's own.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// A service without its type, so that one worker can have several.
pub(crate) trait AnyService {
    fn made<'a>(
        &'a self,
        connection: &'a Connection,
        info: &'a ConnectionInfo,
    ) -> LocalBoxFuture<'a, Result<(), Refusal>>;
    fn received<'a>(&'a self, connection: &'a Connection, message: &'a Message) -> LocalBoxFuture<'a, ()>;
    fn lost<'a>(&'a self, connection: &'a Connection) -> LocalBoxFuture<'a, ()>;
    fn told<'a>(&'a self, connection: &'a Connection, what: &'a str) -> LocalBoxFuture<'a, ()>;
    fn woken<'a>(&'a self, connection: &'a Connection) -> LocalBoxFuture<'a, ()>;
    fn is_broadcasting(&self) -> bool;
}

impl<S: Service> AnyService for S {
    fn made<'a>(
        &'a self,
        connection: &'a Connection,
        info: &'a ConnectionInfo,
    ) -> LocalBoxFuture<'a, Result<(), Refusal>> {
        self.connection_made(connection, info).boxed_local()
    }

    fn received<'a>(&'a self, connection: &'a Connection, message: &'a Message) -> LocalBoxFuture<'a, ()> {
        self.message_received(connection, message).boxed_local()
    }

    fn lost<'a>(&'a self, connection: &'a Connection) -> LocalBoxFuture<'a, ()> {
        self.connection_lost(connection).boxed_local()
    }

    fn told<'a>(&'a self, connection: &'a Connection, what: &'a str) -> LocalBoxFuture<'a, ()> {
        Service::told(self, connection, what).boxed_local()
    }

    fn woken<'a>(&'a self, connection: &'a Connection) -> LocalBoxFuture<'a, ()> {
        Service::woken(self, connection).boxed_local()
    }

    fn is_broadcasting(&self) -> bool {
        self.broadcasts()
    }
}
