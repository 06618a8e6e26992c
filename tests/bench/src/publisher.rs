//! Publishes the messages that a crowd counts.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{client::Client, crowd::MARK, server::Server, service::Service};

/// The size of a message, as `cyclone load` has it.
const BYTES: usize = 100;

/// How many publishes wait for their answer at most.
const WAITING: usize = 128;

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

    /// Publishes so many messages at a rate, or more slowly where too many wait for their answer.
    pub(crate) async fn publish_at(&self, per_second: u32, messages: u32, channel: &'static str) -> anyhow::Result<()> {
        let (began, mut publishes, waiting) = (Instant::now(), JoinSet::new(), Arc::new(Semaphore::new(WAITING)));
        for number in 0..messages {
            sleep_until(began + number * Duration::from_secs(1) / per_second).await;
            let (publisher, place) = (self.clone(), waiting.clone().acquire_owned().await?);
            publishes.spawn(async move {
                let answered = publisher.publish(channel).await;
                drop(place);
                answered
            });
        }
        publishes.join_all().await.into_iter().collect()
    }
}
