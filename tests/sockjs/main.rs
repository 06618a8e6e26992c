//! A SockJS server as its protocol has it, version 0.3.3: the app of `examples/sockjs-echo` under the real runtime.
//!
//! Each endpoint has a file, whose tests are written from the protocol's text. They speak bytes on sockets, since a client
//! that is in order would hide what a server does wrong:
//!
//! - `wire`: requests as they are written, answers read to the byte and to the chunk
//! - `conversation`: a session over the transports that are HTTP
//! - `web_socket`: the transports that are WebSockets
//!
//! What an app has of its connections is in `service_calls`, `settings` and `topics`, with the services of `tests/recorder`.
//! The clients that people use are in `clients`, many sessions at once in `crowd`, the apps of other examples in `examples`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod abort;
mod bad_input;
mod bounds;
mod clients;
mod conversation;
mod cookies;
mod cors;
mod crowd;
mod escaping;
mod eventsource;
mod examples;
mod greeting;
mod htmlfile;
mod iframe;
mod info;
mod jsonp;
mod raw_websocket;
mod recorder;
mod response_limit;
mod service_calls;
mod services;
mod session;
mod settings;
mod topics;
mod web_socket;
mod websocket;
mod wire;
mod xhr;
mod xhr_streaming;
