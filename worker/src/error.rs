//! What can go wrong with a request, and the one place that turns it into status and JSON.

use std::fmt;

use cyclone_edge_platform::CallFailed;
use cyclone_edge_protocol::{
    InvalidAgo, InvalidChannelSet, InvalidHistoryQuery, InvalidIdempotencyKey, InvalidPublishForm, InvalidToken,
    NotUtf8,
};
use serde_json::{Map, Value, json};
use worker::{Headers, Response, console_error, wasm_bindgen::JsValue};

use crate::{
    config::InvalidSetting,
    printed::{Printed, bounded},
};

/// A failed request: what the client is told, and the cause, which only the log gets.
#[derive(Debug)]
pub struct Error {
    status: u16,
    code: &'static str,
    message: String,
    details: Map<String, Value>,
    allow: Option<&'static str>,
    /// After how many seconds trying again may help.
    retry_after: Option<u64>,
    cause: Option<String>,
}

/// The code of [`Error::too_many_listeners`].
const TOO_MANY_LISTENERS: &str = "too_many_listeners";

impl Error {
    /// A refusal: a status from 400 to 499 (another is taken for the nearest of these), a code for programs and a
    /// sentence for people, of which 500 characters are told.
    pub fn refused(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: status.clamp(400, 499),
            code,
            message: message.into(),
            details: Map::new(),
            allow: None,
            retry_after: None,
            cause: None,
        }
    }

    /// 405, with the methods that the path does take.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let error = Self::refused(405, "method_not_allowed", format!("this path takes {allow}"));
        Self { allow: Some(allow), ..error }
    }

    /// 500: the hub's own fault.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self::failed(500, "internal", "the hub failed", cause)
    }

    /// 503: an object cannot serve the request now; trying again later may help.
    pub(crate) fn unavailable(cause: impl fmt::Display) -> Self {
        Self::failed(503, "unavailable", "the hub cannot serve this now", cause)
    }

    /// 429: more is published than a channel or a key may.
    pub(crate) fn too_many_publishes(wait_ms: u64) -> Self {
        let error = Self::refused(429, "too_many_publishes", "more is published than may be; try again later");
        Self { retry_after: Some(wait_ms.div_ceil(1_000)), ..error }
    }

    /// 503: an object holds as many listeners as it may. Those that are sent away are told to come back at different
    /// times.
    pub(crate) fn too_many_listeners() -> Self {
        let retry_after = Some(5 + (js_sys::Math::random() * 10.0) as u64);
        let message = "as many listen as may; try again later".to_owned();
        Self { status: 503, message, retry_after, ..Self::refused(400, TOO_MANY_LISTENERS, "") }
    }

    /// Whether this is [`Self::too_many_listeners`].
    pub(crate) fn is_too_many_listeners(&self) -> bool {
        self.code == TOO_MANY_LISTENERS
    }

    /// Whether the answer of an object is [`Self::too_many_listeners`].
    pub(crate) fn says_too_many_listeners(answer: &str) -> bool {
        let answer: Option<Value> = serde_json::from_str(answer).ok();
        answer.is_some_and(|answer| answer.pointer("/error/code").is_some_and(|code| code == TOO_MANY_LISTENERS))
    }

    /// 422: the idempotency key was given to another message. (The status is that of
    /// draft-ietf-httpapi-idempotency-key-header, section 2.7.)
    pub(crate) fn key_reused() -> Self {
        let message = "another message was published with this idempotency key";
        Self::refused(422, "idempotency_key_reused", message)
    }

    fn failed(status: u16, code: &'static str, message: &str, cause: impl fmt::Display) -> Self {
        let retry_after = (status == 503).then_some(1);
        let cause = Some(cause.to_string());
        Self { status, message: message.to_owned(), retry_after, cause, ..Self::refused(400, code, "") }
    }

    /// Whether an object could not serve the request, and trying again at once may help.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.code == "unavailable"
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Says it with other words.
    pub(crate) fn with_message(self, message: &str) -> Self {
        Self { message: message.to_owned(), ..self }
    }

    /// Adds a field beside code and message.
    pub(crate) fn with_detail(mut self, field: &str, value: Value) -> Self {
        self.details.insert(field.to_owned(), value);
        self
    }

    /// What the client is told: code, message and details. Logs the cause of a failure.
    pub(crate) fn tell(&mut self) -> Map<String, Value> {
        if let Some(cause) = self.cause.take() {
            console_error!("{} {}: {}", self.status, self.code, Printed(&cause));
        }
        let mut told = std::mem::take(&mut self.details);
        told.insert("code".to_owned(), self.code.into());
        told.insert("message".to_owned(), bounded(std::mem::take(&mut self.message)).into());
        told
    }

    /// The answer `{"error": {"code": ..., "message": ...}}`. Logs the cause of a failure.
    pub(crate) fn into_response(mut self) -> worker::Result<Response> {
        let body = json!({ "error": self.tell() });
        let headers = Headers::new();
        headers.set("Cache-Control", "no-store")?;
        if let Some(allow) = self.allow {
            headers.set("Allow", allow)?;
        }
        if let Some(challenge) = challenge(self.status, self.code) {
            headers.set("WWW-Authenticate", challenge)?;
        }
        if let Some(seconds) = self.retry_after {
            headers.set("Retry-After", &seconds.to_string())?;
        }
        Response::builder().with_status(self.status).with_headers(headers).from_json(&body)
    }
}

/// RFC 9110, section 15.5.2: a 401 names the scheme. RFC 6750, section 3.1: and what is wrong with the token, if there was
/// one.
fn challenge(status: u16, code: &str) -> Option<&'static str> {
    match (status, code) {
        (401, "invalid_token") => Some(r#"Bearer error="invalid_token""#),
        (401, _) => Some("Bearer"),
        (403, "forbidden_channel") => Some(r#"Bearer error="insufficient_scope""#),
        _ => None,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, Printed(self.cause.as_ref().unwrap_or(&self.message)))
    }
}

impl std::error::Error for Error {}

impl From<worker::Error> for Error {
    fn from(error: worker::Error) -> Self {
        Self::internal(error)
    }
}

/// What JavaScript throws.
impl From<JsValue> for Error {
    fn from(thrown: JsValue) -> Self {
        worker::Error::from(thrown).into()
    }
}

impl From<CallFailed> for Error {
    fn from(why: CallFailed) -> Self {
        match why {
            CallFailed::NoBinding(_) => Self::internal(why),
            CallFailed::Unavailable(why) => Self::unavailable(why),
        }
    }
}

/// 500, with the setting's name in the message, since whoever reads it is setting the hub up.
impl From<InvalidSetting> for Error {
    fn from(why: InvalidSetting) -> Self {
        Self::failed(500, "misconfigured", &why.to_string(), &why)
    }
}

impl From<InvalidChannelSet> for Error {
    fn from(why: InvalidChannelSet) -> Self {
        let code = match why {
            InvalidChannelSet::Empty => "no_channel",
            InvalidChannelSet::TooMany => "too_many_channels",
            InvalidChannelSet::Name(_) => "invalid_channel",
        };
        Self::refused(400, code, why.to_string())
    }
}

impl From<InvalidToken> for Error {
    fn from(why: InvalidToken) -> Self {
        Self::refused(401, "invalid_token", why.to_string())
    }
}

impl From<InvalidAgo> for Error {
    fn from(why: InvalidAgo) -> Self {
        Self::refused(400, "invalid_ago", why.to_string())
    }
}

impl From<InvalidHistoryQuery> for Error {
    fn from(why: InvalidHistoryQuery) -> Self {
        let code = match why {
            InvalidHistoryQuery::NoChannel => "no_channel",
            InvalidHistoryQuery::Channel(why) => return InvalidChannelSet::from(why).into(),
            InvalidHistoryQuery::Repeated(_) => "repeated_field",
            InvalidHistoryQuery::Since => "invalid_since",
            InvalidHistoryQuery::Limit => "invalid_limit",
            InvalidHistoryQuery::NotUtf8(why) => return why.into(),
        };
        Self::refused(400, code, why.to_string())
    }
}

impl From<NotUtf8> for Error {
    fn from(why: NotUtf8) -> Self {
        Self::refused(400, "not_utf8", why.to_string())
    }
}

impl From<InvalidIdempotencyKey> for Error {
    fn from(why: InvalidIdempotencyKey) -> Self {
        Self::refused(400, "invalid_idempotency_key", why.to_string())
    }
}

impl From<InvalidPublishForm> for Error {
    fn from(why: InvalidPublishForm) -> Self {
        let (status, code) = match why {
            InvalidPublishForm::Channels(why) => return why.into(),
            InvalidPublishForm::NotUtf8(why) => return why.into(),
            InvalidPublishForm::Missing("channel") => (400, "no_channel"),
            InvalidPublishForm::Missing(_) => (400, "missing_field"),
            InvalidPublishForm::Repeated(_) => (400, "repeated_field"),
            InvalidPublishForm::WrongType(..) => (400, "wrong_type"),
            InvalidPublishForm::MalformedJson { .. } => (400, "malformed_json"),
            InvalidPublishForm::Event(_) => (400, "invalid_event"),
            InvalidPublishForm::Id(why) => return why.into(),
            InvalidPublishForm::MessageTooLarge { .. } => (413, "too_large"),
        };
        Self::refused(status, code, why.to_string())
    }
}

/// For the handlers of objects that have nobody to answer: the runtime logs it.
impl From<Error> for worker::Error {
    fn from(error: Error) -> Self {
        Self::RustError(error.to_string())
    }
}
