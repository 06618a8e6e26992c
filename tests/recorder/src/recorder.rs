//! A service that writes each of its calls down, and does what messages ask for.

use std::time::Duration;

use cyclone_edge_sockjs::{Connection, ConnectionInfo, Message, Recipients, Refusal, Service};
use worker::{Delay, console_error};

use crate::journal::note;

/// The service of this name.
///
/// A connection whose query is `refuse` is refused; one whose query is `slow` is made after
/// three seconds, and lost after three; one whose query is `panic` makes the service panic. Messages ask for something by their first word: `id`, `info`, `count`
/// (of the messages before, by what is kept for the connection), `all <message>` and `only <id>,<id> <message>` (a
/// broadcast), `close <code> <reason>`, `wake <milliseconds>`.
pub(crate) struct Recorder(pub(crate) &'static str);

impl Recorder {
    async fn note(&self, connection: &Connection, what: &str) {
        note(connection.env(), self.0, &format!("{} {what}", connection.id())).await;
    }
}

impl Service for Recorder {
    #[expect(clippy::panic, reason = "that is what it is for")]
    async fn connection_made(&self, connection: &Connection, info: &ConnectionInfo) -> Result<(), Refusal> {
        if info.query == "slow" {
            self.note(connection, "slowly").await;
            Delay::from(Duration::from_secs(3)).await;
        }
        if info.query == "panic" {
            self.note(connection, "panics").await;
            panic!("a client asked for it");
        }
        self.note(connection, "made").await;
        if info.query == "refuse" { Err(Refusal::new(4_001, "Not you")) } else { Ok(()) }
    }

    async fn message_received(&self, connection: &Connection, message: &Message) {
        self.note(connection, &format!("received {}", message.as_str())).await;
        let count: u32 = connection.state();
        connection.set_state(&(count + 1));
        let (what, rest) = message.split_once(' ').unwrap_or((message, ""));
        match what {
            "id" => connection.send(connection.id()),
            "info" => connection.send(serde_json::to_string(&connection.info()).unwrap_or_default()),
            "count" => connection.send(count.to_string()),
            "all" => broadcast(connection, Recipients::All, rest).await,
            "only" => {
                let (ids, message) = rest.split_once(' ').unwrap_or_default();
                let ids: Vec<String> = ids.split(',').map(str::to_owned).collect();
                broadcast(connection, Recipients::Only(&ids), message).await;
            }
            "close" => {
                let (code, reason) = rest.split_once(' ').unwrap_or_default();
                connection.close(code.parse().unwrap_or_default(), reason);
                connection.send("after the close");
            }
            "wake" => connection.wake_after(Duration::from_millis(rest.parse().unwrap_or_default())),
            _ => {}
        }
    }

    async fn connection_lost(&self, connection: &Connection) {
        connection.send("to nobody");
        if connection.info().query == "slow" {
            self.note(connection, "losing").await;
            Delay::from(Duration::from_secs(3)).await;
        }
        let count: u32 = connection.state();
        self.note(connection, &format!("lost after {count}")).await;
    }

    async fn told(&self, connection: &Connection, what: &str) {
        self.note(connection, &format!("told {what}")).await;
        connection.send(what);
    }

    async fn woken(&self, connection: &Connection) {
        self.note(connection, "woken").await;
    }
}

async fn broadcast(connection: &Connection, recipients: Recipients<'_>, message: &str) {
    if let Err(error) = connection.broadcast(recipients, message).await {
        console_error!("a broadcast failed: {error}");
    }
}
