//! Calls between workers and objects. How they are made is JavaScript: see `call.js` for why.

use std::fmt;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::ReadableStream;
use worker::{Env, Headers, wasm_bindgen_futures::JsFuture};

#[wasm_bindgen(module = "/src/call.js")]
extern "C" {
    #[wasm_bindgen(js_name = stubOf, catch)]
    fn stub_of(namespace: &JsValue, name: &str, location_hint: Option<&str>) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = ask)]
    fn ask_in_javascript(
        stub: &JsValue,
        path: &str,
        body: &JsValue,
        headers: Option<&web_sys::Headers>,
    ) -> js_sys::Promise;

    #[wasm_bindgen(js_name = post)]
    fn post_in_javascript(stub: &JsValue, path: &str, body: &JsValue) -> js_sys::Promise;

    #[wasm_bindgen(js_name = poster)]
    fn poster_in_javascript(namespace: &JsValue, name: &str, path: &str, body: &JsValue) -> Function;

    #[wasm_bindgen(js_name = getLeg)]
    fn get_leg_in_javascript(
        stub: &JsValue,
        path_and_query: &str,
        headers: Option<&web_sys::Headers>,
    ) -> js_sys::Promise;

    /// What an object answers.
    pub type Answer;

    /// Its status.
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Answer) -> u16;

    /// Its body.
    #[wasm_bindgen(method, getter)]
    pub fn text(this: &Answer) -> String;

    /// What an object answers to a request for a leg.
    pub type LegAnswer;

    /// Its status: 101 or 200 with a leg.
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &LegAnswer) -> u16;

    /// The leg, where it is a WebSocket, which is not accepted yet.
    #[wasm_bindgen(method, getter, js_name = webSocket)]
    pub fn web_socket(this: &LegAnswer) -> Option<web_sys::WebSocket>;

    /// The leg, where it is a stream.
    #[wasm_bindgen(method, getter)]
    pub fn body(this: &LegAnswer) -> Option<ReadableStream>;

    /// The body of a refusal.
    #[wasm_bindgen(method, getter)]
    pub fn text(this: &LegAnswer) -> String;
}

/// An object as its callers see it.
pub struct Stub(JsValue);

impl Stub {
    /// The object of this name; the hint says where to make it, if it has to be made.
    ///
    /// # Errors
    /// Where there is no such binding.
    pub fn of(env: &Env, binding: &str, name: &str, location_hint: Option<&str>) -> Result<Self, CallFailed> {
        Ok(Self(stub_of(&namespace(env, binding)?, name, location_hint)?))
    }

    /// Posts a body, and returns that of the answer.
    ///
    /// # Errors
    /// When the answer is not 200, or does not come within 10 seconds.
    pub async fn post(&self, path: &str, body: &JsValue) -> Result<String, CallFailed> {
        let answer = JsFuture::from(post_in_javascript(&self.0, path, body)).await?;
        Ok(answer.as_string().unwrap_or_default())
    }

    /// Posts a body, with headers or without, and returns any answer.
    ///
    /// # Errors
    /// When none comes within 10 seconds.
    pub async fn ask(&self, path: &str, body: &JsValue, headers: Option<&Headers>) -> Result<Answer, CallFailed> {
        let headers = headers.map(|headers| &headers.0);
        Ok(JsFuture::from(ask_in_javascript(&self.0, path, body, headers)).await?.unchecked_into())
    }

    /// Asks for a leg: a WebSocket, or a body without end.
    ///
    /// # Errors
    /// When no answer comes within 10 seconds.
    pub async fn get_leg(&self, path_and_query: &str, headers: Option<&Headers>) -> Result<LegAnswer, CallFailed> {
        let headers = headers.map(|headers| &headers.0);
        Ok(JsFuture::from(get_leg_in_javascript(&self.0, path_and_query, headers)).await?.unchecked_into())
    }
}

/// A function of JavaScript that posts a body to the object of this name: it outlives a panic.
///
/// # Errors
/// Where there is no such binding.
pub fn poster(env: &Env, binding: &str, name: &str, path: &str, body: &JsValue) -> Result<Function, CallFailed> {
    Ok(poster_in_javascript(&namespace(env, binding)?, name, path, body))
}

fn namespace(env: &Env, binding: &str) -> Result<JsValue, CallFailed> {
    let namespace = Reflect::get(env, &binding.into())?;
    if namespace.is_undefined() {
        return Err(CallFailed::NoBinding(binding.to_owned()));
    }
    Ok(namespace)
}

/// Why an object was not reached.
#[derive(Debug)]
pub enum CallFailed {
    /// The app has no binding of this name: it is not set up as it should be.
    NoBinding(String),
    /// The object did not answer, or not as it should; trying again may help.
    Unavailable(worker::Error),
}

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBinding(binding) => write!(f, "there is no binding {binding}"),
            Self::Unavailable(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for CallFailed {}

/// What JavaScript throws.
impl From<JsValue> for CallFailed {
    fn from(thrown: JsValue) -> Self {
        Self::Unavailable(thrown.into())
    }
}
