//! Which object holds a listener: its channel, or a relay of the place where its connection arrives.

use cyclone_edge_protocol::ChannelSet;
use sha2::{Digest, Sha256};

use crate::objects::Holder;

/// The objects that may hold a listener, in the order in which they are asked: the next when the one before is full.
///
/// Who wants one channel is held by the channel. The relays of a place share the others: those who want the same channels
/// come together, so that each channel is followed by few relays.
pub(super) fn holders(channels: &ChannelSet, place: &str, relays_per_place: u32) -> impl Iterator<Item = Holder> {
    let channel = channels.single().cloned().map(Holder::Channel);
    let first = shard(channels, relays_per_place);
    let relays = (0..relays_per_place).map(move |next| (first + next) % relays_per_place);
    channel.into_iter().chain(relays.map(move |shard| Holder::Relay(format!("{place}-{shard}"))))
}

/// A number below `shards`, spread evenly over sets of channels, and always the same for one.
fn shard(channels: &ChannelSet, shards: u32) -> u32 {
    let digest = Sha256::digest(channels.to_list());
    let number = digest.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte));
    number % shards
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holders_of(names: &[&str], relays_per_place: u32) -> Vec<Holder> {
        let channels = ChannelSet::parse(names.iter().copied()).unwrap_or_else(|why| unreachable!("{why}"));
        holders(&channels, "fra", relays_per_place).collect()
    }

    #[test]
    fn a_listener_of_one_channel_is_held_by_it_and_by_relays_when_it_is_full() {
        let holders = holders_of(&["a"], 3);
        assert!(matches!(&holders[..], [Holder::Channel(name), rest @ ..] if name.as_str() == "a" && rest.len() == 3));
    }

    #[test]
    fn listeners_of_the_same_channels_come_together() {
        assert_eq!(holders_of(&["a", "b"], 64), holders_of(&["b", "a", "b"], 64));
        let all: std::collections::BTreeSet<Holder> = holders_of(&["a", "b"], 64).into_iter().collect();
        assert_eq!(all.len(), 64, "every relay is asked once");
        assert_eq!(holders_of(&["a", "b"], 1), [Holder::Relay("fra-0".to_owned())]);
    }

    #[test]
    fn sets_are_spread_evenly() {
        let shards: Vec<u32> = (0..1_000)
            .map(|number| ChannelSet::parse(["general", &format!("user-{number}")]))
            .map(|channels| shard(&channels.unwrap_or_else(|why| unreachable!("{why}")), 4))
            .collect();
        let counts = [0, 1, 2, 3].map(|shard| shards.iter().filter(|one| **one == shard).count());
        assert!(counts.iter().all(|count| (200..=300).contains(count)), "{counts:?}");
    }
}
