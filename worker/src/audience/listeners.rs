//! Who listens to what: the legs of an audience, by group and by channel.

use std::collections::{BTreeMap, BTreeSet};

use cyclone_edge_protocol::{ChannelName, ChannelSet};

use super::leg::{Leg, LegId};

/// The legs of an audience.
#[derive(Default)]
pub(super) struct Listeners {
    next_leg: u32,
    legs: usize,
    groups: BTreeMap<u32, Group>,
    by_channel: BTreeMap<ChannelName, BTreeSet<u32>>,
}

/// Listeners that want the same channels: those of them that are live get the same bytes.
pub(super) struct Group {
    channels: ChannelSet,
    legs: BTreeMap<u32, Leg>,
}

/// A listener that is gone.
pub(crate) struct Left {
    /// The channels that it wanted.
    pub(crate) channels: ChannelSet,
    /// Its group, if it was the last one there.
    pub(crate) emptied: Option<u32>,
}

impl Listeners {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.legs
    }

    /// A number for the next leg, unlike that of any leg that is here.
    pub(super) fn next_number(&self) -> u32 {
        self.next_leg
    }

    pub(super) fn insert(&mut self, leg: Leg, channels: &ChannelSet) {
        let id = leg.id();
        self.next_leg = self.next_leg.max(id.number.wrapping_add(1));
        for channel in channels {
            self.by_channel.entry(channel.clone()).or_default().insert(id.group);
        }
        let group = self.groups.entry(id.group);
        let group = group.or_insert_with(|| Group { channels: channels.clone(), legs: BTreeMap::new() });
        if group.legs.insert(id.number, leg).is_none() {
            self.legs += 1;
        }
    }

    pub(super) fn remove(&mut self, id: LegId) -> Option<Left> {
        let group = self.groups.get_mut(&id.group)?;
        group.legs.remove(&id.number)?;
        self.legs -= 1;
        let channels = group.channels.clone();
        let emptied = group.legs.is_empty().then_some(id.group);
        if emptied.is_some() {
            self.remove_group(id.group, &channels);
        }
        Some(Left { channels, emptied })
    }

    fn remove_group(&mut self, group: u32, channels: &ChannelSet) {
        self.groups.remove(&group);
        for channel in channels {
            if let Some(groups) = self.by_channel.get_mut(channel) {
                groups.remove(&group);
                if groups.is_empty() {
                    self.by_channel.remove(channel);
                }
            }
        }
    }

    /// Acts on a leg, if it is here; the set is that of its group.
    pub(super) fn with_leg<T>(&mut self, id: LegId, act: impl FnOnce(&mut Leg, &ChannelSet) -> T) -> Option<T> {
        let group = self.groups.get_mut(&id.group)?;
        group.legs.get_mut(&id.number).map(|leg| act(leg, &group.channels))
    }

    /// How many listen to a channel.
    pub(super) fn count(&self, channel: &ChannelName) -> u64 {
        self.groups_of(channel).map(|(_, group)| group.legs.len() as u64).sum()
    }

    /// The channels that anybody listens to.
    pub(super) fn channels(&self) -> impl Iterator<Item = &ChannelName> {
        self.by_channel.keys()
    }

    /// The groups that want a channel, with their ids.
    pub(super) fn groups_of(&self, channel: &ChannelName) -> impl Iterator<Item = (u32, &Group)> {
        let groups = self.by_channel.get(channel).into_iter().flatten();
        groups.filter_map(|id| self.groups.get(id).map(|group| (*id, group)))
    }

    /// The ids of all groups.
    pub(super) fn groups(&self) -> BTreeSet<u32> {
        self.groups.keys().copied().collect()
    }
}

impl Group {
    pub(super) fn channels(&self) -> &ChannelSet {
        &self.channels
    }
}
