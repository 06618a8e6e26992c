//! A hub whose hooks panic when they are asked to: what a user's own fault does to everybody else is tested with it.

#![expect(clippy::panic, reason = "that is what it is for")]

use cyclone_edge::{App, Error, Hooks, Publication, protocol::ChannelSet};
pub use cyclone_edge::{Channel, Directory, Relay};
use worker::{Context, Env, Request, Response, event};

/// The message that is not published, and the channel that is not listened to.
const PANIC: &str = "panic";

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    App::new(Panicking).handle(request, &env).await
}

struct Panicking;

impl Hooks for Panicking {
    async fn authorize_subscriber(&self, _: &Request, channels: &ChannelSet) -> Result<(), Error> {
        if channels.iter().any(|channel| channel.as_str() == PANIC) {
            panic!("a listener asked for it");
        }
        Ok(())
    }

    async fn inspect(&self, publication: Publication) -> Result<Publication, Error> {
        if publication.message == PANIC {
            panic!("a publisher asked for it");
        }
        Ok(publication)
    }
}
