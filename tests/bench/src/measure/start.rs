//! How long until a server that was just started answers, and until a listener has the first event.

use std::time::Instant;

use crate::{
    client::Client, crowd::Crowd, measure::Bench, publisher::Publisher, results::Start, server::Server,
    service::Service,
};

impl Bench {
    pub(super) async fn starts(&mut self) {
        for server in self.in_turn(&[Server::Hub, Server::Nchan]) {
            for _ in 0..self.plan.starts {
                let outcome = self.start(server).await;
                let say = |start: &Start| {
                    format!("first answer after {:.0} ms, first event after {:.0} ms", start.answer_ms, start.event_ms)
                };
                let start = self.note(&format!("a start, {}", server.name()), outcome, say);
                self.results.starts.extend(start);
            }
        }
    }

    async fn start(&self, on: Server) -> anyhow::Result<Start> {
        let client = Client::new();
        let service = Service::start(on, self.processors).await?;
        let since = |instant: Instant| 1_000.0 * instant.elapsed().as_secs_f64();
        client.get(&service.url("/healthz")).await?;
        let answer_ms = since(service.began);
        let (publisher, mut crowd) = (Publisher::new(client, &service), Crowd::default());
        crowd.join_channels(&service, &["first"], 1).await?;
        publisher.publish("first").await?;
        crowd.has_heard(1).await?;
        let event_ms = since(service.began);
        let mut publishes = Vec::new();
        for _ in 0..2 {
            let began = Instant::now();
            publisher.publish("new").await?;
            publishes.push(since(began));
        }
        let publish = |index: usize| publishes.get(index).copied().unwrap_or_default();
        Ok(Start {
            round: self.round,
            on,
            answer_ms,
            event_ms,
            new_channel_ms: publish(0),
            known_channel_ms: publish(1),
        })
    }
}
