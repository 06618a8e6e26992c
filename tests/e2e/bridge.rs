//! The bridge at `/sockjs`: a client of SockJS has the hub's channels, whatever transport it is left with.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use harness::{Browser, DEADLINE, Hub, KEY, eventually, root, within};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

const SECRET: &str = "a secret of thirty-two bytes, or so";
static SESSIONS: AtomicU32 = AtomicU32::new(0);

/// A client that polls, with plain HTTP.
struct Polling {
    url: String,
    client: reqwest::Client,
    frames: VecDeque<String>,
}

impl Polling {
    async fn open(hub: &Hub) -> Self {
        Self::open_with(hub, "").await
    }

    /// Opens a session with a query in the address.
    async fn open_with(hub: &Hub, query: &str) -> Self {
        let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
        let url = hub.url(&format!("/sockjs/000/s{number}"));
        let client = Self { url, client: reqwest::Client::new(), frames: VecDeque::new() };
        let opened = client.client.post(format!("{}/xhr{query}", client.url)).send().await.unwrap();
        assert_eq!(opened.text().await.unwrap(), "o\n");
        client
    }

    async fn poll(&mut self) -> String {
        let poll = async { self.client.post(format!("{}/xhr", self.url)).send().await.unwrap().text().await.unwrap() };
        within(DEADLINE, "an answer to a poll", poll).await
    }

    async fn send(&self, frames: &[&str]) {
        let sent = self.client.post(format!("{}/xhr_send", self.url)).body(json!(frames).to_string()).send();
        assert_eq!(within(DEADLINE, "an answer to a send", sent).await.unwrap().status(), 204);
    }

    async fn next_frame(&mut self) -> String {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return frame;
            }
            let answer = self.poll().await;
            if let Some(messages) = answer.strip_prefix('a') {
                self.frames.extend(serde_json::from_str::<Vec<String>>(messages).unwrap());
            } else {
                assert_eq!(answer, "h\n", "messages or a heartbeat");
            }
        }
    }

    /// The next frame, which is a message of this topic: what it says.
    async fn next(&mut self, topic: &str) -> Value {
        let frame = self.next_frame().await;
        let payload = frame.strip_prefix(&format!("msg,{topic},"));
        serde_json::from_str(payload.unwrap_or_else(|| panic!("{frame} is no message of {topic}"))).unwrap()
    }

    /// Subscribes, and waits until that is confirmed. Returns the cursor.
    async fn subscribe(&mut self, topic: &str) -> String {
        self.send(&[&format!("sub,{topic}")]).await;
        let hello = self.next(topic).await;
        assert_eq!(hello["event"], "sse.hello", "{hello}");
        hello["id"].as_str().unwrap().to_owned()
    }

    async fn next_data(&mut self, topic: &str, count: usize) -> Vec<String> {
        let mut data = Vec::new();
        while data.len() < count {
            let message = self.next(topic).await;
            assert_eq!(message.get("event"), None, "{message}");
            data.push(message["data"].as_str().unwrap().to_owned());
        }
        data
    }

    /// What an error in a topic says.
    async fn next_error(&mut self, topic: &str) -> Value {
        let error = self.next(topic).await;
        assert_eq!(error["event"], "sse.error", "{error}");
        serde_json::from_str(error["data"].as_str().unwrap()).unwrap()
    }
}

fn token(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// The frame that shows a `key` or a `token`.
fn authorize(what: &str, shown: &str) -> String {
    format!(r#"msg,*,{{"authorize": {{"{what}": "{shown}"}}}}"#)
}

/// A hub whose listeners need a token, which is good until its very end.
async fn hub_with_tokens() -> Hub {
    let builder = Hub::builder().setting("SUBSCRIBE_AUTH", "jwt").setting("JWT_SECRET", SECRET);
    builder.setting("JWT_LEEWAY_SECONDS", 0).start().await
}

/// The time.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn what_is_published_reaches_a_client_that_polls_once_and_in_order() {
    let hub = Hub::start().await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    for number in 0..50 {
        hub.publish(&["cats"], &number.to_string()).await;
    }
    assert_eq!(client.next_data("cats", 50).await, numbers(0..50));
    let id = hub.publish(&["cats"], "last").await["cats"];
    assert_eq!(client.next("cats").await, json!({ "id": id.to_string(), "data": "last" }));
}

#[tokio::test]
async fn a_client_that_comes_back_with_its_cursor_gets_what_it_missed_and_nothing_twice() {
    let hub = Hub::start().await;
    let mut first = Polling::open(&hub).await;
    let blank = first.subscribe("cats").await;
    assert!(blank.starts_with("0@"), "{blank}");
    let mut ids = Vec::new();
    for number in 0..300 {
        ids.push(hub.publish(&["cats"], &number.to_string()).await["cats"]);
    }
    for (topic, begins) in
        [(format!("cats%2C{blank}"), 0), (format!("cats%2C{}", ids[99]), 100), (format!("cats%2C{}", ids[299]), 300)]
    {
        let mut late = Polling::open(&hub).await;
        late.subscribe(&topic).await;
        hub.publish(&["cats"], "live").await;
        let data = late.next_data(&topic, 300 - begins as usize).await;
        assert_eq!(data, numbers(begins..300), "{topic}");
        late.send(&[&format!("uns,{topic}")]).await;
    }
    // The cursor of `sub,topic,cursor` is the same.
    let mut plain = Polling::open(&hub).await;
    plain.send(&[&format!("sub,cats,{}", ids[297])]).await;
    assert_eq!(plain.next("cats").await["event"], "sse.hello");
    assert_eq!(plain.next_data("cats", 5).await, ["298", "299", "live", "live", "live"]);
}

#[tokio::test]
async fn a_client_whose_cursor_is_older_than_history_is_told_of_the_gap() {
    let hub = Hub::builder().setting("HISTORY_MESSAGES", 10).start().await;
    let first = hub.publish(&["cats"], "first").await["cats"];
    for number in 0..40 {
        hub.publish(&["cats"], &number.to_string()).await;
    }
    let mut client = Polling::open(&hub).await;
    client.send(&[&format!("sub,cats,{first}")]).await;
    assert_eq!(client.next("cats").await["event"], "sse.hello");
    let gap = client.next("cats").await;
    assert_eq!((&gap["event"], &gap["data"]), (&json!("sse.gap"), &json!(r#"{"channels":["cats"]}"#)));
    let left = client.next("cats").await;
    assert!(left["data"].as_str().unwrap().parse::<u32>().unwrap() > 20, "{left}");
}

#[tokio::test]
async fn history_that_is_larger_than_a_session_may_hold_arrives_whole() {
    let hub = Hub::start().await;
    let text = "x".repeat(20_000);
    let first = hub.publish(&["cats"], "first").await["cats"];
    for number in 0..60 {
        hub.publish(&["cats"], &format!("{number} {text}")).await;
    }
    let mut client = Polling::open(&hub).await;
    client.send(&[&format!("sub,cats,{first}")]).await;
    assert_eq!(client.next("cats").await["event"], "sse.hello");
    let data = client.next_data("cats", 60).await;
    let arrived: Vec<String> = data.iter().map(|data| data.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(arrived, numbers(0..60));
}

#[tokio::test]
async fn a_session_goes_on_after_the_runtime_was_killed() {
    let mut hub = Hub::start().await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    hub.publish(&["cats"], "before").await;
    assert_eq!(client.next_data("cats", 1).await, ["before"]);
    hub.publish(&["cats"], "untaken").await;
    hub.kill().await;
    hub.restart().await;
    hub.publish(&["cats"], "after").await;
    assert_eq!(client.next_data("cats", 2).await, ["untaken", "after"]);
}

#[tokio::test]
async fn a_client_hears_no_more_of_a_channel_that_it_left() {
    let hub = Hub::start().await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    client.subscribe("dogs").await;
    let count = async |hub: &Hub| hub.stats().await.get("cats").copied();
    eventually("the session to be counted", || count(&hub), |count| *count == Some(1)).await;
    client.send(&["uns,cats"]).await;
    eventually("the session to be gone", || count(&hub), Option::is_none).await;
    hub.publish(&["cats"], "unheard").await;
    hub.publish(&["dogs"], "heard").await;
    assert_eq!(client.next_data("dogs", 1).await, ["heard"]);
}

#[tokio::test]
async fn a_session_that_is_over_is_forgotten() {
    let hub = Hub::start().await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    let count = async || hub.stats().await.get("cats").copied();
    eventually("the session to be counted", count, |count| *count == Some(1)).await;
    // Nobody polls for longer than `disconnect_delay`.
    eventually("the session to be forgotten", count, Option::is_none).await;
}

#[tokio::test]
async fn publishing_takes_the_key_that_a_publish_takes() {
    let hub = Hub::builder()
        .setting("PUBLISH_KEYS", r#"[{"name": "news", "key": "the-news-key", "channels": ["news.*"]}]"#)
        .start()
        .await;
    let mut listener = hub.subscribe(&["cats"]).await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    client.send(&["msg,cats,hello"]).await;
    assert_eq!(client.next_error("cats").await["code"], "wrong_key");
    client.send(&[&authorize("key", "the-news-key"), "msg,cats,hello"]).await;
    assert_eq!(client.next_error("cats").await["code"], "forbidden_channel");

    client.send(&[&authorize("key", KEY), "msg,cats,a, b", "msg,cats,c"]).await;
    assert_eq!(client.next_data("cats", 2).await, ["a, b", "c"]);
    assert_eq!(listener.next_data(2).await, ["a, b", "c"]);
    client.send(&["msg,cats,"]).await;
    assert_eq!(client.next_error("cats").await["code"], "missing_field");
    client.send(&[&format!("msg,cats,{}", "x".repeat(65_537))]).await;
    assert_eq!(client.next_error("cats").await["code"], "too_large");
}

#[tokio::test]
async fn a_publish_in_full_is_answered_as_post_publish_answers() {
    let hub = Hub::start().await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    let body = json!({ "publish": { "channel": ["cats", "dogs"], "message": {"a": 1}, "event": "born", "id": "once", "key": KEY } });
    let frame = format!("msg,*,{body}");
    client.send(&[&frame, &frame]).await;
    let mut answers = Vec::new();
    let mut messages = Vec::new();
    while answers.len() < 2 || messages.is_empty() {
        let frame = client.next_frame().await;
        let payload: Value = serde_json::from_str(frame.splitn(3, ',').nth(2).unwrap()).unwrap();
        if frame.starts_with("msg,*,") { answers.push(payload) } else { messages.push(payload) }
    }
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!((&messages[0]["event"], &messages[0]["data"]), (&json!("born"), &json!(r#"{"a":1}"#)));
    assert_eq!(answers[0], answers[1], "a repeat gets the first answer");
    assert_eq!(answers[0]["event"], "sse.published");
    let data: Value = serde_json::from_str(answers[0]["data"].as_str().unwrap()).unwrap();
    assert_eq!((&data["status"], &data["id"]), (&json!("ok"), &json!("once")));
    assert_eq!(data["ids"]["cats"].to_string(), messages[0]["id"].as_str().unwrap());

    client.send(&[r#"msg,*,{"publish": {"channel": "cats"}}"#, "msg,*,what"]).await;
    assert_eq!(client.next_error("*").await["code"], "missing_field");
    assert_eq!(client.next_error("*").await["code"], "malformed_json");
}

#[tokio::test]
async fn listening_takes_the_token_that_a_stream_takes() {
    let hub = hub_with_tokens().await;
    let now = seconds();
    let mut client = Polling::open(&hub).await;
    client.send(&["sub,cats"]).await;
    assert_eq!(client.next_error("cats").await["code"], "missing_token");
    assert_eq!(client.next_frame().await, "uns,cats");

    let show = |claims: Value| authorize("token", &token(&claims));
    let old = show(json!({ "exp": now - 3_600, "subscribe": "*" }));
    client.send(&[&old, "sub,cats"]).await;
    assert_eq!(client.next_error("cats").await["code"], "invalid_token");
    assert_eq!(client.next_frame().await, "uns,cats");

    client.send(&[&show(json!({ "exp": now + 60, "subscribe": ["cats"] })), "sub,dogs"]).await;
    assert_eq!(client.next_error("dogs").await["code"], "forbidden_channel");
    assert_eq!(client.next_frame().await, "uns,dogs");
    client.subscribe("cats").await;
    hub.publish(&["cats"], "hello").await;
    assert_eq!(client.next_data("cats", 1).await, ["hello"]);

    let token = token(&json!({ "exp": now + 60, "subscribe": ["cats"] }));
    let mut by_address = Polling::open_with(&hub, &format!("?access_token={token}")).await;
    by_address.subscribe("cats").await;
}

#[tokio::test]
async fn where_pages_are_listed_others_cannot_connect() {
    let hub = Hub::builder().setting("CORS_ORIGINS", "https://page.example").start().await;
    for (header, value, status) in [
        ("Origin", "https://page.example", 200),
        ("Origin", &hub.url(""), 200),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Origin", "https://other.example", 403),
        ("Origin", "null", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
    ] {
        let answer = hub.get("/sockjs/info").header(header, value).send().await.unwrap();
        assert_eq!(answer.status(), status, "{header}: {value}");
    }
}

#[tokio::test]
async fn a_token_that_has_expired_ends_its_topics_before_the_next_message() {
    let hub = hub_with_tokens().await;
    let mut client = Polling::open(&hub).await;
    let token = token(&json!({ "exp": seconds() + 6, "subscribe": ["cats"] }));
    client.send(&[&authorize("token", &token)]).await;
    client.subscribe("cats").await;
    // Messages come all the while: the first after the end is the one that is kept back.
    let heard = within(DEADLINE, "the token to expire", async {
        loop {
            hub.publish(&["cats"], "tick").await;
            let next = client.next("cats").await;
            if next["event"] == "sse.expired" {
                return next;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    assert_eq!(heard.await.get("id"), None, "the cursor stays");
    assert_eq!(client.next_frame().await, "uns,cats");
}

#[tokio::test]
async fn a_token_that_expires_ends_its_topics_in_silence_too_and_leaves_the_others() {
    let hub = hub_with_tokens().await;
    let mut client = Polling::open(&hub).await;
    let mut expires = 0;
    for (topic, lasts) in [("dogs", 3_600), ("cows", 8), ("cats", 12)] {
        expires = seconds() + lasts;
        let token = token(&json!({ "exp": expires, "subscribe": [topic] }));
        client.send(&[&authorize("token", &token)]).await;
        client.subscribe(topic).await;
    }
    for topic in ["cows", "cats"] {
        assert_eq!(client.next(topic).await["event"], "sse.expired");
        assert_eq!(client.next_frame().await, format!("uns,{topic}"));
    }
    assert!(seconds() >= expires, "not before its time");
    hub.publish(&["cows"], "unheard").await;
    hub.publish(&["dogs"], "heard").await;
    assert_eq!(client.next_data("dogs", 1).await, ["heard"]);
    let gone = async || hub.stats().await.get("cats").copied();
    eventually("the channel to count nobody", gone, Option::is_none).await;
}

#[tokio::test]
async fn publishing_takes_a_token_too_and_its_channels_only() {
    let hub = Hub::builder().setting("JWT_SECRET", SECRET).start().await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    let show = |claims: Value| authorize("key", &token(&claims));
    client.send(&[&show(json!({ "exp": seconds() - 3_600, "publish": ["cats"] })), "msg,cats,unheard"]).await;
    assert_eq!(client.next_error("cats").await["code"], "invalid_token");
    client.send(&[&show(json!({ "exp": seconds() + 60, "publish": ["dogs"] })), "msg,cats,unheard"]).await;
    assert_eq!(client.next_error("cats").await["code"], "forbidden_channel");
    client.send(&[&show(json!({ "exp": seconds() + 60, "publish": ["cats"] })), "msg,cats,heard"]).await;
    assert_eq!(client.next_data("cats", 1).await, ["heard"]);
}

#[tokio::test]
async fn a_publisher_and_a_listener_too_many_are_told_so() {
    let hub = Hub::builder().setting("CHANNEL_PUBLISHES_PER_SECOND", 5).setting("MAX_LISTENERS", 1).start().await;
    let mut client = Polling::open(&hub).await;
    client.send(&[&authorize("key", KEY)]).await;
    client.subscribe("cats").await;
    let burst = vec!["msg,dogs,x"; 100];
    client.send(&burst).await;
    assert_eq!(client.next_error("dogs").await["code"], "too_many_publishes");

    let mut other = Polling::open(&hub).await;
    other.send(&["sub,cats"]).await;
    assert_eq!(other.next_error("cats").await["code"], "too_many_listeners");
    assert_eq!(other.next_frame().await, "uns,cats");
    // Once there is room, there is.
    client.send(&["uns,cats"]).await;
    other.subscribe("cats").await;
}

#[tokio::test]
async fn a_token_in_the_address_may_be_as_long_as_any() {
    let hub = hub_with_tokens().await;
    let channels: Vec<String> = (0..88).map(|number| format!("{number}-{}", "x".repeat(60))).collect();
    let token = token(&json!({ "exp": seconds() + 60, "subscribe": channels }));
    assert!((7_400..=8_192).contains(&token.len()), "{}", token.len());
    let mut client = Polling::open_with(&hub, &format!("?access_token={token}")).await;
    client.subscribe(&channels[87]).await;
}

#[tokio::test]
async fn bad_frames_and_bad_topics_change_nothing_else() {
    let hub = Hub::start().await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    client.send(&["", "sub", "nothing", "sub,", "uns,dogs", "sub,*", "uns,*", "xyz,cats,a", "sub,cats"]).await;
    for topic in ["a*", "%07", "%uD83D"] {
        client.send(&[&format!("sub,{topic}")]).await;
        assert_eq!(client.next_error(topic).await["code"], "invalid_channel");
        assert_eq!(client.next_frame().await, format!("uns,{topic}"));
    }
    for number in 0..99 {
        client.subscribe(&format!("c{number}")).await;
    }
    client.send(&["sub,one-more"]).await;
    assert_eq!(client.next_error("one-more").await["code"], "too_many_channels");
    assert_eq!(client.next_frame().await, "uns,one-more");
    hub.publish(&["cats"], "hello").await;
    assert_eq!(client.next_data("cats", 1).await, ["hello"]);
}

#[tokio::test]
async fn a_second_topic_of_a_channel_takes_the_place_of_the_first() {
    let hub = Hub::start().await;
    let id = hub.publish(&["cats"], "0").await["cats"];
    hub.publish(&["cats"], "1").await;
    let mut client = Polling::open(&hub).await;
    client.subscribe("cats").await;
    client.send(&[&format!("sub,cats%2C{id}")]).await;
    assert_eq!(client.next_frame().await, "uns,cats");
    let topic = format!("cats%2C{id}");
    assert_eq!(client.next(&topic).await["event"], "sse.hello");
    assert_eq!(client.next_data(&topic, 1).await, ["1"]);
    hub.publish(&["cats"], "2").await;
    assert_eq!(client.next_data(&topic, 1).await, ["2"]);
}

/// A page with the libraries that SockJS users have, unmodified.
async fn page(hub: &Hub, transport: &str) -> Browser {
    let browser = Browser::start().await;
    browser.open(&hub.url("/healthz")).await;
    for file in ["node_modules/sockjs-client/dist/sockjs.js", "node_modules/websocket-multiplex/multiplex_client.js"] {
        let script = std::fs::read_to_string(root().join(file)).unwrap();
        browser.run(&format!("const f = () => {{ {script}; if (typeof WebSocketMultiplex !== 'undefined') window.WebSocketMultiplex = WebSocketMultiplex; }}; f();")).await;
    }
    browser
        .run(&format!(
            "window.heard = []; window.names = new SockJS('/sockjs', null, {{ timeout: 10_000, transports: ['{transport}'] }});
             const multiplexer = new WebSocketMultiplex(names);
             const control = multiplexer.channel('*');
             const cats = window.cats = multiplexer.channel('cats & dogs €');
             cats.onmessage = ({{ data }}) => heard.push(JSON.parse(data));
             control.onopen = () => control.send(JSON.stringify({{ authorize: {{ key: '{KEY}' }} }}));"
        ))
        .await;
    browser
}

#[tokio::test]
async fn the_unmodified_client_of_websocket_multiplex_has_a_channel_over_each_kind_of_transport() {
    let hub = Hub::start().await;
    for transport in ["websocket", "xhr-streaming", "eventsource", "htmlfile", "xhr-polling", "jsonp-polling"] {
        let browser = page(&hub, transport).await;
        browser.eventually("the greeting", "heard[0]", |heard| heard["event"] == "sse.hello").await;
        browser.run("cats.send('hello, you')").await;
        browser.eventually("the message", "heard.at(-1)", |heard| heard["data"] == "hello, you").await;
        hub.publish(&["cats & dogs €"], "from the hub").await;
        browser.eventually("the next message", "heard.at(-1)", |heard| heard["data"] == "from the hub").await;
        assert_eq!(browser.run("return names.transport").await, transport);

        // It comes back, and names the message up to which it has everything.
        browser.run("window.cursor = heard.at(-2).id; names.close()").await;
        let come_back = format!("window.again = []; window.names = new SockJS('/sockjs', null, {{ timeout: 10_000, transports: ['{transport}'] }});
             new WebSocketMultiplex(names).channel('cats & dogs €,' + cursor).onmessage = ({{ data }}) => again.push(JSON.parse(data));");
        browser.run(&come_back).await;
        browser.eventually("what it missed", "again[1]", |again| again["data"] == "from the hub").await;
    }
}

/// How long the runtime keeps a silent object; a test of silence can only wait for it to pass.
const SILENCE: Duration = Duration::from_secs(12);

#[tokio::test]
async fn a_silent_session_is_evicted_and_its_client_gets_the_next_message() {
    let hub = Hub::start().await;
    let browser = page(&hub, "websocket").await;
    browser.eventually("the greeting", "heard[0]", |heard| heard["event"] == "sse.hello").await;
    let wakes = || hub.log().lines().filter(|line| line.ends_with("a session woke")).count();
    let before = wakes();
    for round in 1..=4 {
        tokio::time::sleep(SILENCE * round).await;
        let text = round.to_string();
        hub.publish(&["cats & dogs €"], &text).await;
        browser.eventually("the next message", "heard.at(-1)", |heard| heard["data"] == *text).await;
        if wakes() > before {
            let heard = browser.run("return heard.map(({ event, data }) => event ?? data)").await;
            assert_eq!(heard.as_array().unwrap().len(), 1 + round as usize, "{heard}");
            return;
        }
    }
    panic!("the session was never evicted: {}", hub.log());
}
