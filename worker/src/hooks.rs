//! Where a user's crate takes part: who may listen, who may publish, what is published.

use cyclone_edge_protocol::{ChannelSet, EventName};
use worker::Request;

use crate::error::Error;

/// A message on its way to its channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Where it goes.
    pub channels: ChannelSet,
    /// Its SSE event type; `None` is the default type.
    pub event: Option<EventName>,
    /// Its payload.
    pub message: String,
}

/// Decisions that the hub leaves to its user. Each has a default that changes nothing.
///
/// A hook refuses with [`Error::refused`], which becomes the answer. It runs in the worker, before any object hears of
/// the request.
#[allow(async_fn_in_trait, reason = "the runtime has one thread")]
pub trait Hooks {
    /// May this request listen to these channels?
    ///
    /// # Errors
    /// The refusal.
    async fn authorize_subscriber(&self, _request: &Request, _channels: &ChannelSet) -> Result<(), Error> {
        Ok(())
    }

    /// May this request, which has shown a valid key, publish to these channels?
    ///
    /// # Errors
    /// The refusal.
    async fn authorize_publisher(&self, _request: &Request, _channels: &ChannelSet) -> Result<(), Error> {
        Ok(())
    }

    /// Inspects a message and gives back what is published in its place.
    ///
    /// # Errors
    /// The refusal.
    async fn inspect(&self, publication: Publication) -> Result<Publication, Error> {
        Ok(publication)
    }
}

/// The hooks of the default app: everything is as the settings say.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}
