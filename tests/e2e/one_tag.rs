//! The one-tag form of the browser package, and pages whose Content-Security-Policy is strict.

use harness::{Answer, Browser, Engine, Gate, Hub, ScriptedServer, eventually};
use serde_json::{Value, json};

/// Keeps what elements hear, in `heard`.
const HEARS: &str = "
    window.heard = [];
    for (const type of ['sse.message', 'sse.price', 'news:message', 'news:price']) {
      document.addEventListener(type, ({ target, detail }) => heard.push([target.id, type, detail.data]));
    }";

/// A page with this in its head and its body.
fn page(head: &str, body: &str) -> Answer {
    let text = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Page</title>{head}<body>{body}<p>End</p></body></html>"
    );
    Answer::body("text/html").piece(text).end()
}

fn script(text: &str) -> Answer {
    Answer::body("text/javascript").piece(text).end()
}

/// A tag of a file of the package, with these data attributes.
fn tag(origin: &str, data: &str) -> String {
    format!("<script type=module src='{origin}/media/client/auto.js' {data}></script>")
}

async fn hears(browser: &Browser, expected: Value) {
    browser.eventually(&format!("the page to hear {expected}"), "heard", |heard| *heard == expected).await;
}

#[tokio::test]
async fn one_tag_connects_a_page_of_another_origin_to_the_hub_in_chromium() {
    connects_a_page_of_another_origin(Engine::Chromium).await;
}

#[tokio::test]
async fn one_tag_connects_a_page_of_another_origin_to_the_hub_in_firefox() {
    connects_a_page_of_another_origin(Engine::Firefox).await;
}

async fn connects_a_page_of_another_origin(engine: Engine) {
    let (hub, pages) = (Hub::start().await, ScriptedServer::start().await);
    let head = format!("<script>{HEARS}</script>{}", tag(&hub.url(""), ""));
    pages.script("/", [page(&head, "<p id=cats class=sse data-sse-channels=cats></p>")]);
    let browser = Browser::start_in(engine).await;
    browser.open(&pages.url("/")).await;
    eventually("the page to listen", || hub.stats(), |stats| stats.len() == 1).await;
    hub.publish(&["cats"], r#"{"text":"meow"}"#).await;
    hears(&browser, json!([["cats", "sse.message", { "text": "meow" }]])).await;
}

#[tokio::test]
async fn the_tag_says_the_options_in_chromium() {
    says_the_options(Engine::Chromium).await;
}

#[tokio::test]
async fn the_tag_says_the_options_in_firefox() {
    says_the_options(Engine::Firefox).await;
}

async fn says_the_options(engine: Engine) {
    let server = ScriptedServer::start().await;
    let options = "data-url='/news?edition=evening' data-selector=b data-event-prefix='news:' data-type=text
        data-events='price, rise' data-channel-attr=data-from data-event-attr=data-hear data-label=news
        data-transport=fetch data-headers='{\"X-Edition\": \"evening\"}' data-method=POST data-body=please
        data-last-event-id=5 data-retry=1 data-max-retry=2 data-first-bytes=60000 data-with-credentials=false data-debug";
    let head = format!("<script>{HEARS}</script>{}", tag("", options));
    server.script("/", [page(&head, "<b id=one data-from=cats></b><b id=two data-from=cats data-hear=price></b>")]);
    let stream = |data: &str| Answer::stream().piece(format!("id: 7\n{data}\n\n"));
    server.script("/news", [stream("data: {}").end(), stream("event: price\ndata: 5")]);
    let browser = Browser::start_in(engine).await;
    browser.open(&server.url("/")).await;
    let expected = json!([
        ["one", "news:message", "{}"],
        ["one", "news:message", "5"],
        ["one", "news:price", "5"],
        ["two", "news:price", "5"]
    ]);
    hears(&browser, expected).await;

    let requests = server.requested("/news", 2).await;
    let id_of = |query: &str| query.split_once("lastEventId=").map(|(_, id)| id.to_owned());
    assert_eq!([id_of(&requests[0].query), id_of(&requests[1].query)], [Some("5".to_owned()), Some("7".to_owned())]);
    assert!(requests[0].query.starts_with("edition=evening&channels=cats"), "{}", requests[0].query);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].header("x-edition"), requests[0].body.as_slice()),
        ("POST", Some("evening"), b"please".as_slice())
    );
    let connection = "const { connection } = await import('/media/client/auto.js');
        const { channels, label, transport, readyState } = await connection;
        return [channels, label, transport, readyState];";
    assert_eq!(in_page(&browser, connection).await, json!([["cats"], "news", "fetch", 1]));
}

#[tokio::test]
async fn an_option_that_is_wrong_is_named() {
    let server = ScriptedServer::start().await;
    let browser = Browser::start().await;
    for (data, named) in [("data-retry", "`retry`"), ("data-type=xml", "`type`"), ("data-headers=x", "JSON")] {
        server.script("/", [page(&tag("", data), "<p class=sse data-sse-channels=cats></p>")]);
        browser.open(&server.url("/")).await;
        let failure = "const { connection } = await import('/media/client/auto.js');
            return connection.then(() => 'connected', (error) => error.message);";
        let failure = in_page(&browser, failure).await;
        assert!(failure.as_str().unwrap().contains(named), "{data}: {failure}");
    }
}

#[tokio::test]
async fn a_tag_that_runs_before_the_page_is_complete_waits_for_it() {
    let (server, gate) = (ScriptedServer::start().await, Gate::new());
    let head = format!("<!doctype html><title>Page</title><script>{HEARS}</script>{}", tag("", "async"));
    let body = "<p id=cats class=sse data-sse-channels=cats></p>";
    server.script("/", [Answer::body("text/html").piece(head).wait(&gate).piece(body).end()]);
    server.script("/sse/", [Answer::stream().piece("id: 1\ndata: 5\n\n")]);
    let browser = Browser::start().await;
    // The driver waits until the page is complete.
    let page = server.url("/");
    tokio::join!(browser.open(&page), async {
        server.requested("/media/client/cyclone_edge_client_bg.wasm", 1).await;
        gate.open();
    });
    hears(&browser, json!([["cats", "sse.message", 5]])).await;
}

/// Runs the body of an async function as a module of the page, and returns what it returns: Firefox runs what its driver
/// is told elsewhere.
async fn in_page(browser: &Browser, body: &str) -> Value {
    let text = json!(format!("(async () => {{ {body} }})().then((value) => (window.returned = {{ value }}));"));
    browser
        .run(&format!(
            "const script = document.createElement('script');
             script.type = 'module';
             script.textContent = {text};
             document.head.append(script);"
        ))
        .await;
    browser.eventually("the page to return", "window.returned", |returned| !returned.is_null()).await["value"].clone()
}

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

#[tokio::test]
async fn a_strict_content_security_policy_is_kept_in_chromium() {
    keeps_a_strict_policy(Engine::Chromium).await;
}

#[tokio::test]
async fn a_strict_content_security_policy_is_kept_in_firefox() {
    keeps_a_strict_policy(Engine::Firefox).await;
}

async fn keeps_a_strict_policy(engine: Engine) {
    let server = ScriptedServer::start().await;
    // The browser itself asks for an icon, which the page has not.
    let hears = format!(
        "{HEARS}
         window.violations = [];
         document.addEventListener('securitypolicyviolation', ({{ effectiveDirective, blockedURI }}) => {{
           if (!blockedURI.endsWith('/favicon.ico')) violations.push(effectiveDirective);
         }});"
    );
    let streams = "import init, { EventSource } from '/media/client/cyclone_edge_client.js';
        for (const transport of ['native', 'fetch', 'longpoll']) {
          new EventSource(`/stream/${transport}`, { transport }).onmessage = ({ data }) => heard.push(data);
        }
        init();";
    let head = format!(
        "<script src=/hears.js></script>{}<script type=module src=/streams.js></script>",
        tag("", "data-transport=fetch")
    );
    let body = "<p id=cats class=sse data-sse-channels=cats></p>";
    server.script("/", [page(&head, body).header("Content-Security-Policy", POLICY)]);
    server.script("/hears.js", [script(&hears)]);
    server.script("/streams.js", [script(streams)]);
    server.script("/sse/", [Answer::stream().piece("id: 1\ndata: 5\n\n")]);
    for transport in ["native", "fetch", "longpoll"] {
        server.script(&format!("/stream/{transport}"), [Answer::stream().piece(format!("data: {transport}\n\n"))]);
    }
    let browser = Browser::start_in(engine).await;
    browser.open(&server.url("/")).await;
    let heard = json!([["cats", "sse.message", 5], "fetch", "longpoll", "native"]);
    browser.eventually("all to be heard", "heard.sort()", |all| *all == heard).await;
    assert_eq!(browser.run("return violations").await, json!([]));

    // One that happens is noticed.
    browser.run("document.head.append(Object.assign(document.createElement('style'), { textContent: 'b {}' }))").await;
    let styled = json!(["style-src-elem"]);
    browser.eventually("a violation to be reported", "violations", |all| *all == styled).await;
}
