//! The `sockjs-client` that people use, in a browser, over each of its transports in turn.
//!
//! The oldest that pages still have is 0.3.4, which npm has as a part of another package. Pages are of another origin than
//! the server, but for the transport `htmlfile`, which is for pages of its own. XDomainRequest (`xdr-streaming`,
//! `xdr-polling`) went with Internet Explorer 9: no browser of today has it.

use std::fmt::Write as _;

use harness::{Answer, Browser, ScriptedServer, SockjsApp, root};
use serde_json::{Value, json};

/// A version of the client, and where npm puts it.
const CURRENT: (&str, &str) = ("1.6.1", "sockjs-client/dist/sockjs.js");
const OLD: (&str, &str) = ("0.3.4", "sockjs-client-0.3/transformers/sockjs/library.js");

/// What the page's own script does: opens connections by the transport `T` to services of `APP`.
const SCRIPT: &str = r#"
    // Clients give up a transport after a few round trips to the server, which on one machine is too soon for a busy one:
    // `timeout` is for the current client, `rtt` for the old one.
    const options = { transports: [T], protocols_whitelist: [T], timeout: 10000, rtt: 3000 };
    window.connect = (service, onopen = () => {}, onmessage = () => {}) => {
      const sock = new SockJS(APP + service, undefined, options);
      const seen = { sock, transport: null, messages: [], closed: null };
      sock.onopen = () => { seen.transport = sock.transport || sock.protocol; onopen(seen); };
      sock.onmessage = ({ data }) => { seen.messages.push(data); onmessage(seen); };
      sock.onclose = ({ code, reason, wasClean }) => { seen.closed = { code, reason, wasClean }; };
      return seen;
    };
    // Sends texts, a hundred at a time, and more as they come back.
    window.echo = (texts) => {
      let sent = 0;
      const send = ({ sock }) => { if (sent < texts.length) sock.send(texts[sent++]); };
      return connect('/echo', (seen) => { for (let i = 0; i < 100; i++) send(seen); }, send);
    };
    // Every code unit that is no half of a pair, in blocks; and pairs.
    window.characters = ['\u{10000}🦀\u{10ffff}', ''];
    for (let first = 0; first < 0x10000; first += 0x400) {
      if (first >= 0xd800 && first < 0xe000) continue;
      characters.push(String.fromCharCode(...Array.from({ length: 0x400 }, (_, i) => first + i)));
    }
"#;

struct Bench {
    app: SockjsApp,
    pages: ScriptedServer,
    browser: Browser,
    client: (&'static str, &'static str),
    transport: &'static str,
}

impl Bench {
    async fn start(client: (&'static str, &'static str), transport: &'static str) -> Self {
        let pages = ScriptedServer::start().await;
        // The page that the transports with a frame load has to have the same client.
        let app = SockjsApp::start_with(&[("SOCKJS_URL", &pages.url("/sockjs.js"))]).await;
        let library = std::fs::read(root().join("node_modules").join(client.1)).unwrap();
        let answer = Answer::body("text/javascript; charset=utf-8").piece(library).end();
        pages.script("/sockjs.js", std::iter::repeat_n(answer, 100));
        let bench = Self { app, pages, browser: Browser::start().await, client, transport };
        bench.open_page().await;
        bench
    }

    async fn open_page(&self) {
        let page = match self.transport {
            "htmlfile" => self.app.url("/echo"),
            _ => self.pages.url("/page"),
        };
        self.browser.open(&page).await;
        let mut script = String::new();
        writeln!(script, "window.APP = {:?}; window.T = {:?};", self.app.url(""), self.transport).unwrap();
        let library = self.pages.url("/sockjs.js");
        self.browser
            .run_async(&format!(
                "const script = document.createElement('script');
                 await new Promise((resolve, reject) => {{
                   Object.assign(script, {{ src: {library:?}, onload: resolve, onerror: reject }});
                   document.documentElement.append(script);
                 }});"
            ))
            .await;
        self.browser.run(&format!("{script}{SCRIPT}")).await;
        assert_eq!(self.browser.run("return SockJS.version").await, self.client.0);
    }

    async fn echoes_a_thousand_messages_in_their_order(&self) {
        let texts = "Array.from({ length: 1000 }, (_, number) => 'message ' + number)";
        self.browser.run(&format!("window.seen = echo({texts})")).await;
        let state = "[seen.transport, seen.messages.length, seen.closed]";
        let done = |state: &Value| state[1] == 1_000 || !state[2].is_null();
        let state = self.browser.eventually("a thousand messages", state, done).await;
        assert_eq!(state, json!([self.transport, 1_000, null]), "{self}");
        let same = format!("return JSON.stringify(seen.messages) === JSON.stringify({texts})");
        assert_eq!(self.browser.run(&same).await, true, "{self}");
    }

    async fn echoes_every_character(&self) {
        self.browser.run("window.seen = echo(characters)").await;
        let state = "[seen.messages.length === characters.length, seen.messages.length, seen.closed]";
        self.browser.eventually("every character", state, |state| state[0] == true || !state[2].is_null()).await;
        let wrong = "return characters.flatMap((text, number) => {
            const found = seen.messages[number];
            const first = [...text].findIndex((_, index) => text[index] !== found[index]);
            return found === text ? [] : [[number, first, escape(text.slice(first, first + 3)), escape(found.slice(first, first + 3))]];
        }).slice(0, 3)";
        assert_eq!(self.browser.run(wrong).await, json!([]), "{self}");
    }

    async fn hears_the_code_of_a_close(&self) {
        self.browser.run("window.seen = connect('/close')").await;
        let closed = json!({ "code": 3000, "reason": "Go away!", "wasClean": true });
        self.browser.eventually("the close by the service", "seen.closed", |found| *found == closed).await;
        self.browser.run("window.seen = connect('/echo', ({ sock }) => sock.close(3001, 'bye'))").await;
        let closed = json!({ "code": 3001, "reason": "bye", "wasClean": true });
        self.browser.eventually("the own close", "seen.closed", |found| *found == closed).await;
    }

    /// The connection either goes on or ends with an error; a new one works in any case.
    async fn outlives_a_server_that_is_killed(&mut self) {
        self.browser.run("window.seen = connect('/echo', ({ sock }) => sock.send('before'))").await;
        self.browser.eventually("the first echo", "seen.messages", |found| *found == json!(["before"])).await;
        self.app.kill().await;
        self.app.restart().await;
        // By some transports a client notices only when it sends: `htmlfile` tells nothing of an answer that is cut.
        let state = "(seen.sock.send('after'), [seen.messages.slice(0, 2), seen.closed])";
        let done = |state: &Value| state[0] == json!(["before", "after"]) || !state[1].is_null();
        let state = self.browser.eventually("the connection to go on or to end", state, done).await;
        // Where the client goes on receiving, the server says that something may be lost.
        let is_told = state[1]["wasClean"] == false || state[1]["code"] == 1002;
        assert!(state[1].is_null() || is_told, "{self}: {state}");
        self.browser.run("window.seen = connect('/echo', ({ sock }) => sock.send('again'))").await;
        self.browser.eventually("the echo", "seen.messages", |found| *found == json!(["again"])).await;
    }
}

impl std::fmt::Display for Bench {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "sockjs-client {} by {}; the server said: {}", self.client.0, self.transport, self.app.log())
    }
}

async fn does_everything(clients: &[(&'static str, &'static str)], transport: &'static str) {
    for client in clients {
        let mut bench = Bench::start(*client, transport).await;
        bench.echoes_a_thousand_messages_in_their_order().await;
        bench.echoes_every_character().await;
        bench.hears_the_code_of_a_close().await;
        bench.outlives_a_server_that_is_killed().await;
    }
}

#[tokio::test]
async fn websocket_carries_everything() {
    does_everything(&[CURRENT, OLD], "websocket").await;
}

#[tokio::test]
async fn xhr_streaming_carries_everything() {
    does_everything(&[CURRENT, OLD], "xhr-streaming").await;
}

/// The old client has it only in a frame.
#[tokio::test]
async fn eventsource_carries_everything() {
    does_everything(&[CURRENT], "eventsource").await;
}

#[tokio::test]
async fn iframe_eventsource_carries_everything() {
    does_everything(&[CURRENT, OLD], "iframe-eventsource").await;
}

/// The old client has it only in a frame.
#[tokio::test]
async fn htmlfile_carries_everything() {
    does_everything(&[CURRENT], "htmlfile").await;
}

#[tokio::test]
async fn iframe_htmlfile_carries_everything() {
    does_everything(&[CURRENT, OLD], "iframe-htmlfile").await;
}

#[tokio::test]
async fn xhr_polling_carries_everything() {
    does_everything(&[CURRENT, OLD], "xhr-polling").await;
}

#[tokio::test]
async fn iframe_xhr_polling_carries_everything() {
    does_everything(&[CURRENT, OLD], "iframe-xhr-polling").await;
}

#[tokio::test]
async fn jsonp_polling_carries_everything() {
    does_everything(&[CURRENT, OLD], "jsonp-polling").await;
}

#[tokio::test]
async fn the_client_falls_back_where_a_service_has_no_websockets() {
    let bench = Bench::start(CURRENT, "websocket").await;
    bench.browser.run("window.seen = connect('/disabled_websocket_echo')").await;
    let refused = |closed: &Value| closed["code"] == 2000;
    bench.browser.eventually("the client to find no transport", "seen.closed", refused).await;
    let fall_back = "window.T = ['websocket', 'xhr-streaming'];
        window.seen = new SockJS(APP + '/disabled_websocket_echo', undefined, { transports: T });";
    bench.browser.run(fall_back).await;
    bench.browser.eventually("the next transport", "seen.transport", |found| *found == "xhr-streaming").await;
}
