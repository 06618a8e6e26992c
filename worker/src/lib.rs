//! Cyclone Edge: a Server-Sent-Events broadcasting hub on Cloudflare Workers and Durable Objects.
//!
//! This crate is the default app and a library to build one's own on: depend on it without default features, implement
//! [`Hooks`], answer with [`App::handle`], and re-export the objects [`Channel`], [`Relay`], [`Directory`] and, for the
//! bridge, [`SockJsSession`].
//!
//! The layers, each of which knows only those below it:
//!
//! - `app`: the table of routes
//! - `subscribe`, `publish`, `history`, `stats`, `media`: the routes; `channel`, `relay`, `directory`: the objects
//! - `bridge`: channels for clients of SockJS, and the object of a session
//! - `rights`: who may do what
//! - `audience`: the listeners that a channel or relay holds; `objects`: how objects are called
//! - `hooks`, `config`, `http`, `clock`, `error`, `printed`: what several of them need
//!
//! The rules that need no runtime are in the crate `cyclone-edge-protocol`.

mod app;
mod audience;
mod bridge;
mod channel;
mod clock;
mod config;
mod directory;
mod error;
mod history;
mod hooks;
mod http;
mod media;
mod objects;
mod printed;
mod publish;
mod relay;
mod rights;
mod stats;
mod subscribe;

pub use app::App;
pub use bridge::SockJsSession;
pub use channel::Channel;
pub use cyclone_edge_protocol as protocol;
pub use directory::Directory;
pub use error::Error;
pub use hooks::{Hooks, NoHooks, Publication};
pub use relay::Relay;

/// The entry point of the default app.
#[cfg(feature = "app")]
#[worker::event(fetch)]
async fn fetch(request: worker::Request, env: worker::Env, _: worker::Context) -> worker::Result<worker::Response> {
    App::<NoHooks>::default().with_bridge().handle(request, &env).await
}
