//! The calls that a service has yet to get, in their order. They are made one after another, by whichever event comes first.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
};

use futures::channel::oneshot;
use worker::console_error;

use super::{
    Session,
    store::{Kept, Phase},
};
use crate::{Connection, Message, call::path};

/// A call to the service.
pub(super) enum Job {
    Made,
    Messages(Vec<Message>),
    Told(String),
    Woken,
    Lost,
}

/// A client that sends faster than its service hears is cut when so many calls wait, or so many bytes of messages.
const MAX_WAITING: usize = 4096;
const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;

/// How often a call that was interrupted is made again.
const MAX_ATTEMPTS: u8 = 3;

impl Job {
    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        match self {
            Self::Messages(messages) => {
                messages.iter().map(|message| size_of::<Message>() + message.as_str().len()).sum()
            }
            Self::Told(what) => what.len(),
            Self::Made | Self::Woken | Self::Lost => 0,
        }
    }
}

#[derive(Default)]
pub(super) struct Jobs {
    waiting: RefCell<VecDeque<(Job, oneshot::Sender<()>)>>,
    waiting_bytes: Cell<usize>,
    is_running: Cell<bool>,
}

impl Jobs {
    pub(super) fn push(&self, job: Job) {
        drop(self.push_and_hear(job));
    }

    /// The receiver resolves when the call was made.
    pub(super) fn push_and_hear(&self, job: Job) -> oneshot::Receiver<()> {
        let (done, hear) = oneshot::channel();
        self.waiting_bytes.set(self.waiting_bytes.get() + job.bytes());
        self.waiting.borrow_mut().push_back((job, done));
        hear
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.borrow().len() >= MAX_WAITING || self.waiting_bytes.get() >= MAX_WAITING_BYTES
    }

    fn next(&self) -> Option<(Job, oneshot::Sender<()>)> {
        let next = self.waiting.borrow_mut().pop_front()?;
        self.waiting_bytes.set(self.waiting_bytes.get().saturating_sub(next.0.bytes()));
        Some(next)
    }
}

impl Session {
    /// Puts in line what the service had yet to hear when this object was last in memory: the runtime was killed, or a panic
    /// took the object. Where it was the call itself that panicked, it would panic again and again: that is given up.
    pub(super) fn take_up_jobs(&self) {
        let (is_unmade, is_lost, attempts) = {
            let kept = self.kept.borrow();
            let is_lost = matches!(kept.phase, Phase::Closed { .. });
            (kept.is_known && kept.is_unmade, kept.is_known && is_lost, kept.attempts)
        };
        if !is_unmade && !is_lost {
            return;
        }
        if attempts >= MAX_ATTEMPTS {
            console_error!("a service does not hear of a connection: its call was interrupted {attempts} times");
            return self.change(|kept| {
                let (code, reason) = (1011, "The service failed".to_owned());
                *kept = Kept { phase: Phase::Closed { code, reason }, info: kept.info.clone(), ..Kept::default() };
            });
        }
        self.change(|kept| kept.attempts += 1);
        if is_unmade {
            self.jobs.push(Job::Made);
        }
        if is_lost {
            self.jobs.push(Job::Lost);
        }
    }

    /// Makes the calls that wait, unless another event does already.
    pub(super) async fn run_jobs(self: &Rc<Self>) {
        if self.jobs.is_running.replace(true) {
            return;
        }
        while let Some((job, done)) = self.jobs.next() {
            self.run(job).await;
            // Nobody may be waiting to hear it.
            let _ = done.send(());
        }
        self.jobs.is_running.set(false);
    }

    async fn run(self: &Rc<Self>, job: Job) {
        let (service, connection) = (&*self.mount.service, Connection(self.clone()));
        // A connection that is over is made all the same, so that each that is lost was made.
        let concerns_all = matches!(job, Job::Made | Job::Lost) && self.kept.borrow().is_known;
        if !self.is_open() && !concerns_all {
            return;
        }
        match job {
            Job::Made => {
                if service.is_broadcasting() {
                    self.enter_registry(path::ENTER).await;
                }
                let info = self.info();
                let made = self.flushing(service.made(&connection, &info)).await;
                self.change(|kept| (kept.is_unmade, kept.attempts) = (false, 0));
                if let Err(refusal) = made {
                    self.close(refusal.code, &refusal.reason);
                }
            }
            Job::Messages(messages) => {
                let hear_all = async {
                    for message in &messages {
                        if self.is_open() {
                            service.received(&connection, message).await;
                        }
                    }
                };
                self.flushing(hear_all).await;
            }
            Job::Told(what) => self.flushing(service.told(&connection, &what)).await,
            Job::Woken => self.flushing(service.woken(&connection)).await,
            Job::Lost => {
                self.flushing(service.lost(&connection)).await;
                self.change(|kept| kept.is_known = false);
                if service.is_broadcasting() {
                    self.enter_registry(path::LEAVE).await;
                }
            }
        }
    }

    /// What a call sends goes out whenever it waits for something, and when it is through: what it sends in one go is one
    /// frame.
    async fn flushing<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        poll_fn(|context| {
            let poll = call.as_mut().poll(context);
            self.flush();
            poll
        })
        .await
    }
}
