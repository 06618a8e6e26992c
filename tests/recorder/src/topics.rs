//! Services of the topics `ann` and `bob`, which write each of their calls down.

use cyclone_edge_sockjs::{Channel, Multiplexer, TopicService};
use worker::console_error;

use crate::journal::note;

/// The topics, of the service of this name.
pub(crate) fn multiplexer(service: &'static str) -> Multiplexer {
    let topic = |name| Topic { service, name };
    Multiplexer::new().topic("ann", topic("ann")).topic("bob", topic("bob"))
}

/// A topic that broadcasts what begins with `all `, ends at `end`, and answers anything else with how much it has heard.
struct Topic {
    service: &'static str,
    name: &'static str,
}

impl Topic {
    async fn note(&self, channel: &Channel<'_>, what: &str) {
        let connection = channel.connection();
        note(connection.env(), self.service, &format!("{} {} {what}", connection.id(), self.name)).await;
    }
}

impl TopicService for Topic {
    async fn subscribed(&self, channel: &Channel<'_>) {
        self.note(channel, "subscribed").await;
    }

    async fn message_received(&self, channel: &Channel<'_>, message: &str) {
        let count = channel.state::<u32>() + 1;
        channel.set_state(&count);
        match message.split_once(' ') {
            Some(("all", rest)) => {
                if let Err(error) = channel.broadcast(rest).await {
                    console_error!("a broadcast failed: {error}");
                }
            }
            _ if message == "end" => channel.end(),
            _ => channel.send(&format!("{count}")),
        }
    }

    async fn unsubscribed(&self, channel: &Channel<'_>) {
        channel.send("to nobody");
        self.note(channel, "unsubscribed").await;
    }
}
