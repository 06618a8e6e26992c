//! The example pages, opened as files beside a hub, as their first line says.

use harness::{Browser, Engine, Hub, root};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where `npm start` serves.
const ADDRESS: &str = "http://127.0.0.1:8787";
/// The key that `npm start` sets up.
const KEY: &str = "dev-key";

/// What the rows of all lists say, the newest first.
const ROWS: &str = "[...document.querySelectorAll('.events')].map((list) =>
    [...list.children].map((row) => [...row.children].map((part) => part.textContent.replace(/ \\(id .*/, '')).join(' ')))";

/// An example that talks to a hub of the test.
struct Example {
    hub: Hub,
    browser: Browser,
    _file: TempDir,
}

impl Example {
    async fn open(engine: Engine, name: &str) -> Self {
        let hub = Hub::builder().setting("PUBLISH_KEY", KEY).start().await;
        let text = std::fs::read_to_string(root().join("examples").join(name).join("index.html")).unwrap();
        assert!(text.contains(ADDRESS) && text.starts_with("<!-- Run it: `npm start`"), "{name} says how to run it");
        let file = tempfile::tempdir().unwrap();
        let path = file.path().join("index.html");
        std::fs::write(&path, text.replace(ADDRESS, &hub.url(""))).unwrap();
        let browser = Browser::start_in(engine).await;
        browser.open(&format!("file://{}", path.display())).await;
        let open = |state: &Value| *state == "1, open";
        browser.eventually("the example to connect", "document.querySelector('#ready-state').textContent", open).await;
        Self { hub, browser, _file: file }
    }

    async fn shows(&self, rows: Value) {
        self.browser.eventually(&format!("the rows {rows}"), ROWS, |shown| *shown == rows).await;
    }

    /// What the page says under this name.
    async fn says(&self, id: &str, text: &str) {
        let said = format!("document.querySelector('#{id}').textContent");
        self.browser.eventually(&format!("{id} to be {text:?}"), &said, |said| *said == text).await;
    }

    async fn publish(&self, channel: &str, event: &str, message: &str) {
        let form = [("key", KEY), ("channel", channel), ("event", event), ("message", message)];
        assert_eq!(self.hub.post("/publish").form(&form).send().await.unwrap().status(), 200);
    }

    /// As wide as a small phone, nothing sticks out.
    async fn fits_a_small_screen(&self) {
        self.browser.set_width(360).await;
        let widths = self.browser.run("return [document.documentElement.scrollWidth, innerWidth]").await;
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "{widths}");
    }
}

#[tokio::test]
async fn the_example_of_the_class_shows_what_arrives_in_chromium() {
    let example = shows_what_arrives(Engine::Chromium).await;
    example.fits_a_small_screen().await;
}

#[tokio::test]
async fn the_example_of_the_class_shows_what_arrives_in_firefox() {
    shows_what_arrives(Engine::Firefox).await;
}

async fn shows_what_arrives(engine: Engine) -> Example {
    let example = Example::open(engine, "event-source").await;
    let browser = &example.browser;
    example.says("shown-transport", "native").await;
    browser.click("#publish button").await;
    example.shows(json!([["message hello", "open by native"]])).await;
    example.publish("dogs", "price", "5").await;
    example.shows(json!([["price 5", "message hello", "open by native"]])).await;

    // From before the first message, and with a header.
    browser.fill("#start", "0.0").await;
    browser.fill("#token", "anything").await;
    browser.click("#listen button").await;
    example.says("shown-transport", "fetch").await;
    let again = "document.querySelectorAll('.events li').length";
    browser.eventually("both messages again", again, |count| *count == 6).await;

    browser.click("#transport option:nth-child(2)").await;
    browser.click("#listen button").await;
    example.says("failure", "the transport `native` sends no headers, method, body or lastEventId").await;
    example
}

#[tokio::test]
async fn the_example_of_marked_elements_follows_its_buttons_in_chromium() {
    let example = follows_its_buttons(Engine::Chromium).await;
    example.fits_a_small_screen().await;
}

#[tokio::test]
async fn the_example_of_marked_elements_follows_its_buttons_in_firefox() {
    follows_its_buttons(Engine::Firefox).await;
}

async fn follows_its_buttons(engine: Engine) -> Example {
    let example = Example::open(engine, "page").await;
    let browser = &example.browser;
    browser.click("#publish button").await;
    let hello = r#"sse.message cats: {"text":"hello"}"#;
    example.shows(json!([[hello], []])).await;

    browser.click("#add").await;
    example.says("channels", "cats, dogs, owls, shop").await;
    example.publish("owls", "", "1").await;
    let owl = "sse.message owls: 1";
    example.shows(json!([[hello], [], [owl]])).await;

    browser.fill("section:nth-of-type(4) [name=channels]", "shop, dogs").await;
    browser.fill("section:nth-of-type(4) [name=events]", "price").await;
    browser.click("section:nth-of-type(4) [type=submit]").await;
    browser.click("section:nth-of-type(3) [type=button]").await;
    example.says("channels", "dogs, owls, shop").await;
    example.publish("dogs", "price", "2").await;
    example.shows(json!([["sse.price dogs: 2"], [owl]])).await;
    example
}
