//! Which service answers a request, and what each endpoint answers.

mod page;
mod random;
mod reply;

use std::rc::Rc;

use cyclone_edge_platform::{UnreadBody, query_of, read_request};
use cyclone_edge_protocol::sockjs::{Callback, Endpoint, SessionName};
use worker::{Env, Request, Response, console_error};

use self::{page::iframe, reply::Reply};
use crate::{
    ConnectionInfo, Failed, Jsessionid, Service, Settings, Transport, call,
    info::address_of,
    service::AnyService,
    session::Opening,
    transport::{Kind, Received, Wire, bridge, poll, stream},
};

/// A larger body is refused.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The services of an app.
#[derive(Default)]
pub struct Mounts(Vec<Rc<Mount>>);

pub(crate) struct Mount {
    pub(crate) prefix: String,
    pub(crate) settings: Settings,
    pub(crate) service: Box<dyn AnyService>,
}

impl Mounts {
    /// No service yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service under a prefix such as `/echo`.
    #[must_use]
    pub fn mount(mut self, prefix: &str, settings: Settings, service: impl Service + 'static) -> Self {
        let prefix = prefix.trim_end_matches('/').to_owned();
        self.0.push(Rc::new(Mount { prefix, settings, service: Box::new(service) }));
        self
    }

    pub(crate) fn named(&self, prefix: &str) -> Option<Rc<Mount>> {
        self.0.iter().find(|mount| mount.prefix == prefix).cloned()
    }

    /// Answers a request for one of the services; `None` for a path of nobody.
    ///
    /// # Errors
    /// When the runtime does not do as it should.
    pub async fn handle(&self, request: &Request, env: &Env) -> worker::Result<Option<Response>> {
        let path = request.path();
        let below = |mount: &Rc<Mount>| {
            let rest = path.strip_prefix(&mount.prefix)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (mount.clone(), rest.to_owned()))
        };
        let found = self.0.iter().filter_map(below).max_by_key(|(mount, _)| mount.prefix.len());
        let Some((mount, path)) = found else { return Ok(None) };
        // Not `Request::method`, which takes every method that it does not know for a GET.
        let method = request.inner().method();
        mount.answer(request, env, &method, &path).await.map(Some)
    }
}

impl Mount {
    async fn answer(&self, request: &Request, env: &Env, method: &str, path: &str) -> worker::Result<Response> {
        let Some(endpoint) = Endpoint::of(path).filter(|endpoint| self.offers(*endpoint)) else {
            return Reply::new(404).finish();
        };
        let is_get = matches!(method, "GET" | "HEAD");
        match endpoint {
            Endpoint::Greeting if is_get => Reply::new(200).text("Welcome to SockJS!\n"),
            Endpoint::Iframe if is_get => iframe(request, &self.settings.sockjs_url),
            Endpoint::Info if is_get => self.info(request),
            Endpoint::Info if method == "OPTIONS" => Reply::new(204).preflight(request, "OPTIONS, GET")?.finish(),
            Endpoint::RawWebSocket if method == "GET" => self.web_socket(request, env, Kind::Raw).await,
            Endpoint::Session(name, transport) if method == transport.method() => {
                self.session(request, env, name, transport).await
            }
            Endpoint::Session(_, transport) if transport.is_for_other_origins() && method == "OPTIONS" => {
                Reply::new(204).preflight(request, "OPTIONS, POST")?.finish()
            }
            Endpoint::Info => Reply::new(405).header("Allow", "OPTIONS, GET")?.finish(),
            Endpoint::Session(_, transport) if transport.is_for_other_origins() => {
                Reply::new(405).header("Allow", "OPTIONS, POST")?.finish()
            }
            Endpoint::Session(_, transport) => Reply::new(405).header("Allow", transport.method())?.finish(),
            _ => Reply::new(405).header("Allow", "GET")?.finish(),
        }
    }

    fn offers(&self, endpoint: Endpoint) -> bool {
        let transport = match endpoint {
            Endpoint::RawWebSocket => Transport::WebSocket,
            Endpoint::Session(_, transport) => transport,
            _ => return true,
        };
        !self.settings.disabled_transports.contains(&transport)
    }

    /// "Info test: `/info`"
    fn info(&self, request: &Request) -> worker::Result<Response> {
        let body = serde_json::json!({
            "websocket": !self.settings.disabled_transports.contains(&Transport::WebSocket),
            "origins": ["*:*"],
            "cookie_needed": self.settings.jsessionid != Jsessionid::Off,
            "entropy": random::entropy(),
        });
        let reply = Reply::new(200).not_cached()?.cors(request)?;
        reply.header("Content-Type", "application/json; charset=UTF-8")?.body(&body.to_string())
    }

    async fn session(
        &self,
        request: &Request,
        env: &Env,
        name: SessionName<'_>,
        transport: Transport,
    ) -> worker::Result<Response> {
        if transport == Transport::WebSocket {
            return self.web_socket(request, env, Kind::Socket).await;
        }
        let mut reply = Reply::new(200).not_cached()?.cookie(request, self.settings.jsessionid)?;
        // EventSource asks nobody before it crosses origins, but has to be allowed to read.
        if transport.is_for_other_origins() || transport == Transport::EventSource {
            reply = reply.cors(request)?;
        }
        let object = format!("{}/{name}", self.prefix);
        match transport {
            Transport::XhrSend | Transport::JsonpSend => self.send(request, env, &object, transport, reply).await,
            _ => self.receive(request, env, &object, transport, reply).await,
        }
    }

    async fn receive(
        &self,
        request: &Request,
        env: &Env,
        object: &str,
        transport: Transport,
        reply: Reply,
    ) -> worker::Result<Response> {
        let callback = match transport {
            Transport::HtmlFile | Transport::Jsonp => match Callback::of_query(query_of(&request.inner().url())) {
                Ok(callback) => callback.as_str().to_owned(),
                Err(why) => return reply.status(500).text(&why.to_string()),
            },
            _ => String::new(),
        };
        let Some(wire) = Wire::of(transport, &callback) else { return reply.status(404).finish() };
        let reply = reply.header("Content-Type", wire.content_type)?;
        let leg = match leg(request, env, object, wire.kind).await {
            Ok(leg) => leg,
            Err(why) => return unavailable(reply, &why),
        };
        let heartbeat = self.settings.heartbeat_delay;
        if wire.kind == Kind::Stream {
            return match stream(&leg, &wire, self.settings.response_limit, heartbeat) {
                Ok(body) => reply.stream(body),
                Err(why) => unavailable(reply, &why),
            };
        }
        match poll(&leg, &wire, heartbeat).await {
            Ok(Received::Whole(body)) => reply.body(&body),
            Ok(Received::Begun(body)) => reply.stream(body),
            Err(why) => unavailable(reply, &why),
        }
    }

    async fn send(
        &self,
        request: &Request,
        env: &Env,
        object: &str,
        transport: Transport,
        reply: Reply,
    ) -> worker::Result<Response> {
        let body = match read_request(request, MAX_BODY_BYTES).await {
            Ok(body) => body,
            Err(UnreadBody::TooLarge) => return reply.status(413).text("Payload too large."),
            Err(UnreadBody::TooSlow) => return reply.status(408).text("Payload too slow."),
            Err(UnreadBody::BrokenOff) => return reply.status(400).text("Payload broken off."),
            Err(why @ UnreadBody::NoRoom) => {
                console_error!("what a client sent was not read: {why}");
                return reply.status(503).header("Retry-After", "1")?.finish();
            }
        };
        let content_type = request.headers().get("Content-Type")?.unwrap_or_default();
        let is_jsonp = transport == Transport::JsonpSend;
        let kind = if is_jsonp { format!("jsonp {content_type}") } else { "xhr".to_owned() };
        let address = address_of(request);
        let answer = call::send(env, object, &body, &address, &kind).await;
        match answer {
            Ok(answer) if answer.status() == 200 && is_jsonp => reply.text("ok"),
            Ok(answer) if answer.status() == 200 => {
                reply.status(204).header("Content-Type", "text/plain; charset=UTF-8")?.finish()
            }
            Ok(answer) if answer.status() == 404 => reply.status(404).finish(),
            Ok(answer) => reply.status(answer.status()).text(&answer.text()),
            Err(why) => unavailable(reply, &why),
        }
    }

    /// "Normal requests to websocket should not succeed"; "some proxies and load balancers can rewrite 'Connection' header, in
    /// such case we must refuse connection".
    async fn web_socket(&self, request: &Request, env: &Env, kind: Kind) -> worker::Result<Response> {
        let header = |name: &str| request.headers().get(name).ok().flatten().map(|value| value.to_ascii_lowercase());
        if header("Upgrade").is_none_or(|upgrade| upgrade != "websocket") {
            return Reply::new(400).text("Can \"Upgrade\" only to \"WebSocket\".");
        }
        if header("Connection").is_some_and(|connection| !connection.contains("upgrade")) {
            return Reply::new(400).text("\"Connection\" must be \"Upgrade\".");
        }
        // No session that a client names has a dot in its name.
        let object = format!("{}/.{}", self.prefix, random::unique());
        let leg = match leg(request, env, &object, kind).await {
            Ok(leg) => leg,
            Err(why) => return unavailable(Reply::new(503), &why),
        };
        match bridge(&leg, kind == Kind::Raw, self.settings.heartbeat_delay) {
            Ok(theirs) => Response::from_websocket(theirs.into()),
            Err(why) => unavailable(Reply::new(503), &why),
        }
    }
}

async fn leg(request: &Request, env: &Env, object: &str, kind: Kind) -> Result<web_sys::WebSocket, Failed> {
    let opening = Opening { kind, info: ConnectionInfo::of(request) };
    let opening = serde_json::to_string(&opening).map_err(|error| Failed(error.to_string()))?;
    call::get_leg(env, object, &ascii(&opening)).await
}

/// JSON of the characters that a header may have.
fn ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for char in json.chars() {
        if char.is_ascii() && char != '\x7f' {
            ascii.push(char);
        } else {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

fn unavailable(reply: Reply, why: &Failed) -> worker::Result<Response> {
    console_error!("a session cannot be reached: {why}");
    reply.status(503).finish()
}
