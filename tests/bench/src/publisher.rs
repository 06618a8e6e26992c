//! Publishes the messages that a crowd counts.

use std::time::Duration;

use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{client::Client, crowd::MARK, server::Server, service::Service};

/// The size of a message, as `cyclone load` has it.
const BYTES: usize = 100;

/// Publishes to a server.
#[derive(Clone, Debug)]
pub(crate) struct Publisher {
    client: Client,
    url: String,
    is_hub: bool,
}

impl Publisher {
    pub(crate) fn new(client: Client, service: &Service) -> Self {
        let is_hub = service.server != Server::Nchan;
        Self { client, url: service.url(if is_hub { "/publish" } else { "/pub/" }), is_hub }
    }

    /// Publishes one message.
    pub(crate) async fn publish(&self, channel: &str) -> anyhow::Result<()> {
        let message: String = std::iter::once(MARK).chain(std::iter::repeat('x')).take(BYTES).collect();
        if self.is_hub {
            let body = json!({ "channel": channel, "message": message });
            self.client.post(&self.url, "application/json", body.to_string()).await
        } else {
            self.client.post(&format!("{}{channel}", self.url), "text/plain", message).await
        }
    }

    /// Publishes so many messages at a rate, whether or not those before were answered.
    pub(crate) async fn publish_at(&self, per_second: u32, messages: u32, channel: &'static str) -> anyhow::Result<()> {
        let (began, mut publishes) = (Instant::now(), JoinSet::new());
        for number in 0..messages {
            sleep_until(began + number * Duration::from_secs(1) / per_second).await;
            let publisher = self.clone();
            publishes.spawn(async move { publisher.publish(channel).await });
        }
        publishes.join_all().await.into_iter().collect()
    }
}
