//! Memory of listeners to whom nothing is said: what the process has when they are there, less what it had before.

use std::time::Duration;

use tokio::time::sleep;

use crate::{crowd::Crowd, measure::Bench, results::Idle, server::Server, service::Service};

const CHANNEL: &str = "idle";
/// Who comes first has the server compile and allocate what all share.
const FIRST: u32 = 50;

impl Bench {
    pub(super) async fn idle(&mut self) {
        let servers: Vec<Server> = Server::HUBS.into_iter().chain([Server::Nchan]).collect();
        for server in self.in_turn(&servers) {
            let outcome = self.memory_of_idle(server).await;
            let what = format!("memory of {} idle listeners, {}", self.plan.idle, server.name());
            let idle = self.note(&what, outcome, |idle| format!("{:.1} KB each", idle.bytes_each() / 1_000.0));
            self.results.idle.extend(idle);
        }
    }

    async fn memory_of_idle(&self, on: Server) -> anyhow::Result<Idle> {
        let service = Service::start_silent(on, self.processors).await?;
        let mut crowd = Crowd::default();
        let settling = Duration::from_secs(self.plan.settling_seconds.into());
        crowd.join_channels(&service, &[CHANNEL], FIRST).await?;
        sleep(settling).await;
        let before = service.process.memory()?;
        crowd.join_channels(&service, &[CHANNEL], self.plan.idle).await?;
        sleep(settling).await;
        let after = service.process.memory()?;
        Ok(Idle { round: self.round, on, listeners: self.plan.idle, before, after })
    }
}

impl Idle {
    pub(crate) fn bytes_each(&self) -> f64 {
        self.after.saturating_sub(self.before) as f64 / f64::from(self.listeners)
    }
}
