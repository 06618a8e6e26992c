//! The service of the bridge, and where it is mounted.

use cyclone_edge_protocol::pairs;
use cyclone_edge_sockjs::{Connection, ConnectionInfo, Jsessionid, Message, Mounts, Refusal, Service, Settings};
use worker::Env;

use super::client::Client;

/// Where clients connect.
pub(crate) const PREFIX: &str = "/sockjs";

struct Bridge;

/// The bridge alone.
pub(crate) fn mounts(_: &Env) -> Mounts {
    // Sessions are found by their names, wherever a request arrives.
    let settings = Settings { jsessionid: Jsessionid::Off, ..Settings::default() };
    Mounts::new().mount(PREFIX, settings, Bridge)
}

impl Service for Bridge {
    async fn connection_made(&self, connection: &Connection, info: &ConnectionInfo) -> Result<(), Refusal> {
        // As with an event stream, whose address is all that a browser can put a token into. Never a cookie: some transports
        // are scripts, which pages of strangers can load.
        let token = pairs(info.query.as_bytes()).find(|pair| pair.name == "access_token");
        if let Some(token) = token.and_then(|pair| pair.value().ok()) {
            Client(connection).change(|desk| desk.shown.token = Some(token));
        }
        Ok(())
    }

    async fn message_received(&self, connection: &Connection, message: &Message) {
        Client(connection).hear(message).await;
    }

    /// A token expires.
    async fn woken(&self, connection: &Connection) {
        Client(connection).expire().await;
    }

    async fn connection_lost(&self, connection: &Connection) {
        Client(connection).leave().await;
    }

    fn broadcasts(&self) -> bool {
        false
    }
}
