//! The Durable Object of a session: that of the crate `cyclone-edge-sockjs`, which channels can call besides.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use std::time::Duration;

use cyclone_edge_sockjs::SessionObject;
use worker::{
    Delay, DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, durable_object,
    wasm_bindgen,
};

use super::{client::Client, service::mounts};
use crate::{
    error::Error,
    objects::{Batch, Delivery, answer, path, read_json},
};

/// How often, and how long after one another, a full session looks whether it has room: for less than a channel waits for an
/// answer.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// A session of a SockJS client, which follows the channels that the client subscribes to.
#[durable_object]
pub struct SockJsSession(SessionObject);

impl DurableObject for SockJsSession {
    fn new(state: State, env: Env) -> Self {
        Self(SessionObject::new(state, env, mounts))
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        if request.path() == path::DELIVER_TO_SESSION {
            return answer(self.deliver(&mut request).await);
        }
        self.0.fetch(request).await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.0.alarm().await
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        self.0.message(socket, message).await
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> worker::Result<()> {
        self.0.closed(socket, code).await
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> worker::Result<()> {
        self.0.broke_off(socket).await
    }
}

impl SockJsSession {
    /// Takes what a channel sends. It is not put in line with what the client says, which may be waiting for that channel.
    async fn deliver(&self, request: &mut Request) -> Result<Delivery, Error> {
        let batch: Batch = read_json(request).await?;
        let mut delivery = self.try_to_deliver(&batch).await?;
        for _ in 0..ATTEMPTS {
            if delivery != Delivery::Full {
                break;
            }
            // A client that takes what it gets has taken some by then.
            Delay::from(PAUSE).await;
            delivery = self.try_to_deliver(&batch).await?;
        }
        Ok(delivery)
    }

    async fn try_to_deliver(&self, batch: &Batch) -> Result<Delivery, Error> {
        let delivery = self.0.act(|connection| Client(connection).deliver(batch)).await?;
        Ok(delivery.unwrap_or(Delivery::Gone))
    }
}
