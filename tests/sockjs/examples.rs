//! The chat and the multiplexed services, as their pages and as websocket-multiplex use them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use harness::{Browser, DEADLINE, NpmStart, SockjsApp, within};
use serde_json::{Value, json};

/// A client that polls one session.
struct Polling {
    url: String,
    client: reqwest::Client,
}

impl Polling {
    async fn open(app: &SockjsApp, service: &str) -> Self {
        let polling = Self { url: app.url(&format!("/{service}/000/polling")), client: reqwest::Client::new() };
        assert_eq!(polling.poll().await, "o\n");
        polling
    }

    async fn poll(&self) -> String {
        let poll = async { self.client.post(format!("{}/xhr", self.url)).send().await.unwrap().text().await.unwrap() };
        within(DEADLINE, "an answer to a poll", poll).await
    }

    async fn send(&self, frames: &[&str]) {
        let sent = self.client.post(format!("{}/xhr_send", self.url)).body(json!(frames).to_string()).send();
        assert_eq!(within(DEADLINE, "an answer to a send", sent).await.unwrap().status(), 204);
    }

    /// The next so many messages.
    async fn next(&self, count: usize) -> Vec<String> {
        let mut messages: Vec<String> = Vec::new();
        while messages.len() < count {
            let answer = self.poll().await;
            messages.extend(serde_json::from_str::<Vec<String>>(answer.strip_prefix('a').unwrap()).unwrap());
        }
        messages
    }
}

#[tokio::test]
async fn topics_begin_with_sub_and_end_with_uns_from_either_side() {
    let app = SockjsApp::start_in("examples/multiplex").await;
    let client = Polling::open(&app, "multiplex").await;
    client.send(&["sub,ann", "sub,bob", "sub,carl"]).await;
    let greetings = ["msg,ann,Ann says hi!", "msg,bob,Bob doesn't agree.", "msg,carl,Carl says goodbye!", "uns,carl"];
    assert_eq!(client.next(4).await, greetings);

    client
        .send(&["msg,ann,a, b", "msg,bob,c", "msg,carl,unheard", "sub,ann", "uns,bob", "msg,bob,unheard", "msg,ann,d"])
        .await;
    assert_eq!(client.next(3).await, ["msg,ann,Ann nods: a, b", "msg,bob,Bob says no to: c", "msg,ann,Ann nods: d"]);

    client.send(&["sub,bob", "sub,carl"]).await;
    assert_eq!(client.next(3).await, greetings[1..], "a topic can be subscribed to again");
}

#[tokio::test]
async fn what_is_no_frame_or_of_no_topic_is_ignored() {
    let app = SockjsApp::start_in("examples/multiplex").await;
    let client = Polling::open(&app, "multiplex").await;
    client
        .send(&["", ",", "sub", "sub,", "sub,dora", "msg,ann,early", "uns,ann", "SUB,ann", "xyz,ann,a", "sub,Ann"])
        .await;
    client.send(&["sub,ann"]).await;
    assert_eq!(client.next(1).await, ["msg,ann,Ann says hi!"]);
}

#[tokio::test]
async fn topics_stay_open_when_the_runtime_is_killed() {
    let mut app = SockjsApp::start_in("examples/multiplex").await;
    let client = Polling::open(&app, "multiplex").await;
    client.send(&["sub,ann"]).await;
    assert_eq!(client.next(1).await, ["msg,ann,Ann says hi!"]);
    app.kill().await;
    app.restart().await;
    client.send(&["msg,ann,still there?"]).await;
    assert_eq!(client.next(1).await, ["msg,ann,Ann nods: still there?"]);
}

#[tokio::test]
async fn the_page_of_the_multiplexed_services_works_over_each_kind_of_transport() {
    let app = SockjsApp::start_in("examples/multiplex").await;
    for transport in ["websocket", "xhr-streaming", "xhr-polling"] {
        let browser = Browser::start().await;
        browser.open(&app.url(&format!("/?transport={transport}"))).await;
        let lines =
            |name: &str| format!("[...document.querySelectorAll('#{name} li')].map((line) => line.textContent)");
        let carl = json!(["Carl says goodbye!", "The topic is over."]);
        browser.eventually("Carl's goodbye", &lines("carl"), |shown| *shown == carl).await;
        browser.click("#ann form button").await;
        browser.click("#bob form button").await;
        let ann = json!(["Ann says hi!", "hello", "Ann nods: hello"]);
        browser.eventually("Ann's answer", &lines("ann"), |shown| *shown == ann).await;
        let bob = json!(["Bob doesn't agree.", "hello", "Bob says no to: hello"]);
        browser.eventually("Bob's answer", &lines("bob"), |shown| *shown == bob).await;
        let state = format!("connected by {transport}");
        browser
            .eventually("the transport", "document.querySelector('#state').textContent", |shown| *shown == state)
            .await;
        fits_a_small_screen(&browser).await;
    }
}

#[tokio::test]
async fn guests_of_the_chat_hear_who_comes_what_is_said_and_who_leaves() {
    let app = SockjsApp::start_in("examples/chat").await;
    let (ann, bob) = (Browser::start().await, Browser::start().await);
    for (browser, name, transport) in [(&ann, "Ann", "xhr-polling"), (&bob, "Bob", "websocket")] {
        browser.open(&app.url(&format!("/?transport={transport}"))).await;
        let is_open = |state: &Value| *state == "open";
        browser.eventually("the chat to connect", "document.querySelector('#state').dataset.state", is_open).await;
        browser.fill("#name", name).await;
        browser.click("#join button").await;
        shows(browser, ".notice", &format!("{name} is here.")).await;
    }
    ann.fill("#text", "hello <b>Bob</b> ü").await;
    ann.click("#say button").await;
    shows(&ann, ".mine .text", "hello <b>Bob</b> ü").await;
    shows(&bob, "li:not(.mine) .text", "hello <b>Bob</b> ü").await;
    bob.fill("#text", "hello Ann").await;
    bob.click("#say button").await;
    shows(&ann, "li:not(.mine) .text", "hello Ann").await;
    fits_a_small_screen(&ann).await;

    bob.open("about:blank").await;
    shows(&ann, ".notice", "Bob has left.").await;
}

#[tokio::test]
async fn each_example_starts_with_its_one_line() {
    for (folder, service) in [("sockjs-echo", "echo"), ("chat", "chat"), ("multiplex", "multiplex")] {
        let example = NpmStart::run(&format!("npm start examples/{folder}")).await;
        let page = reqwest::get(example.url("/")).await.unwrap();
        assert_eq!(
            (page.status().as_u16(), &page.headers()["content-type"]),
            (200, &"text/html; charset=utf-8".parse().unwrap())
        );
        // Sessions outlive the server: one that no earlier run has opened.
        let name = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let session = Polling { url: example.url(&format!("/{service}/000/{name}")), client: reqwest::Client::new() };
        assert_eq!(session.poll().await, "o\n", "{folder}");
    }
}

#[tokio::test]
async fn a_guest_of_the_chat_who_does_not_keep_to_its_rules_is_sent_away() {
    let app = SockjsApp::start_in("examples/chat").await;
    for (said, frame) in [
        (r#"{"say": "who am I?"}"#, r#"c[4000,"Join first, and once"]"#),
        ("what", r#"c[4001,"Not understood"]"#),
        (r#"{"join": " "}"#, r#"c[4002,"A name is needed"]"#),
    ] {
        let client = Polling { url: app.url(&format!("/chat/000/{}", frame.len())), client: reqwest::Client::new() };
        assert_eq!(client.poll().await, "o\n");
        client.send(&[said]).await;
        let closed = within(Duration::from_secs(5), "the close frame", async {
            loop {
                let answer = client.poll().await;
                if !answer.starts_with('a') {
                    return answer;
                }
            }
        });
        assert_eq!(closed.await, format!("{frame}\n"));
    }
}

async fn shows(browser: &Browser, selector: &str, text: &str) {
    let shown = format!("[...document.querySelectorAll('{selector}')].map((part) => part.textContent)");
    let has_it = |shown: &Value| shown.as_array().is_some_and(|shown| shown.iter().any(|one| one == text));
    browser.eventually(&format!("{selector} to show {text}"), &shown, has_it).await;
}

async fn fits_a_small_screen(browser: &Browser) {
    browser.set_width(360).await;
    let widths = browser.run("return [document.documentElement.scrollWidth, innerWidth]").await;
    assert!(widths[0].as_u64() <= widths[1].as_u64(), "{widths}");
}
