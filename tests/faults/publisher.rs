//! A publisher: one order after the other, each message until it is acknowledged or given up.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{message::Message, schedule::Order, site::Site, transcript::Published};
use crate::{DEADLINE, KEY};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// How many orders a publisher has at most, the one at hand included.
const MAX_BACKLOG: usize = 2;

/// A handle to a publisher; it ends when the handle is dropped.
pub(super) struct Publisher {
    orders: UnboundedSender<Errand>,
    /// How many orders are not done yet.
    backlog: Arc<AtomicUsize>,
    work: JoinHandle<Vec<Published>>,
}

enum Errand {
    Publish(Order),
    /// Says when everything before it is done, and what was the last of it.
    Report(oneshot::Sender<Option<Published>>),
}

struct Worker {
    site: Arc<Site>,
    client: Client,
    channels: Vec<String>,
    backlog: Arc<AtomicUsize>,
}

impl Publisher {
    pub(super) fn start(site: Arc<Site>, channels: Vec<String>) -> Self {
        // A connection of its own for each request: none breaks because an earlier process had it.
        let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let (orders, errands) = unbounded_channel();
        let backlog = Arc::new(AtomicUsize::new(0));
        let worker = Worker { site, client, channels, backlog: backlog.clone() };
        Self { orders, backlog, work: tokio::spawn(worker.work(errands)) }
    }

    /// Hands out an order. Waits while too much is to be done already, so that other faults do not run ahead.
    pub(super) async fn publish(&self, order: Order) {
        while self.backlog.load(Ordering::SeqCst) >= MAX_BACKLOG {
            sleep(Duration::from_millis(2)).await;
        }
        self.backlog.fetch_add(1, Ordering::SeqCst);
        let _ = self.orders.send(Errand::Publish(order));
    }

    /// Waits until all orders are done, and returns what was published last.
    pub(super) async fn idle(&self) -> Option<Published> {
        let (done, idle) = oneshot::channel();
        let _ = self.orders.send(Errand::Report(done));
        idle.await.unwrap()
    }

    pub(super) async fn end(self) -> Vec<Published> {
        drop(self.orders);
        self.work.await.unwrap()
    }
}

impl Worker {
    async fn work(self, mut errands: UnboundedReceiver<Errand>) -> Vec<Published> {
        let mut published = Vec::new();
        while let Some(errand) = errands.recv().await {
            match errand {
                Errand::Report(done) => drop(done.send(published.last().cloned())),
                Errand::Publish(order) => {
                    let messages = order.messages();
                    if order.at_once {
                        published.extend(join_all(messages.map(|message| self.publish(&order, message))).await);
                    } else {
                        for message in messages {
                            published.push(self.publish(&order, message).await);
                        }
                    }
                    self.backlog.fetch_sub(1, Ordering::SeqCst);
                }
            }
        }
        published
    }

    /// Publishes a message: again and again until it is acknowledged, or once.
    async fn publish(&self, order: &Order, message: Message) -> Published {
        self.site.lives().await;
        let channels: Vec<_> = order.channels.iter().map(|channel| self.channels[*channel].clone()).collect();
        let sent_at = self.site.now();
        let mut published = Published { number: message.number, channels, sent_at, ..Published::default() };
        let mut patience = order.patience_ms.map(Duration::from_millis);
        loop {
            let is_done = self.attempt(message, patience.take(), &mut published).await;
            if is_done || !order.insists {
                return published;
            }
            sleep(PAUSE).await;
        }
    }

    /// Sends a message once, and notes what was acknowledged. Whoever loses patience breaks the connection.
    async fn attempt(&self, message: Message, patience: Option<Duration>, published: &mut Published) -> bool {
        published.attempts += 1;
        let life = self.site.life();
        let mut body = json!({ "channel": &published.channels, "message": message.text() });
        if let Some(event) = message.event() {
            body["event"] = event.into();
        }
        let request = self.client.post(format!("http://{}/publish", self.site.address)).bearer_auth(KEY);
        let request = request.header("Idempotency-Key", format!("message {}", message.number)).json(&body);
        let answer = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>((status, response.json::<Value>().await?))
        };
        let number = message.number;
        let (status, answer) = match timeout(patience.unwrap_or(DEADLINE), answer).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) => {
                self.site.complain(life, || format!("publishing message {number} failed: {error:?}"));
                return false;
            }
            Err(_) => {
                if patience.is_none() {
                    self.site.complain(life, || format!("publishing message {number} took {DEADLINE:?}"));
                }
                return false;
            }
        };
        if status != 200 {
            self.site.complain(life, || format!("publishing message {number} was answered {status}: {answer}"));
        }
        let ids = if status == 200 { &answer["ids"] } else { &answer["error"]["ids"] };
        let ids: BTreeMap<String, u64> = serde_json::from_value(ids.clone()).unwrap_or_default();
        if status == 200 && !published.channels.iter().all(|channel| ids.contains_key(channel)) {
            self.site.note(&format!("the answer to message {number} lacks ids: {answer}"));
        }
        if !ids.is_empty() {
            published.acknowledged.extend(ids);
            published.answered_at = self.site.now();
        }
        status == 200
    }
}
