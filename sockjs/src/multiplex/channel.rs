//! A subscriber's end of a topic.

use cyclone_edge_protocol::sockjs::{Frame, Topic};
use serde::{Serialize, de::DeserializeOwned};

use super::open::Open;
use crate::{Connection, Failed, Recipients};

/// A subscriber's end of a topic: a connection of its own, as far as the topic's service is concerned.
pub struct Channel<'a> {
    connection: &'a Connection,
    topic: &'a Topic,
}

impl<'a> Channel<'a> {
    pub(super) fn new(connection: &'a Connection, topic: &'a Topic) -> Self {
        Self { connection, topic }
    }

    /// The connection that the topic shares with others.
    pub fn connection(&self) -> &Connection {
        self.connection
    }

    /// Sends a message, as long as the topic is open.
    pub fn send(&self, message: &str) {
        if self.is_open() {
            self.connection.send(self.frame(message));
        }
    }

    /// Sends a message to the topic on every connection of the multiplexer: on those that have not subscribed to it, clients
    /// ignore it.
    ///
    /// # Errors
    /// When it may not have reached them all.
    pub async fn broadcast(&self, message: &str) -> Result<(), Failed> {
        self.connection.broadcast(Recipients::All, self.frame(message)).await
    }

    /// Ends the topic, and leaves the connection open for others.
    pub fn end(&self) {
        let mut open: Open = self.connection.state();
        if open.remove(self.topic) {
            self.connection.set_state(&open);
            self.connection.send(Frame::unsubscribe(self.topic.clone()).to_string());
        }
    }

    /// Whether it has not ended.
    pub fn is_open(&self) -> bool {
        self.connection.state::<Open>().has(self.topic)
    }

    /// What the service keeps for this subscription; the default before it set anything.
    pub fn state<T: DeserializeOwned + Default>(&self) -> T {
        let open: Open = self.connection.state();
        open.state(self.topic).and_then(|state| serde_json::from_value(state.clone()).ok()).unwrap_or_default()
    }

    /// Keeps something for this subscription, for as long as it lasts.
    pub fn set_state<T: Serialize>(&self, state: &T) {
        let mut open: Open = self.connection.state();
        if let Ok(state) = serde_json::to_value(state) {
            open.set_state(self.topic, state);
            self.connection.set_state(&open);
        }
    }

    fn frame(&self, message: &str) -> String {
        Frame::message(self.topic.clone(), message).to_string()
    }
}
