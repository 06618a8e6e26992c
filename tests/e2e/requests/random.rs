//! Requests as nobody should send them, and as everybody may.
//!
//! Half of them are nearly right: they get past the door and reach objects. What is random in the others is anything.

use std::fmt;

use harness::KEY;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    string::string_regex,
};

use super::framing::{Framing, framing};

/// A request as bytes.
#[derive(Clone)]
pub(super) struct RandomRequest {
    pub(super) method: Vec<u8>,
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    version: &'static str,
    body: Vec<u8>,
    framing: Framing,
}

impl RandomRequest {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.method[..], b" ", &self.target, b" ", self.version.as_bytes(), b"\r\n"].concat();
        let framing = self.framing.headers(&self.body);
        for (name, value) in self.headers.iter().chain(&framing) {
            bytes.extend([&name[..], b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
        bytes.extend(self.framing.body(&self.body));
        bytes
    }

    /// Whether it is for the bridge, which speaks the protocol of SockJS.
    pub(super) fn is_for_sockjs(&self) -> bool {
        self.target.starts_with(b"/sockjs")
    }

    /// Whether a server that has read all this waits for nothing more.
    pub(super) fn is_whole(&self) -> bool {
        self.framing.is_whole()
    }
}

impl fmt::Debug for RandomRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} request \"{}\"", if self.is_whole() { "whole" } else { "broken" }, self.bytes().escape_ascii())
    }
}

type Bytes = BoxedStrategy<Vec<u8>>;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json; charset=utf-8";

/// Any request.
pub(super) fn requests() -> impl Strategy<Value = RandomRequest> {
    let version =
        prop_oneof![40 => Just("HTTP/1.1"), 1 => select(vec!["HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "", "\u{fffd}"])];
    let headers = (host(), vec(header(), 0..5));
    (shape(), headers, version, framing()).prop_map(|(shape, (host, odd), version, framing)| {
        let (method, target, own, body) = shape;
        let headers = host.into_iter().chain(own).chain(odd).collect();
        RandomRequest { method, target, headers, version, body, framing }
    })
}

type Headers = Vec<(Vec<u8>, Vec<u8>)>;
type Shape = (Vec<u8>, Vec<u8>, Headers, Vec<u8>);

fn shape() -> impl Strategy<Value = Shape> {
    let addressed = (channels(), vec(parameter(), 0..3))
        .prop_map(|(names, rest)| [vec![[bytes("?channels="), names].concat()], rest].concat().join(&b'&'));
    let listen = (path(&["/", "/sse", "/sse/"]), prop_oneof![3 => addressed, 1 => query()], vec(cursor_header(), 0..2))
        .prop_map(|(path, query, headers)| (b"GET".to_vec(), [path, query].concat(), headers, Vec::new()));
    let history = (path(&["/history"]), query())
        .prop_map(|(path, query)| (b"GET".to_vec(), [path, query].concat(), Vec::new(), Vec::new()));
    let publish = (prop_oneof![4 => Just(Vec::new()), 1 => query()], key(), content_type(FORM), form()).prop_map(
        |(query, key, content_type, form)| {
            (b"POST".to_vec(), [b"/publish".to_vec(), query].concat(), vec![key, content_type], form)
        },
    );
    let publish_json = (key(), content_type(JSON), json_body())
        .prop_map(|(key, content_type, body)| (b"POST".to_vec(), b"/publish".to_vec(), vec![key, content_type], body));
    let anything = (method(), any_path(), query(), vec(prop_oneof![key(), content_type(JSON)], 0..3), body())
        .prop_map(|(method, path, query, headers, body)| (method, [path, query].concat(), headers, body));
    prop_oneof![4 => listen, 1 => history, 3 => publish, 3 => publish_json, 2 => sockjs(), 5 => anything]
}

/// What a client of SockJS asks for, and what is near that.
fn sockjs() -> impl Strategy<Value = Shape> {
    // Streams begin at once, also that of a session which has one already, and by them the few sessions come to be that
    // others send to. A poll of those would wait.
    let few = text("/0/[ab]");
    let stream = (few.clone(), select(vec!["/xhr_streaming", "/eventsource", "/htmlfile"]));
    let stream = stream.prop_map(|(session, transport)| {
        let method = if transport == "/xhr_streaming" { "POST" } else { "GET" };
        let callback = if transport == "/htmlfile" { "?c=x" } else { "" };
        (bytes(method), [bytes("/sockjs"), session, bytes(transport), bytes(callback)].concat(), Vec::new(), Vec::new())
    });
    let send = (few, frames()).prop_map(|(session, body)| {
        (bytes("POST"), [b"/sockjs", &session[..], b"/xhr_send"].concat(), Vec::new(), body)
    });
    let send_form = (text("/0/[ab]"), content_type(FORM), frames()).prop_map(|(session, content_type, body)| {
        let body = [bytes("d="), percent_encode(&body)].concat();
        (bytes("POST"), [b"/sockjs", &session[..], b"/jsonp_send"].concat(), vec![content_type], body)
    });
    let own = prop_oneof![
        select(vec!["/info", "", "/", "/iframe.html", "/iframe-x.html", "/websocket", "/iframe", "/info/", "//"])
            .prop_map(bytes),
        text(
            "/[a-z0-9]{0,3}/[a-z0-9]{12}/(xhr|xhr_streaming|xhr_send|jsonp|jsonp_send|eventsource|htmlfile|websocket|x)"
        ),
        text("/[ -~]{0,20}/[ -~]{12,20}/[a-z_]{0,10}"),
    ];
    let query = prop_oneof![2 => Just(Vec::new()), 1 => text("\\?(c|callback)=[a-z.%<]{0,10}"), 1 => query()];
    let anything = (method(), own, query, prop_oneof![body(), frames()])
        .prop_map(|(method, path, query, body)| (method, [bytes("/sockjs"), path, query].concat(), Vec::new(), body));
    prop_oneof![2 => stream, 3 => send, 1 => send_form, 3 => anything]
}

/// Messages for the bridge that are nearly right.
fn frames() -> Bytes {
    let frame = prop_oneof![
        4 => string_regex("(sub|uns|msg),[a-e](,[0-9]{0,3})?").unwrap(),
        2 => string_regex("msg,\\*,\\{\"(publish|authorize)\":\\{\"(channel|message|key|token)\":\"[a-e]\"\\}\\}").unwrap(),
        1 => any::<String>(),
    ];
    let frames = vec(frame, 0..4).prop_map(|frames| serde_json::json!(frames).to_string().into_bytes());
    spoilt(frames.boxed())
}

fn method() -> Bytes {
    let known =
        select(vec!["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]).prop_map(bytes);
    // The runtime knows these too.
    let rare =
        select(vec!["PROPFIND", "SEARCH", "REPORT", "MKCOL", "LOCK", "PURGE", "SUBSCRIBE", "NOTIFY"]).prop_map(bytes);
    let odd = prop_oneof![
        text("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}"),
        select(vec!["get", "Post", "GETT", "", "GET GET"]).prop_map(bytes),
        vec(any::<u8>(), 1..4)
    ];
    prop_oneof![6 => known, 1 => rare, 1 => odd].boxed()
}

fn path(paths: &'static [&'static str]) -> Bytes {
    select(paths).prop_map(bytes).boxed()
}

/// Routes, what is near them, and anything.
fn any_path() -> Bytes {
    const ROUTES: &[&str] =
        &["/", "/sse", "/sse/", "/publish", "/history", "/stats", "/healthz", "/media/index.html", "*"];
    // What objects are asked is not for strangers.
    const NEAR: &[&str] = &[
        "//",
        "/sse//",
        "/SSE/",
        "/publish/",
        "/publish%20",
        "/stats/..",
        "/media",
        "/media/",
        "/media/../index.html",
        "/media/%2e%2e/x.js",
        "/media/client/a.js",
        "/media/a.css",
        "/append",
        "/leg",
        "/deliver",
        "/report",
        "/page",
        "/favicon.ico",
        "/.env",
        "http://hub/healthz",
        "http://other/sse/",
        "healthz",
        "/\\..\\healthz",
        "/healthz#x",
        "",
    ];
    prop_oneof![
        12 => path(ROUTES),
        6 => path(NEAR),
        1 => vec(any::<u8>(), 0..40).prop_map(|bytes| [b"/".to_vec(), percent_encode(&bytes)].concat()),
        1 => text("/[ -~]{0,20}"),
        1 => text("/media/[a-z./_-]{0,20}\\.(js|css|html|wasm|svg)"),
    ]
    .boxed()
}

fn query() -> Bytes {
    let some = prop_oneof![12 => vec(parameter(), 0..6).boxed(), 1 => vec(parameter(), 50..300).boxed()];
    let raw = vec(any::<u8>(), 0..60).prop_map(|bytes| [b"?".to_vec(), bytes].concat());
    let pairs = some.prop_map(|pairs| [b"?".to_vec(), pairs.join(&b'&')].concat());
    prop_oneof![4 => Just(Vec::new()), 40 => pairs, 1 => raw].boxed()
}

/// A parameter with a value that it might have, or any other.
fn parameter() -> Bytes {
    let known = |name: &'static str, value: Bytes| {
        prop_oneof![4 => value, 1 => value_of_anything()]
            .prop_map(move |value| [name.as_bytes(), b"=", &value].concat())
    };
    prop_oneof![
        6 => known("channels", channels()),
        1 => known("channels[]", channels()),
        1 => known("channel", channel()),
        1 => known("lastEventId", cursor()),
        1 => known("last-event-id", cursor()),
        1 => known("ago", number()),
        1 => known("since", number()),
        1 => known("limit", number()),
        1 => known("transport", text("stream|longpoll|pigeon")),
        1 => known("greeting", text("event|x?")),
        1 => known("access_token", token()),
        1 => known("uuid", number()),
        1 => (value_of_anything(), value_of_anything()).prop_map(|(name, value)| [name, b"=".to_vec(), value].concat()),
    ]
    .boxed()
}

fn channel() -> Bytes {
    prop_oneof![8 => text("[a-e]"), 1 => channels()].boxed()
}

fn channels() -> Bytes {
    prop_oneof![
        24 => text("[a-e](,[a-e]){0,3}"),
        2 => text("[a-z](,[a-z]){0,120}"),
        1 => text("[a-d][a-z](,[a-d][a-z]){0,150}"),
        1 => text("%D0%96[%+a-z]{0,10}"),
        4 => text("|,|\\*|news\\.\\*|a,,b|%00|%ff|%F0%9F%A6%80"),
        1 => (250..260_usize).prop_map(|length| vec![b'x'; length]),
    ]
    .boxed()
}

fn cursor() -> Bytes {
    prop_oneof![
        text("[0-9]{0,17}"),
        text("([0-9]{1,2}:)?(-|[0-9]{1,16})(\\.(-|[0-9]{1,16})){0,4}"),
        text("[0-9:.-]{0,40}")
    ]
    .boxed()
}

fn number() -> Bytes {
    let near = select(vec![
        "0",
        "-1",
        "3600000",
        "3600001",
        "1000",
        "1001",
        "9007199254740991",
        "9007199254740992",
        "1e3",
        "%2B1",
    ]);
    prop_oneof![near.prop_map(bytes), text("[0-9]{0,25}"), text("1[0-9]{12}")].boxed()
}

fn token() -> Bytes {
    prop_oneof![
        text("[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}"),
        text(KEY),
        text("eyJhbGciOiJub25lIn0\\.e30\\.")
    ]
    .boxed()
}

fn value_of_anything() -> Bytes {
    prop_oneof![
        20 => vec(any::<u8>(), 0..20).prop_map(|bytes| percent_encode(&bytes)),
        1 => vec(any::<u8>(), 0..20),
        10 => text("[0-9A-Za-z._~+-]{0,20}"),
        1 => text("[!-~]{0,20}"),
        2 => (0..70_000_usize).prop_map(|length| vec![b'y'; length]),
    ]
    .boxed()
}

fn host() -> impl Strategy<Value = Headers> {
    let odd = prop_oneof![
        text("[ -~]{0,12}"),
        select(vec!["", "[::1]:8787", "[bad", "a b", "a:99999", "a/b?c", "u:p@h"]).prop_map(bytes)
    ];
    let named = |value: Bytes| value.prop_map(|value| vec![(bytes("Host"), value)]);
    prop_oneof![30 => named(Just(bytes("hub")).boxed()), 1 => named(odd.boxed()), 1 => Just(Vec::new())]
}

fn key() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> + Clone {
    let right = Just(format!("Bearer {KEY}").into_bytes());
    let odd = prop_oneof![text("(Bearer|bearer|Basic)? {0,2}[ -~]{0,20}"), token(), any_header_value()];
    prop_oneof![8 => right, 1 => odd].prop_map(|value| (bytes("Authorization"), value)).boxed()
}

fn content_type(right: &'static str) -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let types = vec![FORM, JSON, "APPLICATION/JSON;x", "multipart/form-data; boundary=x", "text/plain", ""];
    prop_oneof![20 => Just(bytes(right)), 4 => select(types).prop_map(bytes), 1 => any_header_value()]
        .prop_map(|value| (bytes("Content-Type"), value))
        .boxed()
}

fn cursor_header() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    prop_oneof![4 => cursor(), 1 => any_header_value()].prop_map(|value| (bytes("Last-Event-ID"), value))
}

/// Headers that mean something to somebody on the way, and others. Those that say where the body ends are `framing`'s.
fn header() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let known = |name: &'static str, values: &'static str| {
        prop_oneof![3 => text(values), 1 => any_header_value()].prop_map(move |value| (bytes(name), value)).boxed()
    };
    let name = prop_oneof![16 => text("[A-Za-z-]{1,20}"), 1 => text("[ -~]{0,10}"), 1 => vec(any::<u8>(), 0..5)];
    let of_anything = (name, any_header_value()).boxed();
    prop_oneof![
        cursor_header().boxed(),
        known("X-Requested-With", "XMLHttpRequest|xmlhttprequest"),
        known("Cookie", "cyclone_token=[a-z.]{0,20}|;=; a"),
        known("Origin", "null|https://a\\.example|\\*"),
        known("Access-Control-Request-Method", "POST|X"),
        known("Accept", "text/html|text/event-stream|\\*/\\*"),
        known("Accept-Encoding", "gzip|br|identity;q=0"),
        known("Idempotency-Key", "[a-c]|x{250,260}"),
        known("Upgrade", "websocket|h2c|TLS/1\\.0"),
        known("Connection", "close|keep-alive|Upgrade|x"),
        known("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        known("Sec-WebSocket-Version", "13|0"),
        known("Sec-Fetch-Site", "none|cross-site|same-origin"),
        known("Range", "bytes=0-5|bytes=9-|x"),
        known("If-None-Match", "\\*|\"x\""),
        known("X-Forwarded-For", "127\\.0\\.0\\.1|x"),
        known("CF-Connecting-IP", "1\\.2\\.3\\.4"),
        of_anything,
    ]
}

/// Mostly what a header may hold.
fn any_header_value() -> Bytes {
    prop_oneof![
        40 => text("[ -~\u{80}-\u{ff}\u{416}]{0,30}"),
        1 => vec(any::<u8>(), 0..10),
        1 => (0..70_000_usize).prop_map(|length| vec![b'z'; length]),
    ]
    .boxed()
}

/// A form that is nearly right.
fn form() -> Bytes {
    let field = prop_oneof![
        1 => value_of_anything().prop_map(|value| [bytes("event="), value].concat()),
        1 => text("id=[a-c]"),
        1 => text("key=[a-z]{0,5}"),
        1 => parameter(),
    ];
    let channel = channel().prop_map(|name| [bytes("channel="), name].concat());
    let message = prop_oneof![4 => text("[a-z +]{0,30}"), 1 => value_of_anything()]
        .prop_map(|text| [bytes("message="), text].concat());
    let fields = (vec(channel, 0..4), message, vec(field, 0..2));
    let fields = fields.prop_map(|(channels, message, rest)| [channels, vec![message], rest].concat().join(&b'&'));
    spoilt(fields.boxed())
}

/// A JSON body that is nearly right.
fn json_body() -> Bytes {
    let channel = prop_oneof![4 => vec("[a-e]", 0..3).prop_map(|names| serde_json::json!(names)), 1 => json()];
    let rest = vec((prop_oneof!["event", "key", "id", "channel", "[a-z]{0,5}"], json()), 0..2);
    let fields = (channel, json(), rest).prop_map(|(channel, message, rest)| {
        let mut fields = serde_json::Map::from_iter(rest);
        fields.insert("channel".to_owned(), channel);
        fields.insert("message".to_owned(), message);
        serde_json::Value::from(fields).to_string().into_bytes()
    });
    spoilt(fields.boxed())
}

fn json() -> BoxedStrategy<serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        any::<String>().prop_map(Value::from),
        "[a-z]{0,8}".prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null)
    ];
    let grown = leaf.prop_recursive(4, 30, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec(("[a-z]{0,4}", inner), 0..6).prop_map(|fields| Value::from(serde_json::Map::from_iter(fields)))
        ]
    });
    grown.boxed()
}

/// As it is, cut off, or with a byte changed.
fn spoilt(body: Bytes) -> Bytes {
    let cut = (body.clone(), any::<Index>()).prop_map(|(mut body, at)| {
        body.truncate(at.index(body.len() + 1));
        body
    });
    let changed = (body.clone(), any::<Index>(), any::<u8>()).prop_map(|(mut body, at, byte)| {
        if !body.is_empty() {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body
    });
    prop_oneof![6 => body, 1 => cut, 1 => changed].boxed()
}

fn body() -> Bytes {
    prop_oneof![2 => Just(Vec::new()), 1 => form(), 1 => json_body(), 1 => vec(any::<u8>(), 0..200)].boxed()
}

fn text(pattern: &str) -> Bytes {
    string_regex(pattern).unwrap().prop_map(String::into_bytes).boxed()
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn percent_encode(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect()
}
