//! Where the hub spends its time: once, after the rounds, since sampling takes time itself.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    client::Client,
    crowd::Crowd,
    measure::{Bench, in_use::bring_into_use},
    perf::Sampling,
    publisher::Publisher,
    results::Profile,
    server::Server,
    service::Service,
    task::Mix,
};

const CHANNEL: &str = "one";
/// Messages of a broadcast, and how many a second.
const BROADCASTS: (u32, u32) = (20, 2);
/// For how long many messages a second are sampled.
const SECONDS: u32 = 5;

impl Bench {
    pub(super) async fn profiles(&mut self) {
        if !Sampling::is_possible().await {
            return;
        }
        let (plan, (messages, per_second)) = (self.plan.clone(), BROADCASTS);
        for (mix, listeners, messages, per_second) in [
            (Mix::Classic, plan.broadcast, messages, per_second),
            (Mix::Single, plan.broadcast, messages, per_second),
            (Mix::Single, plan.listeners, plan.sustained_rate * SECONDS, plan.sustained_rate),
        ] {
            let what = format!("{per_second} messages/s to {listeners} listeners of {}", mix.name());
            let outcome = self.profile(&what, mix, listeners, messages, per_second).await;
            let say = |profile: &Profile| format!("{} entries", profile.shares.len());
            let profile = self.note(&format!("profile of {what}"), outcome, say);
            self.results.profiles.extend(profile);
        }
    }

    async fn profile(
        &self,
        what: &str,
        mix: Mix,
        listeners: u32,
        messages: u32,
        per_second: u32,
    ) -> anyhow::Result<Profile> {
        let service = Service::start_silent(Server::Hub, self.processors).await?;
        let (publisher, mut crowd) = (Publisher::new(Client::new(), &service), Crowd::default());
        let channels: &[&str] = match mix {
            Mix::Classic => &[CHANNEL, "two"],
            Mix::Single => &[CHANNEL],
        };
        let _in_use = bring_into_use(&service, &[channels], CHANNEL).await?;
        crowd.join_channels(&service, channels, listeners).await?;
        publisher.publish(CHANNEL).await?;
        crowd.has_heard(listeners.into()).await?;
        let sampling = Sampling::start(service.process.id()).await?;
        publisher.publish_at(per_second, messages, CHANNEL).await?;
        crowd.has_heard(u64::from(listeners) * u64::from(1 + messages)).await?;
        sleep(Duration::from_millis(100)).await;
        Ok(Profile { what: what.to_owned(), shares: sampling.end().await? })
    }
}
