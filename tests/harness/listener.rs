//! A listener that holds one connection at a time and remembers its cursor, as a browser's EventSource does.

use std::{collections::VecDeque, time::Duration};

use cyclone_edge_protocol::{EventStream, ReceivedEvent};
use reqwest::Response;

use serde_json::json;

use crate::{DEADLINE, Hub, hub::PLACE_HEADER, within};

/// A listener.
#[derive(Debug)]
pub struct Listener {
    query: Vec<(&'static str, String)>,
    place: Option<String>,
    last_event_id: String,
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    response: Response,
    stream: EventStream,
    events: VecDeque<ReceivedEvent>,
    text: String,
}

impl Listener {
    pub fn new(channels: &[&str]) -> Self {
        let query = channels.iter().map(|channel| ("channels", (*channel).to_owned())).collect();
        Self { query, place: None, last_event_id: String::new(), connection: None }
    }

    /// Adds a parameter to the address.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }

    /// Connects from another place from now on, which has a name such as `FRA`.
    pub fn move_to(&mut self, place: &str) {
        self.place = Some(place.to_owned());
    }

    pub fn resume_from(&mut self, last_event_id: &str) {
        last_event_id.clone_into(&mut self.last_event_id);
    }

    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Opens a connection, and waits until the hub has greeted: whatever is published from then on arrives.
    pub async fn connect(&mut self, hub: &Hub) -> Result<(), String> {
        self.disconnect();
        let mut request = hub.get("/").query(&self.query);
        if !self.last_event_id.is_empty() {
            request = request.header("Last-Event-ID", &self.last_event_id);
        }
        if let Some(place) = &self.place {
            request = request.header(PLACE_HEADER, json!({ "colo": place }).to_string());
        }
        let response = request.send().await.map_err(|error| error.to_string())?;
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let mut connection =
            Connection { response, stream: EventStream::new(), events: VecDeque::new(), text: String::new() };
        while connection.stream.last_event_id().is_empty() {
            if !connection.read().await? {
                return Err("the stream ended before the greeting".to_owned());
            }
        }
        if connection.events.is_empty() {
            connection.stream.last_event_id().clone_into(&mut self.last_event_id);
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Drops the connection, whatever is on its way.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// The next event; `None` when the connection is broken or has ended.
    pub async fn next(&mut self) -> Option<ReceivedEvent> {
        let connection = self.connection.as_mut()?;
        while connection.events.is_empty() {
            if !connection.read().await.unwrap_or(false) {
                self.connection = None;
                return None;
            }
        }
        let event = connection.events.pop_front()?;
        self.last_event_id.clone_from(&event.last_event_id);
        Some(event)
    }

    /// The next event, which must come soon.
    pub async fn next_event(&mut self) -> ReceivedEvent {
        within(DEADLINE, "an event", self.next()).await.expect("the connection holds")
    }

    /// The payloads of the next events.
    pub async fn next_data(&mut self, count: usize) -> Vec<String> {
        let mut data = Vec::new();
        while data.len() < count {
            data.push(self.next_event().await.data);
        }
        data
    }

    /// What the connection has brought so far, as text.
    pub fn text(&self) -> &str {
        self.connection.as_ref().map_or("", |connection| &connection.text)
    }

    /// Reads until the connection's text satisfies.
    pub async fn read_until(&mut self, what: &str, satisfies: impl Fn(&str) -> bool) {
        let connection = self.connection.as_mut().expect("a connection");
        within(DEADLINE, what, async {
            while !satisfies(&connection.text) {
                assert!(connection.read().await.unwrap(), "the stream ended before {what}: {:?}", connection.text);
            }
        })
        .await;
    }

    /// Waits for the connection to end.
    pub async fn ended(&mut self, limit: Duration) {
        within(limit, "the connection to end", async { while self.next().await.is_some() {} }).await;
    }
}

impl Connection {
    async fn read(&mut self) -> Result<bool, String> {
        match self.response.chunk().await.map_err(|error| error.to_string())? {
            Some(bytes) => {
                self.events.extend(self.stream.push(&bytes).unwrap());
                self.text.push_str(&String::from_utf8_lossy(&bytes));
                Ok(true)
            }
            None => Ok(false),
        }
    }
}
