//! What it takes of a processor to take in listeners, and to let them go, while few or many others are there.

use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::time::sleep;

use crate::{
    client::Client, crowd::Crowd, measure::Bench, results::Joins, server::Server, service::Service, task::Mix,
};

const LEAVING: Duration = Duration::from_secs(60);

/// Who comes first has the server compile what all need.
const FIRST: u32 = 50;

impl Bench {
    pub(super) async fn joins(&mut self) {
        for mix in Mix::ALL {
            let outcome = self.joins_of(mix).await;
            let say = |joins: &Vec<Joins>| {
                let each = joins.iter().map(|joins| {
                    format!("{:.0} us for a join with {} present", joins.join_microseconds(), joins.present)
                });
                each.collect::<Vec<_>>().join(", ")
            };
            if let Some(joins) = self.note(&format!("joins, {}", mix.name()), outcome, say) {
                self.results.joins.extend(joins);
            }
        }
    }

    async fn joins_of(&self, mix: Mix) -> anyhow::Result<Vec<Joins>> {
        let service = Service::start_silent(Server::Hub, self.processors).await?;
        let (channels, joining): (&[&str], u32) = match mix {
            Mix::Classic => (&["one", "two"], self.plan.joining),
            Mix::Single => (&["one"], self.plan.joining),
        };
        let (mut crowd, mut here, mut measured) = (Crowd::default(), 0, Vec::new());
        crowd.join_channels(&service, channels, FIRST).await?;
        crowd.leave(FIRST);
        for present in self.plan.present.iter().copied() {
            crowd.join_channels(&service, channels, present - here).await?;
            count_is(&service, present).await?;
            let (began, before) = (Instant::now(), service.process.processor_time()?);
            crowd.join_channels(&service, channels, joining).await?;
            let (join_seconds, joined) = (began.elapsed().as_secs_f64(), service.process.processor_time()?);
            count_is(&service, present + joining).await?;
            let settled = service.process.processor_time()?;
            crowd.leave(joining);
            count_is(&service, present).await?;
            let left = service.process.processor_time()?;
            measured.push(Joins {
                round: self.round,
                mix,
                present,
                joining,
                join_seconds,
                join_processor_seconds: (joined - before).as_secs_f64(),
                leave_processor_seconds: (left - settled).as_secs_f64(),
            });
            here = present;
        }
        Ok(measured)
    }
}

/// Waits until the hub says that so many listen.
async fn count_is(service: &Service, expected: u32) -> anyhow::Result<()> {
    let (client, began) = (Client::new(), Instant::now());
    loop {
        let counts: Vec<(String, u32)> = serde_json::from_slice(&client.get(&service.url("/stats")).await?)?;
        let count = counts.iter().find(|(name, _)| name == "one").map_or(0, |(_, count)| *count);
        if count == expected {
            return Ok(());
        }
        if began.elapsed() > LEAVING {
            bail!("the hub counts {count} listeners where {expected} are");
        }
        sleep(Duration::from_millis(100)).await;
    }
}

impl Joins {
    pub(crate) fn join_microseconds(&self) -> f64 {
        1_000_000.0 * self.join_processor_seconds / f64::from(self.joining)
    }

    pub(crate) fn leave_microseconds(&self) -> f64 {
        1_000_000.0 * self.leave_processor_seconds / f64::from(self.joining)
    }
}
