//! Calls between workers and objects. How they are made is JavaScript: see `call.js` for why.

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::ReadableStream;
use worker::{Env, wasm_bindgen_futures::JsFuture};

use crate::error::Error;

#[wasm_bindgen(module = "/src/objects/call.js")]
extern "C" {
    #[wasm_bindgen(js_name = stubOf, catch)]
    fn stub_of(namespace: &JsValue, name: &str, location_hint: Option<&str>) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = post)]
    fn post_in_javascript(stub: &JsValue, path: &str, body: &JsValue) -> js_sys::Promise;

    #[wasm_bindgen(js_name = poster)]
    fn poster_in_javascript(namespace: &JsValue, name: &str, path: &str, body: &JsValue) -> Function;

    #[wasm_bindgen(js_name = getLeg)]
    fn get_leg_in_javascript(stub: &JsValue, path_and_query: &str) -> js_sys::Promise;

    /// What an object answers to a request for a leg.
    pub(super) type LegAnswer;

    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &LegAnswer) -> u16;

    #[wasm_bindgen(method, getter, js_name = webSocket)]
    pub(super) fn web_socket(this: &LegAnswer) -> Option<web_sys::WebSocket>;

    #[wasm_bindgen(method, getter)]
    pub(super) fn body(this: &LegAnswer) -> Option<ReadableStream>;

    /// The body of a refusal.
    #[wasm_bindgen(method, getter)]
    pub(super) fn text(this: &LegAnswer) -> String;
}

/// An object as its callers see it.
pub(super) struct Stub(JsValue);

impl Stub {
    /// The object of this name; the hint says where to make it, if it has to be made.
    pub(super) fn of(env: &Env, binding: &str, name: &str, location_hint: Option<&str>) -> Result<Self, Error> {
        stub_of(&namespace(env, binding)?, name, location_hint).map(Self).map_err(failed)
    }

    /// Posts a body, and returns that of the answer.
    ///
    /// # Errors
    /// 503 when the answer is not 200, or does not come in time.
    pub(super) async fn post(&self, path: &str, body: &JsValue) -> Result<String, Error> {
        let answer = JsFuture::from(post_in_javascript(&self.0, path, body)).await.map_err(failed)?;
        answer.as_string().ok_or_else(|| Error::internal("an answer is no text"))
    }

    /// Asks for a leg.
    ///
    /// # Errors
    /// 503 when the answer does not come in time.
    pub(super) async fn get_leg(&self, path_and_query: &str) -> Result<LegAnswer, Error> {
        let answer = JsFuture::from(get_leg_in_javascript(&self.0, path_and_query)).await.map_err(failed)?;
        Ok(answer.unchecked_into())
    }
}

/// A function of JavaScript that posts a body to the object of this name: it outlives a panic.
pub(super) fn poster(env: &Env, binding: &str, name: &str, path: &str, body: &JsValue) -> Result<Function, Error> {
    Ok(poster_in_javascript(&namespace(env, binding)?, name, path, body))
}

fn namespace(env: &Env, binding: &str) -> Result<JsValue, Error> {
    let namespace = Reflect::get(env, &binding.into()).map_err(failed)?;
    if namespace.is_undefined() {
        return Err(Error::internal(format!("there is no binding {binding}")));
    }
    Ok(namespace)
}

fn failed(error: JsValue) -> Error {
    Error::unavailable(worker::Error::from(error))
}
