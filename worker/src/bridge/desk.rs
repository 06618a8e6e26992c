//! What a session of the bridge remembers of its client, also across evictions: what it has shown, and what it subscribes to.

use cyclone_edge_protocol::{ChannelName, ChannelSet, Subscription, sockjs::Topic};
use serde::{Deserialize, Serialize};

use super::control::Shown;

/// The memory of a session.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Desk {
    pub(super) shown: Shown,
    /// The largest epoch that was given to a follow.
    last_epoch: u64,
    /// At most one for each channel, and for each topic.
    subscriptions: Vec<Subscription>,
}

impl Desk {
    /// The number of the next follow: larger than any before it, also than those of an earlier session of the same name.
    pub(super) fn next_epoch(&mut self, now_ms: u64) -> u64 {
        self.last_epoch = now_ms.max(self.last_epoch.saturating_add(1));
        self.last_epoch
    }

    /// Whether one more channel may be subscribed to.
    pub(super) fn has_room(&self) -> bool {
        self.subscriptions.len() < ChannelSet::MAX_CHANNELS
    }

    pub(super) fn insert(&mut self, subscription: Subscription) {
        self.subscriptions.push(subscription);
    }

    pub(super) fn of_topic(&self, topic: &Topic) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.topic == *topic)
    }

    pub(super) fn of_channel(&mut self, channel: &ChannelName) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|subscription| subscription.channel == *channel)
    }

    /// The subscription of this follow, unless it has ended since.
    pub(super) fn of_epoch(&mut self, epoch: u64) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|subscription| subscription.epoch == epoch)
    }

    /// Ends a follow.
    pub(super) fn remove(&mut self, epoch: u64) -> Option<Subscription> {
        let index = self.subscriptions.iter().position(|subscription| subscription.epoch == epoch)?;
        Some(self.subscriptions.remove(index))
    }

    /// Ends what a token has given access to until now.
    pub(super) fn remove_expired(&mut self, now_ms: u64) -> Vec<Subscription> {
        self.subscriptions.extract_if(.., |subscription| subscription.is_over(now_ms)).collect()
    }

    /// When the first of the tokens expires.
    pub(super) fn expires_at_ms(&self) -> Option<u64> {
        self.subscriptions.iter().filter_map(|subscription| subscription.ends_at_ms).min()
    }

    /// Ends everything.
    pub(super) fn clear(&mut self) -> Vec<Subscription> {
        std::mem::take(&mut self.subscriptions)
    }
}

#[cfg(test)]
mod tests {
    use cyclone_edge_protocol::Wanted;

    use super::*;

    #[test]
    fn follows_are_numbered_upwards_whatever_the_clock_says() {
        let mut desk = Desk::default();
        assert_eq!(desk.next_epoch(5), 5);
        assert_eq!(desk.next_epoch(5), 6);
        assert_eq!(desk.next_epoch(3), 7);
        assert_eq!(desk.next_epoch(9), 9);
    }

    #[test]
    fn a_subscription_is_found_until_it_ends() {
        let mut desk = Desk::default();
        let (Some(topic), Ok(channel)) = (Topic::new("cats%2C5"), ChannelName::new("cats")) else { unreachable!() };
        let wanted = Wanted { channel: channel.clone(), position: None };
        desk.insert(Subscription::new(topic.clone(), wanted, 5, None));
        assert!(desk.of_topic(&topic).is_some() && desk.of_channel(&channel).is_some() && desk.of_epoch(5).is_some());
        assert!(desk.remove(4).is_none() && desk.remove(5).is_some());
        assert!(desk.of_topic(&topic).is_none() && desk.of_channel(&channel).is_none() && desk.of_epoch(5).is_none());
    }

    #[test]
    fn a_subscription_ends_when_its_token_expires_and_not_before() {
        let mut desk = Desk::default();
        assert_eq!(desk.expires_at_ms(), None);
        for (name, ends_at_ms) in [("cats", Some(20)), ("dogs", None), ("cows", Some(10))] {
            let (Some(topic), Ok(channel)) = (Topic::of_name(name), ChannelName::new(name)) else { unreachable!() };
            desk.insert(Subscription::new(topic, Wanted { channel, position: None }, 1, ends_at_ms));
        }
        let mut expired =
            |now_ms| desk.remove_expired(now_ms).iter().map(|one| one.channel.to_string()).collect::<Vec<_>>();
        assert_eq!(expired(9), Vec::<String>::new());
        assert_eq!(expired(10), ["cows"]);
        assert_eq!(expired(10), Vec::<String>::new());
        assert_eq!(desk.expires_at_ms(), Some(20));
        assert_eq!(desk.remove_expired(u64::MAX).len(), 1);
        assert_eq!((desk.subscriptions.len(), desk.expires_at_ms()), (1, None));
    }
}
