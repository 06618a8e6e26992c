//! Publishes: at a rate, whether or not what came before was answered, or as fast as it is answered.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use reqwest::{Client, header::CONTENT_TYPE};
use tokio::{sync::Semaphore, task::JoinSet, time::sleep_until};

use super::{
    Crowd, Options,
    message::{Mark, Run},
    progress::Progress,
    tally::Tally,
    template::PublishTemplate,
};
use crate::hub::Refusal;

/// How long a publish may take.
const ANSWERING: Duration = Duration::from_secs(30);

/// How many publishes wait for their answers at most, at a rate: a server that has stopped to answer is sent no more.
const WAITING: usize = 1_000;

/// How fast is published.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// So many a second.
    Rate(f64, Until),
    /// By so many publishers at once.
    FlatOut(usize, Until),
}

/// When publishing ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    Seconds(f64),
    Messages(usize),
}

/// All publishers.
#[derive(Debug)]
pub(super) struct Publisher {
    client: Client,
    template: PublishTemplate,
    key: Option<String>,
    channels: Vec<String>,
    bytes: usize,
    run: Run,
    tally: Rc<RefCell<Tally>>,
    failures: RefCell<Failures>,
}

/// The publishes that failed.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) count: u64,
    pub(super) first: Option<anyhow::Error>,
}

impl Publisher {
    pub(super) fn new(options: &Options, crowd: &Crowd, run: Run, tally: Rc<RefCell<Tally>>) -> anyhow::Result<Self> {
        Ok(Self {
            client: crate::client::client(|builder| builder.http1_only().timeout(ANSWERING))?,
            template: options.publish_template(),
            key: options.key.clone(),
            channels: crowd.published().to_vec(),
            bytes: options.bytes,
            run,
            tally,
            failures: RefCell::default(),
        })
    }

    /// Publishes one message to each channel that does not count.
    pub(super) async fn warm_up(&self) -> anyhow::Result<()> {
        for channel in &self.channels {
            self.post(channel, &self.run.compose(Mark::WarmUp, self.bytes)).await?;
        }
        Ok(())
    }

    /// Publishes at a pace, and returns when everything is answered: how long it took, or was to take.
    pub(super) async fn publish(self: Rc<Self>, pace: Pace, progress: &Progress) -> Duration {
        match pace {
            Pace::Rate(rate, until) => self.publish_at_rate(rate, until, progress).await,
            Pace::FlatOut(publishers, until) => self.publish_flat_out(publishers, until, progress).await,
        }
    }

    /// What has failed so far.
    pub(super) fn failures(&self) -> Failures {
        self.failures.take()
    }

    async fn publish_at_rate(self: Rc<Self>, rate: f64, until: Until, progress: &Progress) -> Duration {
        let messages = match until {
            Until::Messages(messages) => messages,
            Until::Seconds(seconds) => (rate * seconds).round() as usize,
        };
        progress.phase("publishing", messages as u64);
        let began = Instant::now();
        let waiting = Arc::new(Semaphore::new(WAITING));
        let mut publishes = JoinSet::new();
        for slot in 0..messages {
            sleep_until((began + Duration::from_secs_f64(slot as f64 / rate)).into()).await;
            let Ok(place) = waiting.clone().acquire_owned().await else { break };
            let publisher = self.clone();
            publishes.spawn_local(async move {
                publisher.publish_next().await;
                drop(place);
            });
            while publishes.try_join_next().is_some() {}
            progress.set(slot as u64 + 1);
        }
        publishes.join_all().await;
        began.elapsed().max(Duration::from_secs_f64(messages as f64 / rate))
    }

    async fn publish_flat_out(self: Rc<Self>, publishers: usize, until: Until, progress: &Progress) -> Duration {
        let (messages, seconds) = match until {
            Until::Messages(messages) => (messages, f64::INFINITY),
            Until::Seconds(seconds) => (usize::MAX, seconds),
        };
        progress.phase("publishing", if messages < usize::MAX { messages as u64 } else { 0 });
        let began = Instant::now();
        let publishing = (0..publishers).map(|_| async {
            while self.tally.borrow().next_number() < messages && began.elapsed().as_secs_f64() < seconds {
                self.publish_next().await;
                progress.set(self.tally.borrow().next_number() as u64);
            }
        });
        futures::future::join_all(publishing).await;
        began.elapsed()
    }

    async fn publish_next(&self) {
        let number = self.tally.borrow().next_number();
        let text = self.run.compose(Mark::Number(number), self.bytes);
        let channel = self.channels.get(number % self.channels.len()).map_or("", String::as_str);
        self.tally.borrow_mut().sent(Instant::now());
        match self.post(channel, &text).await {
            Ok(()) => self.tally.borrow_mut().answered(number, Instant::now()),
            Err(error) => self.failures.borrow_mut().note(error),
        }
    }

    async fn post(&self, channel: &str, text: &str) -> anyhow::Result<()> {
        let request = self.client.post(self.template.address(channel, text));
        let request =
            request.header(CONTENT_TYPE, self.template.content_type()).body(self.template.body(channel, text));
        let request = if let Some(key) = &self.key { request.bearer_auth(key) } else { request };
        let response = request.send().await.context("no answer")?;
        if !response.status().is_success() {
            return Err(Refusal::read(response).await.into());
        }
        // Read to its end, the connection serves the next publish.
        response.bytes().await.context("half an answer")?;
        Ok(())
    }
}

impl Failures {
    fn note(&mut self, error: anyhow::Error) {
        self.count += 1;
        self.first.get_or_insert(error);
    }
}
