//! The Durable Object of the directory: a thin shell that reads a request, calls plain code, and writes the answer.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::{cell::RefCell, collections::BTreeMap};

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
    objects::{answer, listeners_of, path, read_json},
    wire::{Counts, Holder, Report},
};

/// How many holders are asked for their counts when somebody asks for all counts.
const MAX_QUESTIONS: u64 = 500;
/// How many of them at the same time.
const QUESTIONS_AT_ONCE: usize = 16;

/// The object that knows who listens where.
#[durable_object]
pub struct Directory {
    env: Env,
    tally: Result<Tally, String>,
    /// How many reports each holder has sent in this life: an answer that a report overtook is out of date.
    reports: RefCell<BTreeMap<Holder, u64>>,
}

impl DurableObject for Directory {
    fn new(state: State, env: Env) -> Self {
        // A constructor must not fail: what is wrong is told to whoever asks.
        let tally = Tally::open(state.storage().sql()).map_err(|error| error.to_string());
        Self { env, tally, reports: RefCell::default() }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        match request.path().as_str() {
            path::REPORT => answer(self.report(&mut request).await),
            path::STATS => answer(self.stats().await),
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

impl Directory {
    fn tally(&self) -> Result<&Tally, Error> {
        self.tally.as_ref().map_err(Error::internal)
    }

    async fn report(&self, request: &mut Request) -> Result<(), Error> {
        let report: Report = read_json(request).await?;
        *self.reports.borrow_mut().entry(report.holder.clone()).or_default() += 1;
        self.tally()?.update(&report.holder, &report.counts, now_ms())
    }

    async fn stats(&self) -> Result<Counts, Error> {
        let config = Config::of(&self.env).map_err(|why| Error::misconfigured(why.to_string()))?;
        let silent = self.tally()?.silent(now_ms().saturating_sub(config.stats_confirm_ms), MAX_QUESTIONS)?;
        stream::iter(silent).for_each_concurrent(QUESTIONS_AT_ONCE, |holder| self.confirm(holder)).await;
        self.tally()?.sums()
    }

    /// Asks a holder for its counts: one whose process was killed has none left, and cannot say so by itself.
    async fn confirm(&self, holder: Holder) {
        let reports = || self.reports.borrow().get(&holder).copied();
        let before = reports();
        let confirmed = match listeners_of(&self.env, &holder).await {
            Ok(_) if reports() != before => Ok(()),
            Ok(counts) => self.tally().and_then(|tally| tally.replace(&holder, &counts, now_ms())),
            Err(error) => Err(error),
        };
        if let Err(error) = confirmed {
            console_error!("the listener counts of {holder:?} were not confirmed: {error}");
        }
    }
}
