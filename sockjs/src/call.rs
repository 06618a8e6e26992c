//! What the objects of the app ask of each other.

use cyclone_edge_platform::{Answer, Stub};
use serde::Serialize;
use worker::{Env, Headers, wasm_bindgen::JsValue};

use crate::Failed;

/// The binding of the sessions.
pub(crate) const SESSIONS: &str = "SOCKJS_SESSIONS";
/// The binding of the registries.
pub(crate) const SERVICES: &str = "SOCKJS_SERVICES";

/// The paths of internal requests.
pub(crate) mod path {
    pub(crate) const RECEIVE: &str = "/receive";
    pub(crate) const SEND: &str = "/send";
    pub(crate) const TELL: &str = "/tell";
    pub(crate) const DELIVER: &str = "/deliver";
    pub(crate) const BROADCAST: &str = "/broadcast";
    pub(crate) const ENTER: &str = "/enter";
    pub(crate) const LEAVE: &str = "/leave";
}

/// The headers of internal requests, beside bodies that stay as a client sent them.
pub(crate) mod header {
    /// The address of the client that sends.
    pub(crate) const ADDRESS: &str = "SockJS-Address";
    /// `xhr`, or `jsonp` and the content type: how to read the body.
    pub(crate) const KIND: &str = "SockJS-Kind";
    /// JSON of what a leg is opened with.
    pub(crate) const OPENING: &str = "SockJS-Opening";
}

/// Posts something to an object.
///
/// # Errors
/// When it does not answer 200, or not in time.
pub(crate) async fn post(
    env: &Env,
    binding: &str,
    name: &str,
    path: &str,
    body: &impl Serialize,
) -> Result<(), Failed> {
    let body = serde_json::to_string(body).map_err(|error| Failed(error.to_string()))?;
    Stub::of(env, binding, name, None)?.post(path, &body.into()).await?;
    Ok(())
}

/// Hands a session a message for its client, as JSON. Returns whether the session is open.
pub(crate) async fn deliver(env: &Env, session: &str, message: &str) -> Result<bool, Failed> {
    let answer = Stub::of(env, SESSIONS, session, None)?.ask(path::DELIVER, &message.into(), None).await?;
    Ok(answer.status() != 404)
}

/// Hands a session what its client sent, and returns any answer.
pub(crate) async fn send(
    env: &Env,
    session: &str,
    body: &JsValue,
    address: &str,
    kind: &str,
) -> Result<Answer, Failed> {
    let headers = Headers::new();
    headers.set(header::ADDRESS, address)?;
    headers.set(header::KIND, kind)?;
    Ok(Stub::of(env, SESSIONS, session, None)?.ask(path::SEND, body, Some(&headers)).await?)
}

/// Asks a session for a leg: a WebSocket over which it hands frames.
pub(crate) async fn get_leg(env: &Env, session: &str, opening: &str) -> Result<web_sys::WebSocket, Failed> {
    let headers = Headers::new();
    headers.set(header::OPENING, opening)?;
    let answer = Stub::of(env, SESSIONS, session, None)?.get_leg(path::RECEIVE, Some(&headers)).await?;
    answer.web_socket().ok_or_else(|| Failed(format!("no leg: the session answered {}", answer.status())))
}
