//! What the bridge does for one client: subscribe, unsubscribe, publish, deliver.
//!
//! The session's object follows each channel that its client wants, as a relay does, with a position that it keeps: the
//! channel sends what came after that, history first and then what is published, each page once the one before was taken.
//! Position and frames change in the same turn, so both are durable or neither is.

use std::time::Duration;

use cyclone_edge_protocol::{
    ChannelSet, InvalidChannelSet, MessageId, PublishForm, Subscription, Wanted,
    sockjs::{Action, Frame, Topic},
    told,
};
use cyclone_edge_sockjs::Connection;
use futures::future::join_all;
use serde_json::{Value, json, value::RawValue};
use worker::{Env, console_error};

use super::{
    control::{CONTROL, Control},
    desk::Desk,
};
use crate::{
    audience::PAGE_BYTES,
    clock::now_ms,
    config::Config,
    error::Error,
    objects::{Batch, ChannelStub, Delivery, Follow, FollowerStub, Unfollow},
    publish::publish_form,
    rights::authorize_subscriber,
};

/// How much may wait for a client that does not take it before channels are asked to wait: beside this a page at most.
const MAX_WAITING_BYTES: usize = 4 * PAGE_BYTES;

/// A client, as its session's object sees it.
pub(super) struct Client<'a>(pub(super) &'a Connection);

impl Client<'_> {
    fn env(&self) -> &Env {
        self.0.env()
    }

    /// What is remembered of the client.
    fn desk(&self) -> Desk {
        self.0.state()
    }

    /// Changes what is remembered of the client, in one turn.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Desk) -> T) -> T {
        let mut desk = self.desk();
        let changed = change(&mut desk);
        self.0.set_state(&desk);
        changed
    }

    fn send(&self, frame: &str) {
        self.0.send(frame);
    }

    /// What the session is called as a follower of channels.
    fn follower(&self) -> String {
        FollowerStub::name_of_session(self.0.id())
    }

    /// Does what a frame asks for. What is no frame is ignored, as websocket-multiplex does.
    pub(super) async fn hear(&self, text: &str) {
        let Some(Frame { action, topic, payload }) = Frame::parse(text) else { return };
        let outcome = match action {
            _ if topic.as_str() == CONTROL => self.control(action, &topic, payload).await,
            Action::Subscribe => self.subscribe(&topic, payload).await,
            Action::Unsubscribe => {
                self.unsubscribe(&topic).await;
                Ok(())
            }
            Action::Message => self.publish(&topic, payload).await,
        };
        let Err(mut error) = outcome else { return };
        self.tell(&topic, "sse.error", &Value::Object(error.tell()));
        if action == Action::Subscribe {
            self.send(&Frame::unsubscribe(topic).to_string());
        }
    }

    /// Follows a channel.
    async fn subscribe(&self, topic: &Topic, payload: &str) -> Result<(), Error> {
        if self.desk().of_topic(topic).is_some() {
            return Ok(());
        }
        let config = Config::of(self.env())?;
        let wanted = wanted(topic, payload, &config)?;
        let channels = ChannelSet::new([wanted.channel.clone()])?;
        let ends_at_ms = authorize_subscriber(self.desk().shown.token.as_deref(), &channels, &config).await?;
        // One topic of a channel at a time: whoever comes back with a cursor takes the place of what it had.
        let before = self.desk().of_channel(&wanted.channel).map(|other| other.epoch);
        if let Some(before) = before {
            self.end(before).await;
        }
        let subscription = self.change(|desk| {
            let epoch = desk.has_room().then(|| desk.next_epoch(now_ms()))?;
            let subscription = Subscription::new(topic.clone(), wanted, epoch, ends_at_ms);
            desk.insert(subscription.clone());
            Some(subscription)
        });
        let Some(subscription) = subscription else {
            let message = format!("subscribe to at most {} channels", ChannelSet::MAX_CHANNELS);
            return Err(Error::refused(400, "too_many_channels", message));
        };
        if ends_at_ms.is_some() {
            self.wake_when_a_token_expires();
        }
        let followed = self.follow(&subscription).await;
        if followed.is_err() {
            // It may have been followed anew, by another epoch.
            let last = self.change(|desk| {
                let epoch = desk.of_topic(topic)?.epoch;
                desk.remove(epoch)
            });
            let last = last.filter(|last| last.epoch != subscription.epoch);
            // The channel may have heard all the same.
            join_all([last.as_ref(), Some(&subscription)].into_iter().flatten().map(|ended| self.tell_unfollow(ended)))
                .await;
        }
        followed
    }

    /// Has the channel send what comes after the client's position, or what is published from now on.
    async fn follow(&self, subscription: &Subscription) -> Result<(), Error> {
        let channel = ChannelStub::of(self.env(), &subscription.channel)?;
        let mut follow = Follow { relay: self.follower(), epoch: subscription.epoch, position: subscription.position };
        let head = channel.follow(&follow).await?;
        let begun = self.change(|desk| {
            let begun = desk.of_epoch(follow.epoch)?;
            let overtaken = begun.position;
            Some((begun.begin(head, now_ms()), overtaken))
        });
        // The client may have unsubscribed while the channel was asked.
        let Some((hello, overtaken)) = begun else { return Ok(()) };
        hello.iter().for_each(|hello| self.send(hello));
        if subscription.position.is_none() && overtaken.is_some_and(|position| position < head) {
            // A batch of an earlier follow came first, and may leave out what was published since that ended.
            follow.position = overtaken;
            follow.epoch = self.change(|desk| {
                let epoch = desk.next_epoch(now_ms());
                if let Some(begun) = desk.of_epoch(subscription.epoch) {
                    begun.epoch = epoch;
                }
                epoch
            });
            channel.follow(&follow).await?;
        }
        Ok(())
    }

    async fn unsubscribe(&self, topic: &Topic) {
        let Some(epoch) = self.desk().of_topic(topic).map(|subscription| subscription.epoch) else { return };
        if let Some(ended) = self.change(|desk| desk.remove(epoch)) {
            self.tell_unfollow(&ended).await;
        }
    }

    /// Ends a topic from this side.
    async fn end(&self, epoch: u64) {
        if let Some(ended) = self.change(|desk| desk.remove(epoch)) {
            self.send(&Frame::unsubscribe(ended.topic.clone()).to_string());
            self.tell_unfollow(&ended).await;
        }
    }

    fn wake_when_a_token_expires(&self) {
        if let Some(at_ms) = self.desk().expires_at_ms() {
            self.0.wake_after(Duration::from_millis(at_ms.saturating_sub(now_ms())));
        }
    }

    /// Ends the topics whose token has expired, and sees to the next that will.
    pub(super) async fn expire(&self) {
        let expired = self.change(|desk| desk.remove_expired(now_ms()));
        for subscription in &expired {
            expiry_frames(subscription).iter().for_each(|frame| self.send(frame));
        }
        self.wake_when_a_token_expires();
        join_all(expired.iter().map(|subscription| self.tell_unfollow(subscription))).await;
    }

    /// The client is gone.
    pub(super) async fn leave(&self) {
        let ended = self.change(Desk::clear);
        join_all(ended.iter().map(|ended| self.tell_unfollow(ended))).await;
    }

    async fn tell_unfollow(&self, ended: &Subscription) {
        let unfollow = Unfollow { relay: self.follower(), epoch: ended.epoch };
        let told = async { ChannelStub::of(self.env(), &ended.channel)?.unfollow(&unfollow).await };
        if let Err(error) = told.await {
            // The channel's next delivery is answered with `Gone`.
            console_error!("a channel was not told that a session follows it no more: {error}");
        }
    }

    /// Takes what a channel sends.
    pub(super) fn deliver(&self, batch: &Batch) -> Delivery {
        let mut desk = self.desk();
        let Some(subscription) = desk.of_channel(&batch.channel) else { return Delivery::Gone };
        if self.0.waiting_bytes() > MAX_WAITING_BYTES {
            return Delivery::Full;
        }
        let (delivery, frames) = if subscription.is_over(now_ms()) {
            let frames = expiry_frames(subscription).into();
            let epoch = subscription.epoch;
            desk.remove(epoch);
            (Delivery::Gone, frames)
        } else {
            let mut frames: Vec<String> = subscription.begin(batch.page.start, now_ms()).into_iter().collect();
            let taken = subscription.take(&batch.page);
            let position = subscription.position.unwrap_or(MessageId::START);
            let delivery = taken.as_ref().map_or(Delivery::Behind(position), |_| Delivery::Delivered);
            frames.extend(taken.into_iter().flatten());
            (delivery, frames)
        };
        self.0.set_state(&desk);
        frames.iter().for_each(|frame| self.send(frame));
        delivery
    }

    /// Publishes a payload to the channel of a topic.
    async fn publish(&self, topic: &Topic, payload: &str) -> Result<(), Error> {
        let config = Config::of(self.env())?;
        let channels = ChannelSet::new([wanted(topic, "", &config)?.channel])?;
        let form = PublishForm { key: None, id: None, channels, event: None, message: payload.to_owned() };
        publish_form(form, &self.desk().shown.key, self.env(), &config).await.map(|_| ())
    }

    /// What is said of the connection itself.
    async fn control(&self, action: Action, topic: &Topic, payload: &str) -> Result<(), Error> {
        if action != Action::Message {
            return Ok(());
        }
        let control: Control<'_> = serde_json::from_str(payload)
            .map_err(|_| Error::refused(400, "malformed_json", "expected an object with `authorize` or `publish`"))?;
        if let Some(shown) = control.authorize {
            if !shown.is_small() {
                return Err(Error::refused(413, "too_large", "a key or token is too large"));
            }
            self.change(|desk| desk.shown = shown);
        }
        match control.publish {
            Some(publish) => self.publish_json(topic, publish).await,
            None => Ok(()),
        }
    }

    /// Publishes as `POST /publish` does, and answers as that does.
    async fn publish_json(&self, topic: &Topic, publish: &RawValue) -> Result<(), Error> {
        let config = Config::of(self.env())?;
        let form = PublishForm::from_json(publish.get().as_bytes(), config.max_message_bytes)?;
        let id = form.id.as_ref().map(|id| id.as_str().to_owned());
        let shown = form.key.clone().unwrap_or(self.desk().shown.key);
        let answer = match publish_form(form, &shown, self.env(), &config).await {
            Ok(published) => ("sse.published", serde_json::to_value(&published).map_err(Error::internal)?),
            Err(mut error) => ("sse.error", Value::Object(error.tell())),
        };
        let (event, mut data) = answer;
        if let (Some(id), Some(data)) = (id, data.as_object_mut()) {
            // Which of several publishes is answered.
            data.insert("id".to_owned(), json!(id));
        }
        self.tell(topic, event, &data);
        Ok(())
    }

    fn tell(&self, topic: &Topic, event: &str, data: &Value) {
        self.send(&told(topic, None, Some(event), &data.to_string()));
    }
}

/// What a client hears at the end of a topic whose token has expired.
fn expiry_frames(subscription: &Subscription) -> [String; 2] {
    [subscription.expired(), Frame::unsubscribe(subscription.topic.clone()).to_string()]
}

fn wanted(topic: &Topic, payload: &str, config: &Config) -> Result<Wanted, Error> {
    let wanted = Wanted::of(topic, payload, now_ms(), config.retention.max_age_ms);
    Ok(wanted.map_err(InvalidChannelSet::from)?)
}
