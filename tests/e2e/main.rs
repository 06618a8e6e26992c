//! End-to-end tests: each module holds up one part of the promise, against the real worker in the real runtime.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "tests may panic")]

mod ago;
mod bad_input;
mod behind_nginx;
mod bench;
mod bridge;
mod browser;
mod cli;
mod crowds;
mod durability;
mod event_source;
mod eviction;
mod examples;
mod fallback;
mod faults;
mod framing;
mod history;
mod hooks;
mod hostile;
mod idempotency;
mod jquery;
mod long_poll;
mod one_tag;
mod overload;
mod package;
mod panic;
mod presence;
mod publish;
mod readme;
mod relay;
mod requests;
mod resume;
mod rights;
mod self_host;
mod settings;
mod slow_listeners;
mod storage;
mod token_renewal;
mod wire;
