//! Tells the directory when counts change.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use cyclone_edge_protocol::{ChannelName, ChannelSet};
use worker::{Delay, Env, console_error};

use crate::{
    error::Error,
    objects::{DirectoryStub, Holder, Report},
};

/// How long to wait after each failed report. After the last the changes wait for the next one: a timer that went on
/// would keep a quiet object awake.
const BACKOFF: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(16)];

/// What an object has still to report. While a report is under way, further changes gather for the next one.
pub(super) struct Reporter {
    env: Env,
    holder: Holder,
    changed: RefCell<BTreeSet<ChannelName>>,
    sending: Cell<bool>,
}

impl Reporter {
    pub(super) fn new(env: Env, holder: Holder) -> Self {
        Self { env, holder, changed: RefCell::default(), sending: Cell::new(false) }
    }

    /// Notes that the counts of these channels changed; whether somebody has to [`send`](Self::send) now.
    pub(super) fn note(&self, channels: &ChannelSet) -> bool {
        self.changed.borrow_mut().extend(channels.iter().cloned());
        !self.sending.replace(true)
    }

    /// Reports what changed, until nothing is left to report.
    pub(super) async fn send(&self, count: impl Fn(&ChannelName) -> u64) {
        let mut backoff = BACKOFF.into_iter();
        loop {
            let changed = self.changed.take();
            if changed.is_empty() {
                break;
            }
            let counts = changed.iter().map(|channel| (channel.clone(), count(channel))).collect();
            if let Err(error) = self.report(Report { holder: self.holder.clone(), counts }).await {
                console_error!("listener counts were not reported: {error}");
                self.changed.borrow_mut().extend(changed);
                match backoff.next() {
                    Some(pause) => Delay::from(pause).await,
                    None => break,
                }
            }
        }
        self.sending.set(false);
    }

    async fn report(&self, report: Report) -> Result<(), Error> {
        DirectoryStub::of(&self.env)?.report(&report).await
    }
}
