//! What a delivery takes of a processor: all that the server's process and the kernel on its behalf take while messages are
//! published and delivered, divided by the deliveries.

use crate::{
    client::Client,
    crowd::Crowd,
    measure::{Bench, in_use::bring_into_use},
    publisher::Publisher,
    results::Cost,
    server::Server,
    service::Service,
};

const CHANNEL: &str = "cost";
/// Slow enough that no two messages are on their way together.
const SINGLE_PER_SECOND: u32 = 10;

impl Bench {
    pub(super) async fn costs(&mut self) {
        let servers: Vec<Server> = Server::HUBS.into_iter().chain([Server::Nchan]).collect();
        for server in self.in_turn(&servers) {
            let outcome = self.costs_of(server).await;
            let say = |costs: &Vec<Cost>| {
                let each = costs
                    .iter()
                    .map(|cost| format!("{:.2} us at {} messages/s", cost.microseconds_each(), cost.per_second));
                each.collect::<Vec<_>>().join(", ")
            };
            let what = format!("processor time of a delivery, {}", server.name());
            if let Some(costs) = self.note(&what, outcome, say) {
                self.results.costs.extend(costs);
            }
        }
    }

    async fn costs_of(&self, on: Server) -> anyhow::Result<Vec<Cost>> {
        let service = Service::start_silent(on, self.processors).await?;
        let (publisher, mut crowd) = (Publisher::new(Client::new(), &service), Crowd::default());
        let listeners = self.plan.listeners;
        let _in_use = bring_into_use(&service, &[&[CHANNEL]], CHANNEL).await?;
        crowd.join_channels(&service, &[CHANNEL], listeners).await?;
        publisher.publish(CHANNEL).await?;
        crowd.has_heard(listeners.into()).await?;
        let mut costs = Vec::new();
        for (per_second, messages) in
            [(SINGLE_PER_SECOND, self.plan.single_messages), (self.plan.sustained_rate, self.plan.coalesced_messages)]
        {
            let (heard, before) = (crowd.heard(), service.process.processor_time()?);
            let deliveries = u64::from(listeners) * u64::from(messages);
            publisher.publish_at(per_second, messages, CHANNEL).await?;
            crowd.has_heard(heard + deliveries).await?;
            let processor_seconds = (service.process.processor_time()? - before).as_secs_f64();
            costs.push(Cost { round: self.round, on, listeners, per_second, deliveries, processor_seconds });
        }
        Ok(costs)
    }
}

impl Cost {
    pub(crate) fn microseconds_each(&self) -> f64 {
        1_000_000.0 * self.processor_seconds / self.deliveries as f64
    }
}
