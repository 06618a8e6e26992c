//! The service that is made of services for topics.

use std::collections::BTreeMap;

use cyclone_edge_protocol::sockjs::{Action, Frame, Topic};

use super::{Channel, TopicService, open::Open, topic_service::AnyTopicService};
use crate::{Connection, Message, Service};

/// Services for each topic over one connection: what the server of websocket-multiplex is. Topics without a service, and what
/// is no frame, are ignored.
#[derive(Default)]
pub struct Multiplexer {
    services: BTreeMap<Topic, Box<dyn AnyTopicService>>,
}

impl Multiplexer {
    /// Without any topic.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has a service answer the topic of this name, as `multiplexer.channel(name)` calls it in a page. A name of more than
    /// 340 characters may be too long for a topic, which no page then can reach.
    #[must_use]
    pub fn topic(mut self, name: &str, service: impl TopicService + 'static) -> Self {
        if let Some(topic) = Topic::of_name(name) {
            self.services.insert(topic, Box::new(service));
        }
        self
    }

    async fn hear(&self, connection: &Connection, frame: Frame<'_>) {
        let Frame { action, topic, payload } = frame;
        let Some(service) = self.services.get(&topic) else { return };
        let mut open: Open = connection.state();
        let channel = Channel::new(connection, &topic);
        match action {
            Action::Subscribe if open.insert(&topic) => {
                connection.set_state(&open);
                service.begun(&channel).await;
            }
            Action::Message if open.has(&topic) => service.received(&channel, payload).await,
            Action::Unsubscribe if open.remove(&topic) => connection.set_state(&open),
            _ => return,
        }
        // Who ended it does not matter: the client, or the service while it was called.
        if !channel.is_open() {
            service.ended(&channel).await;
        }
    }
}

impl Service for Multiplexer {
    async fn message_received(&self, connection: &Connection, message: &Message) {
        if let Some(frame) = Frame::parse(message) {
            self.hear(connection, frame).await;
        }
    }

    async fn connection_lost(&self, connection: &Connection) {
        let open: Open = connection.state();
        for topic in open.topics() {
            if let Some(service) = self.services.get(topic) {
                service.ended(&Channel::new(connection, topic)).await;
            }
        }
    }

    fn broadcasts(&self) -> bool {
        self.services.values().any(|service| service.is_broadcasting())
    }
}
