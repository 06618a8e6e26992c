//! How the browser package goes on where a stream does not get through, and what it never loses or doubles meanwhile.

use std::collections::BTreeMap;

use harness::{Answer, Browser, Buffering, BufferingProxy, Engine, Gate, Hub, Request, ScriptedServer, eventually};
use serde_json::{Value, json};

/// A page of the hub's origin without a connection of its own: Firefox shows JSON in a viewer that lets no script in.
pub(crate) const BLANK: &str = "/media/demo.css";

/// Times that a test need not wait for, in milliseconds.
const QUICK: &str = "firstBytes: 300, retry: 50, maxRetry: 200, climbAfter: 300";

/// A page of this origin with the package, and what its sources and elements heard in `window.heard`.
pub(crate) async fn page(engine: Engine, url: &str) -> Browser {
    let browser = Browser::start_in(engine).await;
    browser.open(url).await;
    load(&browser).await;
    browser
}

/// Loads the package into the page.
async fn load(browser: &Browser) {
    let script = "
        const { default: init, EventSource, connect } = await import('/media/client/cyclone_edge_client.js');
        await init();
        Object.assign(window, { Package: EventSource, connect, heard: [], transports: [], states: [] });
        window.open = (url, options) => {
          window.source = new Package(url, options);
          source.onmessage = ({ data }) => heard.push(data);
          source.onerror = () => states.push(source.readyState);
          source.onopen = () => states.push(source.readyState);
          source.addEventListener('transport', () => transports.push(source.transport));
        };
        dispatchEvent(new Event('loaded'));
        window.isLoaded = true;";
    browser.run("document.body.replaceChildren()").await;
    browser.add_module(script).await;
    browser.eventually("the package", "window.isLoaded === true", |loaded| *loaded == true).await;
}

pub(crate) async fn hears(browser: &Browser, expected: &[String]) {
    let is_all = |heard: &Value| heard.as_array().is_some_and(|heard| heard.len() >= expected.len());
    let heard = browser.eventually("all messages", "window.heard", is_all).await;
    assert_eq!(heard, json!(expected));
}

async fn uses(browser: &Browser, transport: &str) {
    browser.eventually(transport, "window.source.transport", |now| now == transport).await;
}

pub(crate) async fn is_open(browser: &Browser) {
    browser.eventually("the source to be open", "window.source.readyState", |state| *state == 1).await;
}

pub(crate) fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

pub(crate) async fn publish(hub: &Hub, range: std::ops::Range<u32>) {
    for number in range {
        hub.publish(&["a"], &number.to_string()).await;
    }
}

/// What no client takes for an answer. (A connection that ends without a word is tried again by Chromium itself.)
fn broken() -> Answer {
    Answer::raw("no such protocol\r\n\r\n").reset()
}

/// The queries of the requests of a path.
pub(crate) fn queries(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| request.query.as_str()).collect()
}

async fn a_stream_that_is_held_back_is_polled(engine: Engine, buffering: Buffering, options: &str) {
    let hub = Hub::start().await;
    let proxy = BufferingProxy::start(&hub, buffering).await;
    let browser = page(engine, &proxy.url(BLANK)).await;
    browser.add_script(&format!("open('/sse/?channels=a&channels=b', {{ {QUICK}, {options} }})")).await;
    eventually("the listener", || hub.stats(), |counts| counts.contains_key("a")).await;
    // The stream has begun for the hub, and brings nothing: what comes now is not lost.
    publish(&hub, 0..3).await;
    uses(&browser, "longpoll").await;
    publish(&hub, 3..20).await;
    hears(&browser, &numbers(0..20)).await;
    // A better way is tried time and again, until it works.
    proxy.set(Buffering::Off);
    publish(&hub, 20..23).await;
    let better = if options.is_empty() { "native" } else { "fetch" };
    browser
        .eventually("the better way", "[source.transport, source.readyState]", |now| *now == json!([better, 1]))
        .await;
    eventually("the stream", || hub.stats(), |counts| counts.get("a") == Some(&1)).await;
    publish(&hub, 23..40).await;
    hears(&browser, &numbers(0..40)).await;
    let transports = browser.run("return window.transports").await;
    assert_eq!(transports[0], "longpoll");
}

#[tokio::test]
async fn a_body_that_is_held_back_is_polled_in_chromium() {
    a_stream_that_is_held_back_is_polled(Engine::Chromium, Buffering::Body, "").await;
}

#[tokio::test]
async fn a_body_that_is_held_back_is_polled_in_firefox() {
    a_stream_that_is_held_back_is_polled(Engine::Firefox, Buffering::Body, "").await;
}

#[tokio::test]
async fn a_whole_response_that_is_held_back_is_polled() {
    a_stream_that_is_held_back_is_polled(Engine::Chromium, Buffering::Everything, "").await;
}

#[tokio::test]
async fn a_fetch_that_is_held_back_is_polled_in_chromium() {
    a_stream_that_is_held_back_is_polled(Engine::Chromium, Buffering::Body, "headers: { 'X-Mine': '1' }").await;
}

#[tokio::test]
async fn a_fetch_that_is_held_back_is_polled_in_firefox() {
    a_stream_that_is_held_back_is_polled(Engine::Firefox, Buffering::Body, "headers: { 'X-Mine': '1' }").await;
}

#[tokio::test]
async fn a_fetch_with_a_token_that_is_held_back_is_polled() {
    a_stream_that_is_held_back_is_polled(Engine::Chromium, Buffering::Body, "token: () => 'mine'").await;
}

#[tokio::test]
async fn a_tab_remembers_that_only_polling_works() {
    let hub = Hub::start().await;
    let proxy = BufferingProxy::start(&hub, Buffering::Body).await;
    let browser = page(Engine::Chromium, &proxy.url(BLANK)).await;
    let open = "open('/sse/?channels=a', { firstBytes: 300 })";
    browser.add_script(open).await;
    assert_eq!(browser.run("return source.transport").await, "native");
    uses(&browser, "longpoll").await;
    browser.open(&proxy.url(BLANK)).await;
    load(&browser).await;
    browser.add_script(open).await;
    assert_eq!(browser.run("return source.transport").await, "longpoll");
    is_open(&browser).await;
    publish(&hub, 0..1).await;
    hears(&browser, &numbers(0..1)).await;
}

#[tokio::test]
async fn a_quiet_channel_is_not_taken_for_one_that_is_held_back() {
    let hub = Hub::start().await;
    let browser = page(Engine::Chromium, &hub.url(BLANK)).await;
    browser.add_script(&format!("open('/sse/?channels=a', {{ {QUICK} }})")).await;
    // The browser's own class shows no greeting: when a poll has told that there is a hub, it is asked for an event.
    let streams = "performance.getEntriesByType('resource').map(({ name }) => new URL(name).search).filter(Boolean)";
    let is_asked = |streams: &Value| streams.as_array().is_some_and(|streams| streams.len() >= 2);
    let streams = browser.eventually("the poll and the first stream", streams, is_asked).await;
    assert!(streams.to_string().contains("transport=longpoll&greeting=event"), "{streams}");
    eventually("the second stream", || hub.stats(), |counts| counts.get("a") == Some(&1)).await;
    publish(&hub, 0..5).await;
    hears(&browser, &numbers(0..5)).await;
    assert_eq!(browser.run("return [source.transport, transports]").await, json!(["native", []]));
}

#[tokio::test]
async fn a_server_that_has_nothing_to_say_is_waited_for() {
    let server = ScriptedServer::start().await;
    let gate = Gate::new();
    let silent = || Answer::stream().piece(":\n").wait(&gate).piece("data: at last\n\n");
    // The second answer is for who looks whether it is a hub: it is not.
    server.script("/silent", [silent(), silent()]);
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    browser.add_script(&format!("open('/silent', {{ {QUICK} }})")).await;
    let looked = server.requested("/silent", 2).await;
    assert_eq!(queries(&looked), ["", "transport=longpoll&greeting=event"]);
    server.aborted("/silent").await;
    gate.open();
    hears(&browser, &["at last".to_owned()]).await;
    assert_eq!(browser.run("return [source.transport, transports, states]").await, json!(["native", [], [1]]));
    assert_eq!(server.requests("/silent").len(), 2);
}

#[tokio::test]
async fn streams_that_cannot_be_opened_are_polled() {
    let server = ScriptedServer::start().await;
    let poll = |text: &str| Answer::stream().piece(text).end();
    let hello = || poll("id: 1\nevent: sse.hello\ndata:\n\n");
    let three = || [broken(), broken(), broken()];
    // When the first poll is answered, a stream is tried again at once: there may just have been no server for a while.
    let answers =
        [&three()[..], &[hello()], &three(), &[hello(), poll("id: 2\ndata: 1\n\n"), Answer::stream()]].concat();
    server.script("/broken", answers);
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    browser.add_script("open('/broken', { retry: 20, maxRetry: 20, headers: { 'X-Mine': '1' } })").await;
    hears(&browser, &numbers(1..2)).await;
    let requests = server.requested("/broken", 10).await;
    let queries = queries(&requests);
    assert_eq!(queries[..3], [""; 3]);
    assert!(queries[3].starts_with("transport=longpoll&greeting=event&ago="), "{queries:?}");
    assert_eq!(queries[4..7], ["greeting=event&lastEventId=1"; 3]);
    assert_eq!(queries[7], "transport=longpoll&greeting=event&lastEventId=1");
    assert_eq!(queries[8..], ["transport=longpoll&lastEventId=1", "transport=longpoll&lastEventId=2"]);
    assert_eq!(browser.run("return transports").await, json!(["longpoll", "fetch", "longpoll"]));
}

#[tokio::test]
async fn an_outage_is_survived_by_every_transport() {
    let mut hub = Hub::start().await;
    let browser = page(Engine::Chromium, &hub.url(BLANK)).await;
    for (index, options) in
        ["", "transport: 'native'", "transport: 'fetch'", "transport: 'longpoll'"].into_iter().enumerate()
    {
        let start = u32::try_from(index).unwrap() * 10;
        browser
            .add_script(&format!("heard.length = 0; open('/sse/?channels=a&channels=b', {{ {QUICK}, {options} }})"))
            .await;
        is_open(&browser).await;
        publish(&hub, start..start + 3).await;
        hears(&browser, &numbers(start..start + 3)).await;
        hub.kill().await;
        browser.eventually("the source to notice", "source.readyState", |state| *state == 0).await;
        hub.restart().await;
        publish(&hub, start + 3..start + 6).await;
        hears(&browser, &numbers(start..start + 6)).await;
        browser.add_script("source.close()").await;
    }
}

#[tokio::test]
async fn browsers_without_event_source_or_streams_are_served() {
    let hub = Hub::start().await;
    let browser = Browser::start().await;
    for (without, transport) in [
        ("delete window.EventSource", "fetch"),
        ("delete window.EventSource; addEventListener('loaded', () => (window.EventSource = Package))", "fetch"),
        ("delete window.EventSource; delete Response.prototype.body", "longpoll"),
    ] {
        browser.open(&hub.url(BLANK)).await;
        browser.add_script(without).await;
        load(&browser).await;
        browser.add_script(&format!("open('/sse/?channels=a', {{ {QUICK} }})")).await;
        assert_eq!(browser.run("return source.transport").await, transport);
        is_open(&browser).await;
        publish(&hub, 0..5).await;
        hears(&browser, &numbers(0..5)).await;
        browser.add_script("source.close()").await;
    }
}

#[tokio::test]
async fn a_server_that_is_no_hub_is_never_polled_for_what_it_may_have_missed() {
    let mut server = ScriptedServer::start().await;
    let stream = |data: u32| Answer::stream().piece(format!("retry: 50\nid: {data}\ndata: {data}\n\n"));
    server.script("/mine", [stream(1), Answer::stream().piece("data: 2\n\n")]);
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    browser.add_script("open('/mine', { firstBytes: 300, retry: 50, maxRetry: 50, climbAfter: 300 })").await;
    hears(&browser, &numbers(1..2)).await;
    server.stop().await;
    // Long enough for the browser's own class to be given up, and for a fetch to fail more than once.
    browser.eventually("five failures", "states.length >= 6", |failed| *failed == true).await;
    server.restart().await;
    hears(&browser, &numbers(1..3)).await;
    let requests = server.requests("/mine");
    assert_eq!(queries(&requests), ["", ""]);
    assert_eq!(requests[1].header("last-event-id"), Some("1"));
}

#[tokio::test]
async fn what_polls_are_answered_with_tells_a_server_that_is_no_hub() {
    let server = ScriptedServer::start().await;
    // Nothing was ever reached but by the fourth request, which a poll makes.
    let answers = [broken(), broken(), broken(), Answer::status(404), Answer::stream().piece("data: 1\n\n")];
    server.script("/mine", answers);
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    browser.add_script(&format!("open('/mine', {{ {QUICK}, headers: {{ 'X-Mine': '1' }} }})")).await;
    hears(&browser, &numbers(1..2)).await;
    assert_eq!(browser.run("return transports").await, json!(["longpoll", "fetch"]));
}

#[tokio::test]
async fn a_request_with_a_body_is_sent_once() {
    let server = ScriptedServer::start().await;
    let gate = Gate::new();
    server.script("/ask", [Answer::stream().piece(":\n").wait(&gate).piece("data: 1\n\n")]);
    server.script("/sentinel", [Answer::stream(), Answer::stream()]);
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    browser.add_script("open('/ask', { method: 'POST', body: 'x', firstBytes: 50 }); new Package('/sentinel', { firstBytes: 100 })",
    )
    .await;
    // By then it would have been looked at, too.
    server.requested("/sentinel", 2).await;
    gate.open();
    hears(&browser, &numbers(1..2)).await;
    assert_eq!(server.requests("/ask").len(), 1);
}

#[tokio::test]
async fn headers_go_to_no_server_that_the_page_did_not_name() {
    let (server, elsewhere) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    let stream = Answer::stream().for_origin("*").piece("retry: 1\ndata: 1\n\n").end();
    server.script("/moved", [Answer::redirect(307, &elsewhere.url("/there")), Answer::stream()]);
    elsewhere.script("/there", [stream]);
    browser.add_script("open('/moved', { headers: { Authorization: 'Bearer secret' } })").await;
    // The next attempt goes where the page said, not where the first was led to.
    server.requested("/moved", 2).await;
    assert_eq!(elsewhere.requests("/there").len(), 1);
    assert_eq!(elsewhere.requests("/there")[0].header("authorization"), None);
}

#[tokio::test]
async fn a_handler_of_the_change_may_close_the_source() {
    let hub = Hub::start().await;
    let proxy = BufferingProxy::start(&hub, Buffering::Body).await;
    let browser = page(Engine::Chromium, &proxy.url(BLANK)).await;
    browser.add_script(&format!("open('/sse/?channels=a', {{ {QUICK} }})")).await;
    browser.add_script("source.addEventListener('transport', () => source.close())").await;
    browser.eventually("the end", "source.readyState", |state| *state == 2).await;
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
    assert_eq!(browser.run("return [source.readyState, states.includes(0)]").await, json!([2, false]));
}

#[tokio::test]
async fn what_cannot_be_loaded_is_told_and_can_be_loaded_again() {
    let server = ScriptedServer::start().await;
    server.script("/a", [Answer::stream().piece("data: 1\n\n")]);
    server.script("/none.wasm", [Answer::status(404)]);
    let browser = Browser::start().await;
    browser.open(&server.url("/page")).await;
    let heard = browser
        .run_async(
            "const { default: init, EventSource } = await import('/media/client/cyclone_edge_client.js');
             const lost = new EventSource('/a');
             const failed = new Promise((resolve) => (lost.onerror = () => resolve(lost.readyState)));
             const why = await init('/none.wasm').catch((error) => error instanceof Error);
             const source = new EventSource('/a');
             const message = new Promise((resolve) => (source.onmessage = ({ data }) => resolve(data)));
             await init();
             return [why, await failed, await message];",
        )
        .await;
    assert_eq!(heard, json!([true, 2, "1"]));
}

#[tokio::test]
async fn a_channel_that_joins_a_stream_that_is_held_back_misses_nothing() {
    let hub = Hub::start().await;
    let proxy = BufferingProxy::start(&hub, Buffering::Body).await;
    let browser = page(Engine::Chromium, &proxy.url(BLANK)).await;
    browser
        .add_script(
            "document.body.innerHTML = `<p class='sse' data-sse-channels='b'></p>`;
         document.addEventListener('sse.message', ({ detail }) => heard.push(String(detail.data)));
         window.source = connect({ firstBytes: 2000, retry: 50 });",
        )
        .await;
    eventually("the first channel", || hub.stats(), |counts| counts.contains_key("b")).await;
    browser
        .add_script("document.body.insertAdjacentHTML('beforeend', `<p class='sse' data-sse-channels='a'></p>`)")
        .await;
    eventually("the new channel", || hub.stats(), |counts| counts.contains_key("a")).await;
    publish(&hub, 0..5).await;
    assert_eq!(browser.run("return source.transport").await, "native");
    uses(&browser, "longpoll").await;
    publish(&hub, 5..8).await;
    hears(&browser, &numbers(0..8)).await;
}

#[tokio::test]
async fn the_elements_of_a_page_are_polled_for_too() {
    let hub = Hub::start().await;
    let proxy = BufferingProxy::start(&hub, Buffering::Body).await;
    let browser = page(Engine::Chromium, &proxy.url(BLANK)).await;
    let connect = format!(
        "document.body.innerHTML = `<p class='sse' data-sse-channels='a, b'></p>`;
         const element = document.querySelector('.sse');
         element.addEventListener('sse.message', ({{ detail }}) => heard.push(String(detail.data)));
         element.addEventListener('sse.transport', () => transports.push(source.transport));
         window.source = connect({{ {QUICK} }});"
    );
    browser.add_script(&connect).await;
    eventually("the listener", || hub.stats(), |counts| counts.contains_key("a")).await;
    publish(&hub, 0..3).await;
    uses(&browser, "longpoll").await;
    publish(&hub, 3..6).await;
    hears(&browser, &numbers(0..6)).await;
    assert_eq!(browser.run("return transports[0]").await, "longpoll");
    // Another element comes: the polls are for its channels too.
    browser
        .add_script("document.body.insertAdjacentHTML('beforeend', `<p class='sse' data-sse-channels='c'></p>`)")
        .await;
    eventually("the new channel", || hub.stats(), |counts| counts.contains_key("c")).await;
    publish(&hub, 6..9).await;
    hears(&browser, &numbers(0..9)).await;
    browser.add_script("source.close()").await;
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
}

#[tokio::test]
async fn a_refusal_is_final_and_told_once() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    for status in [204, 401, 404, 500] {
        let path = format!("/{status}");
        server.script(&path, [Answer::status(status), Answer::status(status)]);
        browser.add_script(&format!("states.length = 0; open('{path}', {{ {QUICK} }})")).await;
        browser.eventually("the end", "states", |states| *states == json!([2])).await;
        // The browser's own class does not say why it gave up: a fetch looks.
        assert_eq!(server.requests(&path).len(), 2);
    }
}

#[tokio::test]
async fn a_hub_behind_a_gateway_that_is_restarting_is_waited_for() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    let stream = Answer::stream().piece("id: 1\nevent: sse.hello\ndata:\n\ndata: 1\n\n");
    server.script("/sse/", [Answer::status(502), Answer::status(502), Answer::status(503), stream]);
    let connect = format!(
        "document.body.innerHTML = `<p class='sse' data-sse-channels='a'></p>`;
         document.querySelector('.sse').addEventListener('sse.message', ({{ detail }}) => heard.push(String(detail.data)));
         window.source = connect({{ {QUICK} }});"
    );
    browser.add_script(&connect).await;
    hears(&browser, &numbers(1..2)).await;
}

#[tokio::test]
async fn pauses_grow_and_end_when_the_browser_is_online_or_the_page_is_looked_at() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    server.script("/grow", std::iter::repeat_with(broken).take(5));
    browser.add_script("open('/grow', { transport: 'fetch', retry: 100, maxRetry: 400 })").await;
    let requests = server.requested("/grow", 5).await;
    browser.add_script("source.close()").await;
    let waits: Vec<_> = requests.windows(2).map(|pair| (pair[1].at - pair[0].at).as_millis()).collect();
    for (wait, least) in waits.iter().zip([100, 200, 400, 400]) {
        assert!(*wait >= least, "{waits:?}");
    }

    // While the browser knows that it is offline, it waits to be online.
    server.script("/offline", [broken(), Answer::stream().piece("data: 1\n\n")]);
    server.script("/sentinel", [broken(), Answer::stream()]);
    browser.add_script("Object.defineProperty(navigator, 'onLine', { value: false, configurable: true })").await;
    browser.add_script("open('/offline', { transport: 'fetch', retry: 1, maxRetry: 600000 })").await;
    browser.eventually("the pause", "source.readyState === 0 && states.at(-1) === 0", |paused| *paused == true).await;
    browser.add_script("delete navigator.onLine; new Package('/sentinel', { transport: 'fetch', retry: 1 })").await;
    server.requested("/sentinel", 2).await;
    assert_eq!(server.requests("/offline").len(), 1);
    browser.add_script("dispatchEvent(new Event('online'))").await;
    hears(&browser, &numbers(1..2)).await;
    browser.add_script("source.close(); states.length = 0").await;

    for (name, wake) in [
        ("online", "dispatchEvent(new Event('online'))"),
        ("visible", "document.dispatchEvent(new Event('visibilitychange'))"),
    ] {
        let path = format!("/{name}");
        server.script(&path, [broken(), Answer::stream().piece("data: 1\n\n")]);
        browser.add_script(&format!("heard.length = 0; open('{path}', {{ transport: 'fetch', retry: 600000 }})")).await;
        browser
            .eventually("the pause", "source.readyState === 0 && states.at(-1) === 0", |paused| *paused == true)
            .await;
        browser.add_script(wake).await;
        hears(&browser, &numbers(1..2)).await;
        browser.add_script("source.close(); states.length = 0").await;
    }
}

#[tokio::test]
async fn the_options_of_a_source_reach_the_server() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    let stream = || Answer::stream().piece("id: 8\ndata: 1\n\n");
    server.script("/options", [stream().end(), stream()]);
    let options =
        "{ method: 'POST', body: 'what I want', headers: { Authorization: 'Bearer x' }, lastEventId: 'ü7', retry: 1 }";
    browser.add_script(&format!("open('/options', {options})")).await;
    assert_eq!(browser.run("return source.transport").await, "fetch");
    let requests = server.requested("/options", 2).await;
    for (request, id) in requests.iter().zip(["ü7", "8"]) {
        assert_eq!((request.method.as_str(), request.body.as_slice()), ("POST", "what I want".as_bytes()));
        assert_eq!(request.header("authorization"), Some("Bearer x"));
        assert_eq!(request.header("last-event-id"), Some(id));
        assert_eq!(request.header("accept"), Some("text/event-stream"));
    }
    browser.eventually("the id", "source.lastEventId", |id| id == "8").await;
    browser.add_script("source.close()").await;

    server.script("/abort", [stream()]);
    browser.add_script("window.abort = new AbortController(); open('/abort', { signal: abort.signal })").await;
    is_open(&browser).await;
    browser.add_script("abort.abort()").await;
    assert_eq!(browser.run("return source.readyState").await, 2);
    server.aborted("/abort").await;
    browser.add_script("open('/abort', { signal: AbortSignal.abort() })").await;
    assert_eq!(browser.run("return source.readyState").await, 2);
    assert_eq!(server.requests("/abort").len(), 1);
}

#[tokio::test]
async fn wrong_options_of_a_source_are_named() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    for (options, why) in [
        ("1", "the options must be an object"),
        ("{ transport: 'pigeon' }", "the option `transport` must be one of auto, native, fetch, longpoll"),
        ("{ retry: -1 }", "the option `retry` must be a number of milliseconds from 0 on"),
        ("{ maxRetry: '1' }", "the option `maxRetry` must be a number of milliseconds from 0 on"),
        ("{ firstBytes: NaN }", "the option `firstBytes` must be a number of milliseconds from 0 on"),
        ("{ lastEventId: 'a\\nb' }", "the option `lastEventId` must be a text without line breaks and NUL"),
        ("{ token: 5 }", "the option `token` must be a text without spaces, or a function that returns one"),
        ("{ token: '' }", "the option `token` must be a text without spaces, or a function that returns one"),
        ("{ token: 'a b' }", "the option `token` must be a text without spaces, or a function that returns one"),
        (
            "{ transport: 'native', headers: {} }",
            "the transport `native` sends no headers, method, body or lastEventId",
        ),
        ("{ method: 'POST', body: new ReadableStream(), duplex: 'half' }", ""),
        ("{ body: 'x' }", ""),
        ("{ headers: { 'a b': '1' } }", ""),
    ] {
        let script = format!(
            "try {{ new Package('/x', {options}); window.thrown = 'nothing' }} catch (error) {{ window.thrown = error }}"
        );
        browser.add_script(&script).await;
        let thrown = browser.run("return [thrown instanceof TypeError, thrown.message]").await;
        assert_eq!(thrown[0], true, "{options}");
        assert!(why.is_empty() || thrown[1] == why, "{options}: {thrown}");
    }
}

#[tokio::test]
async fn the_class_can_take_the_place_of_the_browsers_own() {
    let hub = Hub::start().await;
    let browser = page(Engine::Chromium, &hub.url(BLANK)).await;
    browser
        .add_script(
            "window.EventSource = Package;
         window.source = new EventSource('/sse/?channels=a');
         source.onmessage = ({ data }) => heard.push(data);",
        )
        .await;
    is_open(&browser).await;
    assert_eq!(browser.run("return [source instanceof EventSource, source.transport]").await, json!([true, "native"]));
    publish(&hub, 0..3).await;
    hears(&browser, &numbers(0..3)).await;
}

#[tokio::test]
async fn a_label_names_one_connection() {
    let hub = Hub::start().await;
    let browser = page(Engine::Chromium, &hub.url(BLANK)).await;
    browser
        .add_script(
            "document.body.innerHTML = `<p class='sse' data-sse-channels='a'></p>`;
         window.first = connect({ label: 'x' });
         window.other = connect({ label: 'y' });
         window.plain = connect();
         window.second = connect({ label: 'x' });",
        )
        .await;
    let states = "[first, other, plain, second].map(({ readyState }) => readyState)";
    browser.eventually("three to be open", states, |states| *states == json!([2, 1, 1, 1])).await;
    browser.add_script("second.close(); window.third = connect({ label: 'x' })").await;
    browser.eventually("the third", "[second.readyState, third.readyState]", |now| *now == json!([2, 1])).await;
}

/// Counts what is held of a page: listeners, timers, observers, and fetches under way.
const COUNT: &str = "
    const held = new Map();
    const hold = (key) => held.set(key, (held.get(key) ?? 0) + 1);
    const drop = (key) => held.delete(key);
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    const ids = new WeakMap();
    const id = (object) => ids.get(object) ?? (ids.set(object, Math.random()), ids.get(object));
    EventTarget.prototype.addEventListener = function (type, act, options) {
      if (act) hold(`listener ${id(this ?? window)} ${type} ${id(act)}`);
      return addEventListener.call(this ?? window, type, act, options);
    };
    EventTarget.prototype.removeEventListener = function (type, act, options) {
      if (act) drop(`listener ${id(this ?? window)} ${type} ${id(act)}`);
      return removeEventListener.call(this ?? window, type, act, options);
    };
    const { setTimeout, clearTimeout, fetch } = window;
    window.setTimeout = (act, ms) => {
      const timer = setTimeout(() => (drop(`timer ${timer}`), act()), ms);
      hold(`timer ${timer}`);
      return timer;
    };
    window.clearTimeout = (timer) => (drop(`timer ${timer}`), clearTimeout(timer));
    let fetches = 0;
    window.fetch = (...args) => {
      const key = `fetch ${fetches++}`;
      hold(key);
      return fetch(...args).finally(() => drop(key));
    };
    const { observe, disconnect } = MutationObserver.prototype;
    MutationObserver.prototype.observe = function (...args) { hold(`observer ${id(this)}`); return observe.apply(this, args); };
    MutationObserver.prototype.disconnect = function () { drop(`observer ${id(this)}`); return disconnect.call(this); };
    window.held = () => [...held.keys()];";

async fn nothing_is_left_of_a_thousand(engine: Engine) {
    let hub = Hub::start().await;
    let browser = Browser::start_in(engine).await;
    browser.open(&hub.url(BLANK)).await;
    browser.add_script(COUNT).await;
    load(&browser).await;
    browser
        .add_script(
            "document.body.innerHTML = `<p class='sse' data-sse-channels='a'></p>`; window.before = held().length",
        )
        .await;
    for make in [
        "new Package('/sse/?channels=a', { transport: 'native' })",
        "new Package('/sse/?channels=a', { transport: 'fetch' })",
        "new Package('/sse/?channels=a', { transport: 'longpoll' })",
        "new Package('/sse/?channels=a', { signal: new AbortController().signal })",
        "new Package('/sse/?channels=a', { token: () => new Promise(() => {}) })",
        "connect({ label: 'x' })",
    ] {
        browser.add_script(&format!("for (let round = 0; round < 1000; round++) {{ {make}.close(); }}")).await;
        browser.eventually(&format!("nothing to be left of {make}"), "held()", |held| *held == json!([])).await;
    }
    // Those that were open, and those that wait to reconnect, leave nothing behind either.
    browser.add_script("window.sources = ['native', 'fetch', 'longpoll'].map((transport) => new Package('/sse/?channels=a', { transport }));
         sources.push(new Package('http://127.0.0.1:1/', { transport: 'fetch', retry: 60000 }), connect());",
    )
    .await;
    browser
        .eventually("three to be open", "sources.map(({ readyState }) => readyState)", |states| {
            *states == json!([1, 1, 1, 0, 1])
        })
        .await;
    browser.add_script("for (const source of sources) source.close()").await;
    browser.eventually("nothing to be left", "held()", |held| *held == json!([])).await;
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
}

#[tokio::test]
async fn nothing_is_left_of_a_thousand_streams_in_chromium() {
    nothing_is_left_of_a_thousand(Engine::Chromium).await;
}

#[tokio::test]
async fn nothing_is_left_of_a_thousand_streams_in_firefox() {
    nothing_is_left_of_a_thousand(Engine::Firefox).await;
}
