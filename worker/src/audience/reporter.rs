//! Tells the directory when counts change.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use cyclone_edge_protocol::ChannelName;
use worker::{Env, console_error};

use super::audience::Audience;
use crate::{
    objects::DirectoryStub,
    wire::{Holder, Report},
};

/// What an object has still to report. While a report is under way, further changes gather for the next one.
pub(crate) struct Reporter {
    holder: Holder,
    changed: RefCell<BTreeSet<ChannelName>>,
    reporting: Cell<bool>,
}

impl Reporter {
    pub(crate) fn new(holder: Holder) -> Self {
        Self { holder, changed: RefCell::default(), reporting: Cell::new(false) }
    }

    /// Reports how many listen to these channels now. A report that fails is made up for when the directory asks.
    pub(crate) async fn report<'a>(
        &self,
        env: &Env,
        audience: &Audience,
        channels: impl IntoIterator<Item = &'a ChannelName>,
    ) {
        self.changed.borrow_mut().extend(channels.into_iter().cloned());
        if self.reporting.replace(true) {
            return;
        }
        loop {
            let changed = self.changed.take();
            if changed.is_empty() {
                break;
            }
            let counts = changed.into_iter().map(|channel| (channel.clone(), audience.listeners(&channel))).collect();
            let report = Report { holder: self.holder.clone(), counts };
            let sent = match DirectoryStub::of(env) {
                Ok(directory) => directory.report(&report).await,
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                console_error!("listener counts were not reported: {error}");
                break;
            }
        }
        self.reporting.set(false);
    }
}
