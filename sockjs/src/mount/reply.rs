//! The headers of answers: caching, CORS, the cookie.

use std::fmt::Write as _;

use web_sys::ReadableStream;
use worker::{Headers, Request, Response, ResponseBody};

use crate::Jsessionid;

const YEAR_SECONDS: u32 = 31_536_000;
const NOT_CACHED: &str = "no-store, no-cache, no-transform, must-revalidate, max-age=0";

/// An answer in the making.
pub(super) struct Reply {
    status: u16,
    headers: Headers,
}

impl Reply {
    pub(super) fn new(status: u16) -> Self {
        Self { status, headers: Headers::new() }
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn header(self, name: &str, value: &str) -> worker::Result<Self> {
        self.headers.set(name, value)?;
        Ok(self)
    }

    pub(super) fn not_cached(self) -> worker::Result<Self> {
        self.header("Cache-Control", NOT_CACHED)
    }

    pub(super) fn cached(self) -> worker::Result<Self> {
        let mut cache_control = "public, max-age=".to_owned();
        let _ = write!(cache_control, "{YEAR_SECONDS}");
        let expires = js_sys::Date::now() + 1000.0 * f64::from(YEAR_SECONDS);
        let expires = js_sys::Date::new(&expires.into()).to_utc_string();
        self.header("Cache-Control", &cache_control)?.header("Expires", &String::from(expires))
    }

    /// Allows pages of any origin, with their cookies: "we must set allow-credentials".
    pub(super) fn cors(self, request: &Request) -> worker::Result<Self> {
        let reply = self.header("Vary", "Origin")?;
        match request.headers().get("Origin")? {
            Some(origin) => {
                reply.header("Access-Control-Allow-Origin", &origin)?.header("Access-Control-Allow-Credentials", "true")
            }
            None => reply.header("Access-Control-Allow-Origin", "*"),
        }
    }

    /// The answer to OPTIONS.
    pub(super) fn preflight(self, request: &Request, methods: &str) -> worker::Result<Self> {
        let reply = self
            .cached()?
            .cors(request)?
            .header("Access-Control-Allow-Methods", methods)?
            .header("Access-Control-Max-Age", &YEAR_SECONDS.to_string())?;
        match request.headers().get("Access-Control-Request-Headers")? {
            Some(wanted) if !wanted.is_empty() => reply.header("Access-Control-Allow-Headers", &wanted),
            _ => Ok(reply),
        }
    }

    /// "JSESSIONID cookie": the client's own value is sent back.
    pub(super) fn cookie(self, request: &Request, jsessionid: Jsessionid) -> worker::Result<Self> {
        let default = match jsessionid {
            Jsessionid::Off => return Ok(self),
            Jsessionid::On => "dummy",
            Jsessionid::Value(value) => value,
        };
        let cookies = request.headers().get("Cookie")?.unwrap_or_default();
        let own = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("JSESSIONID="));
        let value = own.filter(|own| !own.is_empty()).unwrap_or(default);
        self.header("Set-Cookie", &format!("JSESSIONID={value}; path=/"))
    }

    pub(super) fn text(self, text: &str) -> worker::Result<Response> {
        self.header("Content-Type", "text/plain; charset=UTF-8")?.body(text)
    }

    pub(super) fn body(self, body: &str) -> worker::Result<Response> {
        self.with(ResponseBody::Body(body.as_bytes().to_vec()))
    }

    pub(super) fn stream(self, body: ReadableStream) -> worker::Result<Response> {
        self.with(ResponseBody::Stream(body))
    }

    pub(super) fn finish(self) -> worker::Result<Response> {
        self.with(ResponseBody::Empty)
    }

    fn with(self, body: ResponseBody) -> worker::Result<Response> {
        Ok(Response::from_body(body)?.with_status(self.status).with_headers(self.headers))
    }
}
