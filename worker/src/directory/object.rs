//! The Durable Object of the directory: a thin shell that reads a request, calls plain code, and writes the answer.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use futures::{StreamExt, stream};
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, console_error, durable_object,
    wasm_bindgen,
};

use super::tally::Tally;
use crate::{
    clock::now_ms,
    config::Config,
    error::Error,
    objects::{Counts, Holder, HolderStub, Memory, Report, Wake, answer, path, read_json},
};

/// How many holders are asked for their counts when somebody asks for all counts.
const MAX_QUESTIONS: u64 = 500;
/// How many of them at the same time.
const QUESTIONS_AT_ONCE: usize = 16;

/// The object that knows who listens where.
#[durable_object]
pub struct Directory(Memory<Inner>);

struct Inner {
    env: Env,
    tally: Tally,
    /// Holders that are being asked for their counts, and the number of the question. Whoever reports meanwhile is taken
    /// out: its answer to the question may be out of date.
    asked: RefCell<BTreeMap<Holder, u64>>,
    questions: Cell<u64>,
}

impl DurableObject for Directory {
    fn new(state: State, env: Env) -> Self {
        Self(Memory::new(state, env))
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let inner = match self.0.get() {
            Ok(inner) => inner,
            Err(error) => return error.into_response(),
        };
        match request.path().as_str() {
            path::REPORT => answer(inner.report(&mut request).await),
            path::STATS => answer(inner.stats().await),
            unknown => Error::internal(format!("a directory knows no {unknown}")).into_response(),
        }
    }

    /// A directory sets no alarm.
    async fn alarm(&self) -> worker::Result<Response> {
        Response::empty()
    }

    /// A directory has no sockets.
    async fn websocket_message(&self, _: WebSocket, _: WebSocketIncomingMessage) -> worker::Result<()> {
        Ok(())
    }

    async fn websocket_close(&self, _: WebSocket, _: usize, _: String, _: bool) -> worker::Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> worker::Result<()> {
        Ok(())
    }
}

impl Wake for Inner {
    fn wake(state: &Rc<State>, env: &Env) -> Result<Self, Error> {
        let tally = Tally::open(state.storage().sql())?;
        Ok(Self { env: env.clone(), tally, asked: RefCell::default(), questions: Cell::default() })
    }
}

impl Inner {
    async fn report(&self, request: &mut Request) -> Result<(), Error> {
        let report: Report = read_json(request).await?;
        self.asked.borrow_mut().remove(&report.holder);
        self.tally.update(&report.holder, &report.counts, now_ms())
    }

    async fn stats(&self) -> Result<Counts, Error> {
        let config = Config::of(&self.env)?;
        let holders = self.tally.unconfirmed(config.stats_confirm_ms, now_ms(), MAX_QUESTIONS)?;
        stream::iter(holders).for_each_concurrent(QUESTIONS_AT_ONCE, |holder| self.confirm(holder)).await;
        self.tally.sums()
    }

    async fn ask(&self, holder: &Holder) -> Result<Counts, Error> {
        HolderStub::of(&self.env, holder)?.listeners().await
    }

    /// Asks a holder for its counts: one whose process was killed has none left, and cannot say so by itself.
    async fn confirm(&self, holder: Holder) {
        if self.asked.borrow().contains_key(&holder) {
            return;
        }
        let question = self.questions.get() + 1;
        self.questions.set(question);
        self.asked.borrow_mut().insert(holder.clone(), question);
        let answer = self.ask(&holder).await;
        let is_newest = self.asked.borrow().get(&holder) == Some(&question);
        if is_newest {
            self.asked.borrow_mut().remove(&holder);
        }
        let confirmed = match answer {
            Ok(counts) if is_newest => self.tally.replace(&holder, &counts, now_ms()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = confirmed {
            console_error!("the listener counts of {holder:?} were not confirmed: {error}");
        }
    }
}
