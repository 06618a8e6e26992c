//! The browser package and the demo page, in a real browser, against the real hub.

use std::collections::BTreeMap;

use harness::{Browser, Engine, Hub, eventually};
use serde_json::{Value, json};

/// The key that the demo page offers on the machine that it is developed on.
const DEMO_KEY: &str = "dev-key";

/// The state of the demo page's connection.
const STATE: &str = "document.querySelector('#connection').textContent";
/// What the demo page says about what its form did.
const RESULT: &str = "document.querySelector('#result').textContent";
/// The rows of the demo page's panels, the newest first: channel, type and payload of each.
const ROWS: &str =
    "[...document.querySelectorAll('.panel')].map((panel) => [...panel.querySelectorAll('li')].map((row) =>
    ['.channel', '.type', '.payload'].map((part) => row.querySelector(part).textContent).join(' ')))";

async fn start() -> Hub {
    Hub::builder().setting("PUBLISH_KEY", DEMO_KEY).start().await
}

async fn demo_page() -> (Hub, Browser) {
    demo_page_in(Engine::Chromium).await
}

async fn demo_page_in(engine: Engine) -> (Hub, Browser) {
    let hub = start().await;
    let browser = Browser::start_in(engine).await;
    browser.open(&hub.url("/")).await;
    browser.eventually("the page to be connected", STATE, |state| state == "open").await;
    (hub, browser)
}

/// Publishes as `curl -d key=... -d channel=... -d message=...` does.
async fn publish(hub: &Hub, channel: &str, message: &str) {
    publish_form(hub, &[("key", DEMO_KEY), ("channel", channel), ("message", message)]).await;
}

async fn publish_form(hub: &Hub, form: &[(&str, &str)]) {
    let answer = hub.post("/publish").form(form).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

/// Waits until the panels of the demo page show these rows and no others.
async fn shows(browser: &Browser, rows: Value) {
    browser.eventually(&format!("the rows {rows}"), ROWS, |shown| *shown == rows).await;
}

/// Waits until each of these channels, and no other, has one listener.
async fn has_listeners(hub: &Hub, channels: &[&str]) {
    let expected = channels.iter().map(|channel| ((*channel).to_owned(), 1)).collect::<BTreeMap<_, _>>();
    eventually(&format!("the counts {expected:?}"), || hub.stats(), |counts| *counts == expected).await;
}

#[tokio::test]
async fn the_demo_page_shows_what_curl_publishes_in_chromium() {
    shows_what_curl_publishes(Engine::Chromium).await;
}

#[tokio::test]
async fn the_demo_page_shows_what_curl_publishes_in_firefox() {
    shows_what_curl_publishes(Engine::Firefox).await;
}

async fn shows_what_curl_publishes(engine: Engine) {
    let (hub, browser) = demo_page_in(engine).await;
    publish(&hub, "general", "hello, 🦀").await;
    let hello = "general message hello, 🦀";
    shows(&browser, json!([[hello], [], []])).await;
    publish(&hub, "dogs", r#"["price", {"eur": 5}]"#).await;
    let price = r#"dogs price ["price",{"eur":5}]"#;
    shows(&browser, json!([[hello], [], [price]])).await;
    publish(&hub, "cats", "<b>1 < 2</b>").await;
    let cats = "cats message <b>1 < 2</b>";
    shows(&browser, json!([[hello], [cats], [cats, price]])).await;
    // Two panels want cats; with a connection for each there would be two listeners.
    has_listeners(&hub, &["cats", "dogs", "general"]).await;
}

#[tokio::test]
async fn the_demo_page_publishes() {
    let (_hub, browser) = demo_page().await;
    browser.fill("#channels", "dogs , general").await;
    browser.fill("#message", r#"{"text": "woof"}"#).await;
    browser.click("#event option:nth-child(2)").await;
    browser.click("#publish button").await;
    browser.eventually("the answer", RESULT, |text| text == "Published to dogs, general.").await;
    let [dogs, general] = ["dogs", "general"].map(|channel| format!(r#"{channel} alert {{"text":"woof"}}"#));
    shows(&browser, json!([[general], [], [dogs]])).await;

    browser.fill("#key", "wrong").await;
    browser.click("#publish button").await;
    browser.eventually("the refusal", RESULT, |text| text == "The publish key is missing or wrong.").await;
}

#[tokio::test]
async fn the_demo_page_gets_what_it_missed_while_the_hub_was_gone() {
    let (mut hub, browser) = demo_page().await;
    publish(&hub, "cats", "before").await;
    shows(&browser, json!([[], ["cats message before"], ["cats message before"]])).await;
    hub.kill().await;
    browser.eventually("the page to notice", STATE, |state| state == "reconnecting").await;
    hub.restart().await;
    publish(&hub, "cats", "meanwhile").await;
    browser.eventually("the page to be connected again", STATE, |state| state == "open").await;
    publish(&hub, "cats", "after").await;
    let rows = ["cats message after", "cats message meanwhile", "cats message before"];
    shows(&browser, json!([[], rows, rows])).await;
}

#[tokio::test]
async fn the_demo_page_does_not_scroll_sideways_on_a_small_screen() {
    let (hub, browser) = demo_page().await;
    browser.set_width(360).await;
    let name = "x".repeat(256);
    let _listener = hub.subscribe(&[&name]).await;
    publish(&hub, "general", &name.repeat(4)).await;
    shows(&browser, json!([[format!("general message {}", name.repeat(4))], [], []])).await;
    // The page counts when it is looked at again, and otherwise rarely.
    let counted = "(document.dispatchEvent(new Event('visibilitychange')),
        [...document.querySelectorAll('#listeners dt')].map((name) => name.textContent))";
    let has_name = |counted: &Value| counted.as_array().is_some_and(|names| names.contains(&json!(name)));
    browser.eventually("the long name to be counted", counted, has_name).await;
    let widths = browser.run("return [document.documentElement.scrollWidth, innerWidth]").await;
    assert!(widths[0].as_u64() <= widths[1].as_u64(), "{widths}");
}

/// Connects the elements of the page, and keeps what each hears in `window.heard`.
const CONNECT: &str = "
    const { default: init, connect } = await import('/media/client/cyclone_edge_client.js');
    await init();
    window.heard = {};
    for (const element of document.querySelectorAll('.sse')) {
      heard[element.id] = [];
      for (const type of ['sse.message', 'sse.price', 'sse.rise', 'sse.fall']) {
        element.addEventListener(type, ({ detail }) =>
          heard[element.id].push(`${type} ${detail.channel} ${JSON.stringify(detail.data)}`));
      }
    }
    window.connection = connect();
    await new Promise((resolve) => document.addEventListener('sse.open', resolve, { once: true }));";

/// A page with these elements, connected. The demo page would bring a connection of its own.
async fn page_with(hub: &Hub, elements: &str) -> Browser {
    let browser = Browser::start().await;
    browser.open(&hub.url("/healthz")).await;
    let failure = browser.run_async(&format!("document.body.innerHTML = `{elements}`; {CONNECT}")).await;
    assert_eq!(failure, Value::Null);
    browser
}

#[tokio::test]
async fn each_element_gets_its_own_channels_and_types_and_no_others() {
    let hub = start().await;
    let elements = r#"
        <p id="cats" class="sse" data-sse-channels="cats"></p>
        <p id="prices" class="sse" data-sse-channels="dogs, shop" data-sse-events="price rise"></p>"#;
    let browser = page_with(&hub, elements).await;
    for (channel, event, message) in [
        ("cats", "message", "1"),
        ("dogs", "message", "2"),
        ("dogs", "price", "3"),
        ("shop", "message", r#"["price", 4]"#),
        ("cats", "price", "5"),
        ("elsewhere", "price", "6"),
        ("shop", "message", r#"["fall", 7]"#),
        ("dogs", "rise", "8"),
        ("shop", "rise", "9"),
        ("cats", "message", "10"),
    ] {
        publish_form(&hub, &[("key", DEMO_KEY), ("channel", channel), ("event", event), ("message", message)]).await;
    }
    // Order holds within a channel, not between channels: when the last of each is there, everything is.
    let last = ["sse.message cats 10", "sse.rise dogs 8", "sse.rise shop 9"];
    let is_last = |heard: &Value| last.iter().all(|line| heard.to_string().contains(line));
    let heard = browser.eventually("the last of each channel", "heard", is_last).await;
    let cats = ["sse.message cats 1", "sse.message cats 5", "sse.price cats 5", "sse.message cats 10"];
    assert_eq!(heard["cats"], json!(cats));
    let mut prices: Vec<&str> = heard["prices"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    prices.sort_by_key(|line| line.split(' ').nth(1));
    assert_eq!(prices, ["sse.price dogs 3", "sse.rise dogs 8", "sse.price shop 4", "sse.rise shop 9"]);
}

#[tokio::test]
async fn an_element_misses_nothing_while_others_come_and_go() {
    let hub = start().await;
    let browser = page_with(&hub, r#"<p id="cats" class="sse" data-sse-channels="cats"></p>"#).await;
    // With every seventh message another element appears or goes, and the connection moves.
    let moves = "let count = 0;
        document.addEventListener('sse.message', () => {
          if (++count % 7 !== 0) return;
          const other = document.querySelector('#other');
          if (other) other.remove();
          else document.body.insertAdjacentHTML('beforeend',
            `<p id=\"other\" class=\"sse\" data-sse-channels=\"dogs, owls\"></p>`);
        });";
    browser.run(moves).await;
    for number in 0..200 {
        publish(&hub, "cats", &number.to_string()).await;
    }
    let is_last = |heard: &Value| heard.to_string().contains("sse.message cats 199");
    let heard = browser.eventually("the last message", "heard.cats", is_last).await;
    assert_eq!(heard, json!((0..200).map(|number| format!("sse.message cats {number}")).collect::<Vec<_>>()));
}

#[tokio::test]
async fn all_elements_of_a_page_share_one_connection() {
    let hub = start().await;
    let elements = r#"
        <p id="one" class="sse" data-sse-channels="a"></p>
        <p id="two" class="sse" data-sse-channels="a, b"></p>
        <p id="three" class="sse" data-sse-channels="c" data-sse-events="price"></p>"#;
    let browser = page_with(&hub, elements).await;
    // With a connection for each element, two would listen to `a`.
    has_listeners(&hub, &["a", "b", "c"]).await;
    // The browser lists a stream when it is over; one that the handle does not close would still be counted.
    browser.run("connection.close()").await;
    has_listeners(&hub, &[]).await;
    let streams = "performance.getEntriesByType('resource').map((entry) => new URL(entry.name))
        .filter((url) => url.search !== '').map((url) => url.pathname + url.search)";
    let streams = browser.eventually("a stream in the list", streams, |streams| *streams != json!([])).await;
    assert_eq!(streams, json!(["/sse/?channels=a&channels=b&channels=c&greeting=event"]));
}

#[tokio::test]
async fn a_page_of_another_origin_may_fetch_with_the_headers_that_clients_send_with_credentials_too() {
    let elsewhere = start().await;
    let open = start().await;
    let listed = Hub::builder().setting("PUBLISH_KEY", DEMO_KEY).setting("CORS_ORIGINS", elsewhere.url(""));
    let listed = listed.start().await;
    let browser = Browser::start().await;
    browser.open(&elsewhere.url("/healthz")).await;
    for (hub, credentials) in [(&open, "omit"), (&listed, "omit"), (&listed, "include")] {
        let script = format!(
            "const options = {{ credentials: '{credentials}', headers: {{
               'Last-Event-ID': '0', 'Authorization': 'Bearer {DEMO_KEY}', 'Content-Type': 'application/json',
               'X-Requested-With': 'fetch', 'Cache-Control': 'no-cache' }} }};
             const body = JSON.stringify({{ channel: 'a', message: 'posted' }});
             const published = await fetch('{}', {{ ...options, method: 'POST', body }});
             const stream = await fetch('{}', options);
             const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
             let text = '';
             while (!text.includes('data: ')) text += (await reader.read()).value;
             await reader.cancel();
             return [published.status, stream.status, text.includes('data: posted')];",
            hub.url("/publish"),
            hub.url("/sse/?channels=a")
        );
        assert_eq!(browser.run_async(&script).await, json!([200, 200, true]), "{credentials}");
    }
    let refused = format!("return (await fetch('{}', {{ credentials: 'include' }})).status;", open.url("/healthz"));
    let refused = browser.run_async(&refused).await;
    assert!(refused.as_str().is_some_and(|failure| failure.starts_with("failed: ")), "{refused}");
}
