//! Calls between the worker and its objects. How they are made is JavaScript: `call.js`.

use js_sys::Reflect;
use serde::Serialize;
use wasm_bindgen::prelude::*;
use worker::{Env, wasm_bindgen_futures::JsFuture};

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

#[wasm_bindgen(module = "/src/call.js")]
extern "C" {
    #[wasm_bindgen(js_name = stubOf, catch)]
    fn stub_of(namespace: &JsValue, name: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = post)]
    fn post_in_javascript(stub: &JsValue, path: &str, body: &JsValue, address: &str, kind: &str) -> js_sys::Promise;

    #[wasm_bindgen(js_name = getLeg)]
    fn get_leg_in_javascript(stub: &JsValue, path: &str, opening: &str) -> js_sys::Promise;

    /// What an object answers.
    pub(crate) type Answer;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn status(this: &Answer) -> u16;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn text(this: &Answer) -> String;
}

/// An object as its callers see it.
pub(crate) fn stub(env: &Env, binding: &str, name: &str) -> Result<JsValue, Failed> {
    let namespace = Reflect::get(env, &binding.into()).map_err(failed)?;
    if namespace.is_undefined() {
        return Err(Failed(format!("there is no binding {binding}")));
    }
    stub_of(&namespace, name).map_err(failed)
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
    let answer = post_raw(env, binding, name, path, &body.into(), "", "").await?;
    if answer.status() == 200 { Ok(()) } else { Err(Failed(format!("{path} answered {}", answer.status()))) }
}

/// Posts a body as it is, and returns any answer.
pub(crate) async fn post_raw(
    env: &Env,
    binding: &str,
    name: &str,
    path: &str,
    body: &JsValue,
    address: &str,
    kind: &str,
) -> Result<Answer, Failed> {
    let stub = stub(env, binding, name)?;
    let answer = JsFuture::from(post_in_javascript(&stub, path, body, address, kind)).await.map_err(failed)?;
    Ok(answer.unchecked_into())
}

/// Asks a session for a leg: a WebSocket over which it hands frames.
pub(crate) async fn get_leg(env: &Env, name: &str, opening: &str) -> Result<web_sys::WebSocket, Failed> {
    let stub = stub(env, SESSIONS, name)?;
    let leg = JsFuture::from(get_leg_in_javascript(&stub, path::RECEIVE, opening)).await.map_err(failed)?;
    Ok(leg.unchecked_into())
}

pub(crate) fn failed(error: JsValue) -> Failed {
    worker::Error::from(error).into()
}
