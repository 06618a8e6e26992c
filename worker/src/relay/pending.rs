//! Channels that listeners are about to be taken for: between the moment at which a listener asks for its channels and
//! the one at which it is there.
//!
//! A channel that is pending is not unfollowed when its last listener leaves. One listener at a time asks it to send its
//! messages here; others that want it wait for their turn, and find it followed. While it is being asked, its first batch
//! can overtake its answer.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};

use cyclone_edge_protocol::{ChannelName, ChannelSet};
use futures::lock::{Mutex, OwnedMutexGuard};

/// The channels that are pending.
#[derive(Default)]
pub(super) struct Pending {
    /// The last epoch given to a follow.
    last_epoch: Cell<u64>,
    channels: RefCell<BTreeMap<ChannelName, Wanted>>,
}

#[derive(Default)]
struct Wanted {
    listeners: u32,
    turn: Arc<Mutex<()>>,
    /// The epoch of the follow that has no answer yet.
    asked: Option<u64>,
}

impl Pending {
    /// A listener wants these channels, until [`end`](Self::end).
    pub(super) fn begin(&self, channels: &ChannelSet) {
        let mut pending = self.channels.borrow_mut();
        for channel in channels {
            pending.entry(channel.clone()).or_default().listeners += 1;
        }
    }

    pub(super) fn end(&self, channels: &ChannelSet) {
        let mut pending = self.channels.borrow_mut();
        for channel in channels {
            if let Some(wanted) = pending.get_mut(channel) {
                wanted.listeners -= 1;
                if wanted.listeners == 0 {
                    pending.remove(channel);
                }
            }
        }
    }

    pub(super) fn has(&self, channel: &ChannelName) -> bool {
        self.channels.borrow().contains_key(channel)
    }

    /// Waits for the turn to see whether a channel is followed, and to ask it if it is not.
    pub(super) async fn turn(&self, channel: &ChannelName) -> Option<OwnedMutexGuard<()>> {
        let turn = self.channels.borrow().get(channel)?.turn.clone();
        Some(turn.lock_owned().await)
    }

    /// A channel is asked now: returns the epoch of the follow, larger than any before it.
    pub(super) fn ask(&self, channel: &ChannelName, now_ms: u64) -> u64 {
        self.note_epoch(now_ms.max(self.last_epoch.get() + 1));
        let epoch = self.last_epoch.get();
        self.set_asked(channel, Some(epoch));
        epoch
    }

    /// A channel has answered, or cannot be reached.
    pub(super) fn answered(&self, channel: &ChannelName) {
        self.set_asked(channel, None);
    }

    /// The epoch of the follow that a channel is asked for at this moment.
    pub(super) fn asked(&self, channel: &ChannelName) -> Option<u64> {
        self.channels.borrow().get(channel)?.asked
    }

    /// Takes note of an epoch that was given in an earlier life of the relay.
    pub(super) fn note_epoch(&self, epoch: u64) {
        self.last_epoch.set(self.last_epoch.get().max(epoch));
    }

    fn set_asked(&self, channel: &ChannelName, asked: Option<u64>) {
        if let Some(wanted) = self.channels.borrow_mut().get_mut(channel) {
            wanted.asked = asked;
        }
    }
}
