//! After how long a silence a channel with listeners is evicted, which the hub's log shows when the next message wakes it.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::sleep;

use crate::{
    client::Client, crowd::Crowd, measure::Bench, publisher::Publisher, results::Eviction, server::Server,
    service::Service,
};

const LISTENERS: u32 = 20;

impl Bench {
    pub(super) async fn evictions(&mut self) {
        let outcome = self.silences().await;
        let seconds = |found: &[Eviction], was_evicted| {
            let which = found.iter().filter(|eviction| eviction.was_evicted == was_evicted);
            let seconds: Vec<String> = which.map(|eviction| eviction.silence_seconds.to_string()).collect();
            seconds.join(", ")
        };
        let say = |found: &Vec<Eviction>| {
            format!("evicted after {} s, awake after {} s", seconds(found, true), seconds(found, false))
        };
        if let Some(found) = self.note("channels on which nothing is said", outcome, say) {
            self.results.evictions.extend(found);
        }
    }

    /// All silences at once, each on a channel of its own.
    async fn silences(&self) -> anyhow::Result<Vec<Eviction>> {
        let service = Service::start(Server::Hub, self.processors).await?;
        let publisher = Publisher::new(Client::new(), &service);
        let all: Vec<u32> = self.plan.silences.clone();
        let silences = all.iter().map(|seconds| self.silence(&service, &publisher, *seconds));
        let outcomes: Vec<_> = stream::iter(silences).buffered(all.len().max(1)).collect().await;
        outcomes.into_iter().collect()
    }

    async fn silence(&self, service: &Service, publisher: &Publisher, seconds: u32) -> anyhow::Result<Eviction> {
        let channel = format!("silent-{seconds}");
        let mut crowd = Crowd::default();
        crowd.join_channels(service, &[&channel], LISTENERS).await?;
        publisher.publish(&channel).await?;
        crowd.has_heard(LISTENERS.into()).await?;
        let woken = service.wakes(&format!("channel {channel}"));
        sleep(Duration::from_secs(seconds.into())).await;
        publisher.publish(&channel).await?;
        crowd.has_heard((2 * LISTENERS).into()).await?;
        let was_evicted = service.wakes(&format!("channel {channel}")) > woken;
        let heard = crowd.heard() - u64::from(LISTENERS);
        Ok(Eviction { round: self.round, silence_seconds: seconds, listeners: LISTENERS, was_evicted, heard })
    }
}
