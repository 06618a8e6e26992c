//! A SockJS server on Durable Objects: the whole of protocol 0.3.3, for any `sockjs-client`.
//!
//! An app implements [`Service`], mounts it under a prefix, and names the objects:
//!
//! ```ignore
//! struct Echo;
//!
//! impl Service for Echo {
//!     async fn message_received(&self, connection: &Connection, message: &Message) {
//!         connection.send(message);
//!     }
//! }
//!
//! fn mounts(_: &Env) -> Mounts {
//!     Mounts::new().mount("/echo", Settings::default(), Echo)
//! }
//!
//! cyclone_edge_sockjs::objects!(mounts);
//!
//! #[event(fetch)]
//! async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
//!     match mounts(&env).handle(&request, &env).await? {
//!         Some(response) => Ok(response),
//!         None => Response::error("Not Found", 404),
//!     }
//! }
//! ```
//!
//! and binds the classes `SockJsSession` and `SockJsService` as `SOCKJS_SESSIONS` and `SOCKJS_SERVICES`.
//!
//! - `service`, `connection`, `info`, `settings`: what an app sees
//! - `mount`: which service answers, and everything that needs no session
//! - `multiplex`: services for each topic over one connection
//! - `transport`: how frames look on each wire, and the worker's half of a session
//! - `session`: the object that is a session
//! - `registry`: the object that knows the sessions of a service
//! - `call`, `macros`: how objects are called and declared

mod call;
mod connection;
mod info;
mod macros;
mod mount;
mod multiplex;
mod registry;
mod service;
mod session;
mod settings;
mod transport;

pub use connection::{Connection, Failed, Recipients, tell};
pub use cyclone_edge_protocol::sockjs::{Message, Quote, Transport};
pub use info::ConnectionInfo;
pub use mount::Mounts;
pub use multiplex::{Channel, Multiplexer, TopicService};
pub use registry::RegistryObject;
pub use service::{Refusal, Service};
pub use session::SessionObject;
pub use settings::{Jsessionid, Settings};
/// For the code that [`objects!`] writes.
pub use worker;
