//! A hub whose hooks panic when they are asked to: what a user's own fault does to everybody else is tested with it. Its
//! relays can be cut off from the channels, as those in other places may be.

#![expect(clippy::panic, reason = "that is what it is for")]
#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::sync::atomic::{AtomicBool, Ordering};

use cyclone_edge::{App, Error, Hooks, Publication, protocol::ChannelSet};
pub use cyclone_edge::{Channel, Directory, Relay, SockJsSession};
use worker::{
    Context, DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, durable_object, event,
    wasm_bindgen,
};

/// The message that is not published, and the channel that is not listened to.
const PANIC: &str = "panic";
/// The channels that are not listened to either: what is sent to relays is lost from the one to the other.
const CUT_OFF: &str = "cut-off";
const BACK: &str = "back";

/// Whether what is sent to relays is lost. One isolate serves all objects; after a panic it begins anew.
static RELAYS_ARE_CUT_OFF: AtomicBool = AtomicBool::new(false);

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    App::new(Panicking).handle(request, &env).await
}

struct Panicking;

impl Hooks for Panicking {
    async fn authorize_subscriber(&self, _: &Request, channels: &ChannelSet) -> Result<(), Error> {
        for channel in channels {
            match channel.as_str() {
                PANIC => panic!("a listener asked for it"),
                CUT_OFF => RELAYS_ARE_CUT_OFF.store(true, Ordering::Relaxed),
                BACK => RELAYS_ARE_CUT_OFF.store(false, Ordering::Relaxed),
                _ => {}
            }
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

/// A relay that can be cut off.
#[durable_object]
pub struct DistantRelay(Relay);

impl DurableObject for DistantRelay {
    fn new(state: State, env: Env) -> Self {
        Self(<Relay as DurableObject>::new(state, env))
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        if request.path() == "/deliver" && RELAYS_ARE_CUT_OFF.load(Ordering::Relaxed) {
            return Response::error("cut off", 500);
        }
        DurableObject::fetch(&self.0, request).await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        DurableObject::alarm(&self.0).await
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        DurableObject::websocket_message(&self.0, socket, message).await
    }

    async fn websocket_close(
        &self,
        socket: WebSocket,
        code: usize,
        reason: String,
        was_clean: bool,
    ) -> worker::Result<()> {
        DurableObject::websocket_close(&self.0, socket, code, reason, was_clean).await
    }

    async fn websocket_error(&self, socket: WebSocket, error: worker::Error) -> worker::Result<()> {
        DurableObject::websocket_error(&self.0, socket, error).await
    }
}
