//! What `cyclone load` measures: broadcasts, rates, publishing.

use anyhow::bail;

use crate::{
    load,
    measure::{Bench, in_use::bring_into_use},
    results::Load,
    server::Server,
    service::Service,
    task::Task,
};

/// Who is compared with whom in most tasks.
const PEERS: [Server; 2] = [Server::Hub, Server::Nchan];

impl Bench {
    pub(super) async fn loads(&mut self) {
        let with_forced_legs: Vec<Server> = Server::HUBS.into_iter().chain([Server::Nchan]).collect();
        let plan = self.plan.clone();
        let mut tasks: Vec<(Task, &[Server])> = Vec::new();
        tasks.extend(plan.broadcasts().map(|task| (task, with_forced_legs.as_slice())));
        tasks.extend(plan.sizes.iter().map(|listeners| (plan.size(*listeners), PEERS.as_slice())));
        tasks.extend(plan.rates.iter().map(|per_second| (plan.rate(*per_second), PEERS.as_slice())));
        tasks.extend([plan.sustained(), plan.flat_out(), plan.publish()].map(|task| (task, PEERS.as_slice())));
        tasks.extend(plan.channels.iter().map(|channels| (plan.spread(*channels), [Server::Hub].as_slice())));
        for (task, servers) in tasks {
            for server in self.in_turn(servers) {
                let outcome = self.load(server, task).await;
                let load = self.note(&format!("{task}, {}", server.name()), outcome, say);
                self.results.loads.extend(load);
            }
        }
    }

    async fn load(&self, server: Server, task: Task) -> anyhow::Result<Load> {
        let service = Service::start(server, self.processors).await?;
        let _in_use = match task.listens_to() {
            Some((sets, channel)) => Some(bring_into_use(&service, sets, channel).await?),
            None => None,
        };
        let (report, memory, busy) = load::run(&self.cyclone, &service, task).await?;
        if report.connected < report.listeners {
            bail!("of {} listeners {} connected", report.listeners, report.connected);
        }
        let processor_seconds = service.process.processor_time()?.as_secs_f64();
        Ok(Load { round: self.round, on: server, task, report, memory, busy, processor_seconds })
    }
}

fn say(load: &Load) -> String {
    let report = &load.report;
    if report.expected == 0 {
        return format!("{:.0} publishes/s", report.publishes_per_second);
    }
    let ms = |quantile: Option<f64>| quantile.map_or_else(|| "?".to_owned(), |ms| format!("{ms:.1}"));
    format!(
        "p50 {} ms, p99 {} ms, last {} ms, {:.0} deliveries/s, {} of {} lost, server busy {:.0} %, generator {:.0} %",
        ms(report.latency_ms.p50),
        ms(report.latency_ms.p99),
        ms(report.last_listener_ms.p50),
        report.deliveries_per_second,
        report.lost,
        report.expected,
        100.0 * load.busy.server,
        100.0 * load.busy.generator,
    )
}
