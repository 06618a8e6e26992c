//! How the browser package gets tokens from a page, shows them, renews them when they expire, and comes back when it is told
//! to come back later.

use std::time::Duration;

use harness::{Answer, Browser, Engine, Gate, Hub, Request, ScriptedServer};
use serde_json::json;

use crate::fallback::{BLANK, hears, is_open, numbers, page, queries};

const TRANSPORTS: [&str; 3] = ["native", "fetch", "longpoll"];

/// What a hub says of a token that has expired.
const EXPIRED: &str = "event: sse.expired\ndata: {}\n\n";

/// Opens a stream whose tokens are `t1`, `t2` and so on, and keeps what it tells.
async fn open(browser: &Browser, path: &str, options: &str) {
    let script = format!(
        "heard.length = states.length = 0;
         Object.assign(window, {{ asked: 0, expired: [], whys: [] }});
         open('{path}', {{ retry: 20, maxRetry: 20, token: () => 't' + ++asked, {options} }});
         source.addEventListener('sse.expired', ({{ data }}) => expired.push(data));
         source.addEventListener('error', ({{ status, cause }}) => whys.push(status ?? String(cause)));"
    );
    browser.add_script(&script).await;
}

/// The token that a request shows, which is in one place.
fn token(request: &Request) -> String {
    let header = request.header("authorization").map(|value| value.strip_prefix("Bearer ").unwrap());
    let parameter = request.query.split('&').find_map(|pair| pair.strip_prefix("access_token="));
    assert!(header.is_none() || parameter.is_none(), "{request:?}");
    header.or(parameter).unwrap().to_owned()
}

fn tokens(requests: &[Request]) -> Vec<String> {
    requests.iter().map(token).collect()
}

fn waited(requests: &[Request]) -> Duration {
    let [.., before, after] = requests else { panic!("{requests:?}") };
    after.at - before.at
}

fn message(number: u32) -> String {
    format!("retry: 20\nid: {}\ndata: {number}\n\n", number + 1)
}

async fn an_expired_token_is_renewed(engine: Engine) {
    let server = ScriptedServer::start().await;
    let browser = page(engine, &server.url("/page")).await;
    for transport in TRANSPORTS {
        for hub in [true, false] {
            let path = format!("/{transport}/{hub}");
            let is_poll = transport == "longpoll";
            let ends = Answer::stream().piece(EXPIRED).end();
            server.script(
                &path,
                if is_poll {
                    vec![Answer::stream().piece(message(0)).end(), ends]
                } else {
                    vec![Answer::stream().piece(message(0)).piece(EXPIRED).end()]
                },
            );
            server.script(&path, [Answer::stream().piece(message(1))]);
            open(&browser, &path, &format!("transport: '{transport}', hub: {hub}")).await;
            hears(&browser, &numbers(0..2)).await;
            let requests = server.requests(&path);
            let expected: &[&str] = if is_poll { &["t1", "t1", "t2"] } else { &["t1", "t2"] };
            assert_eq!(tokens(&requests), expected);
            assert!(requests.last().unwrap().query.ends_with("&lastEventId=1"), "{:?}", queries(&requests));
            assert_eq!(requests[0].query.contains("access_token="), transport == "native");
            // That a token is renewed is no failure.
            let told = browser.run("return [expired, states, source.url, source.transport]").await;
            assert_eq!(told, json!([["{}"], [1, 1], server.url(&path), transport]));
            browser.add_script("source.close()").await;
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_in_chromium() {
    an_expired_token_is_renewed(Engine::Chromium).await;
}

#[tokio::test]
async fn an_expired_token_is_renewed_in_firefox() {
    an_expired_token_is_renewed(Engine::Firefox).await;
}

#[tokio::test]
async fn a_token_that_lasted_is_renewed_at_once_and_one_that_did_not_is_not() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    for (index, transport) in TRANSPORTS.into_iter().enumerate() {
        let path = format!("/{transport}");
        let gate = Gate::new();
        let lasting = Answer::stream().piece("retry: 600000\nid: 1\ndata: 0\n\n").wait(&gate).piece(EXPIRED).end();
        server.script(&path, [lasting, Answer::stream().piece("id: 2\ndata: 1\n\n").piece(EXPIRED)]);
        let options = format!("transport: '{transport}', hub: true, retry: 600000, maxRetry: 600000");
        open(&browser, &path, &options).await;
        hears(&browser, &numbers(0..1)).await;
        browser.add_script("window.since = performance.now()").await;
        browser.eventually("a second", "performance.now() - since > 1000", |passed| *passed == true).await;
        gate.open();
        hears(&browser, &numbers(0..2)).await;
        browser.eventually("the second expiry", "expired.length", |count| *count == 2).await;
        // What is done at once is done sooner than this.
        server.script("/sentinel", [Answer::stream().end(), Answer::stream()]);
        browser.add_script("window.sentinel = new Package('/sentinel', { transport: 'fetch', retry: 500 })").await;
        server.requested("/sentinel", 2 * (index + 1)).await;
        browser.add_script("sentinel.close()").await;
        assert_eq!(browser.run("return [asked, source.readyState]").await, json!([2, 0]));
        assert_eq!(server.requests(&path).len(), 2);
        browser.add_script("source.close()").await;
    }
}

async fn a_token_that_is_refused_is_renewed_once(engine: Engine) {
    let server = ScriptedServer::start().await;
    let browser = page(engine, &server.url("/page")).await;
    for transport in TRANSPORTS {
        let options = format!("transport: '{transport}', hub: true");
        let status = if transport == "native" { json!("undefined") } else { json!(401) };
        let good = |number| Answer::stream().piece(message(number));

        let path = format!("/{transport}/old");
        server.script(&path, [good(0).end(), Answer::status(401), good(1)]);
        open(&browser, &path, &options).await;
        hears(&browser, &numbers(0..2)).await;
        assert_eq!(tokens(&server.requests(&path)), ["t1", "t1", "t2"]);
        browser.add_script("source.close()").await;

        // One that the page was just asked for has not expired.
        let path = format!("/{transport}/new");
        server.script(&path, [Answer::status(401)]);
        open(&browser, &path, &options).await;
        browser.eventually("the end", "states", |states| *states == json!([2])).await;
        assert_eq!(browser.run("return [asked, whys]").await, json!([1, [status]]));

        let path = format!("/{transport}/again");
        server.script(&path, [good(0).end(), Answer::status(401), Answer::status(401)]);
        open(&browser, &path, &options).await;
        browser.eventually("the end", "source.readyState", |state| *state == 2).await;
        assert_eq!(tokens(&server.requests(&path)), ["t1", "t1", "t2"]);
        assert_eq!(browser.run("return whys.at(-1)").await, status);

        // Nothing but a new token may help where the browser's own class does not say why it gave up.
        if transport != "native" {
            let path = format!("/{transport}/forbidden");
            server.script(&path, [good(0).end(), Answer::status(403)]);
            open(&browser, &path, &options).await;
            browser.eventually("the end", "source.readyState", |state| *state == 2).await;
            assert_eq!(browser.run("return [asked, whys.at(-1)]").await, json!([1, 403]));
        }
    }
    assert_eq!(server.unscripted(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_in_chromium() {
    a_token_that_is_refused_is_renewed_once(Engine::Chromium).await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_in_firefox() {
    a_token_that_is_refused_is_renewed_once(Engine::Firefox).await;
}

#[tokio::test]
async fn a_token_that_was_not_refused_is_shown_again() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    let good = |number| Answer::stream().piece(message(number)).end();
    for transport in TRANSPORTS {
        let path = format!("/{transport}");
        server.script(&path, [good(0), good(1), Answer::stream().piece(message(2))]);
        open(&browser, &path, &format!("transport: '{transport}', hub: true")).await;
        hears(&browser, &numbers(0..3)).await;
        assert_eq!(tokens(&server.requests(&path)), ["t1"; 3]);
        browser.add_script("source.close()").await;
    }
    // A text is a token too: what it is worth is for the server to say.
    server.script("/text", [Answer::stream().piece(message(0)).piece(EXPIRED).end(), Answer::status(401)]);
    open(&browser, "/text", "token: 'fixed', hub: true").await;
    browser.eventually("the end", "source.readyState", |state| *state == 2).await;
    assert_eq!(tokens(&server.requests("/text")), ["fixed"; 2]);
    assert_eq!(browser.run("return [source.transport, whys, expired]").await, json!(["fetch", [401], ["{}"]]));
}

async fn a_page_that_has_no_token_is_asked_again(engine: Engine) {
    let server = ScriptedServer::start().await;
    let browser = page(engine, &server.url("/page")).await;
    browser
        .add_script(
            "window.uncaught = [];
             for (const type of ['error', 'unhandledrejection']) addEventListener(type, () => uncaught.push(type));
             const given = [
               () => { throw new Error('thrown') },
               () => Promise.reject(new Error('rejected')),
               () => undefined,
               async () => 'two words',
               () => Promise.resolve('good'),
             ];
             window.ask = () => given[asked++]();",
        )
        .await;
    for transport in TRANSPORTS {
        let path = format!("/{transport}");
        server.script(&path, [Answer::stream().piece(message(0))]);
        open(&browser, &path, &format!("transport: '{transport}', token: ask")).await;
        hears(&browser, &numbers(0..1)).await;
        assert_eq!(tokens(&server.requests(&path)), ["good"]);
        let nothing = "TypeError: the option `token` must be a text without spaces, or a function that returns one";
        let whys = ["Error: thrown", "Error: rejected", nothing, nothing];
        let told = browser.run("return [states, whys, uncaught, source.transport]").await;
        assert_eq!(told, json!([[0, 0, 0, 0, 1], whys, [], transport]));
        browser.add_script("source.close()").await;
    }
}

#[tokio::test]
async fn a_page_that_has_no_token_is_asked_again_in_chromium() {
    a_page_that_has_no_token_is_asked_again(Engine::Chromium).await;
}

#[tokio::test]
async fn a_page_that_has_no_token_is_asked_again_in_firefox() {
    a_page_that_has_no_token_is_asked_again(Engine::Firefox).await;
}

#[tokio::test]
async fn a_page_is_given_time_to_find_a_token_and_may_close_the_stream_meanwhile() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    browser
        .add_script(
            "window.uncaught = []; addEventListener('unhandledrejection', ({ reason }) => uncaught.push(`${reason}`))",
        )
        .await;
    let slow = "token: () => (asked++, new Promise((...ends) => (window.ends = ends)))";
    for transport in TRANSPORTS {
        for (end, path) in [("ends[0]('late')", format!("/{transport}/a")), ("ends[1]()", format!("/{transport}/b"))] {
            open(&browser, &path, &format!("transport: '{transport}', {slow}")).await;
            browser.eventually("the question", "asked", |asked| *asked == 1).await;
            browser.add_script(&format!("source.close(); {end}")).await;
            assert_eq!(browser.run("return [states, source.readyState]").await, json!([[], 2]));
        }
        let path = format!("/{transport}");
        server.script(&path, [Answer::stream().piece(message(0))]);
        open(&browser, &path, &format!("transport: '{transport}', {slow}")).await;
        browser.eventually("the question", "asked", |asked| *asked == 1).await;
        assert_eq!(server.requests(&path).len(), 0);
        browser.add_script("ends[0]('late')").await;
        hears(&browser, &numbers(0..1)).await;
        assert_eq!(tokens(&server.requests(&path)), ["late"]);
        // Those that were closed before would have been heard of by now.
        assert_eq!(server.unscripted(), Vec::<String>::new());
        browser.add_script("source.close()").await;
    }
    assert_eq!(browser.run("return uncaught").await, json!([]));
}

#[tokio::test]
async fn a_page_whose_elements_change_meanwhile_is_asked_once() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    server.script(
        "/sse/",
        [Answer::stream().piece("id: 1.2\nevent: sse.hello\ndata:\n\n").piece("id: 0:3.2\ndata: 7\n\n")],
    );
    browser
        .add_script(
            "document.body.innerHTML = `<p class='sse' data-sse-channels='a'></p>`;
             document.addEventListener('sse.message', ({ detail }) => heard.push(String(detail.data)));
             window.asked = 0;
             window.source = connect({ token: () => (asked++, new Promise((give) => (window.give = give))) });",
        )
        .await;
    browser.eventually("the question", "asked", |asked| *asked == 1).await;
    browser.run("document.body.insertAdjacentHTML('beforeend', `<p class='sse' data-sse-channels='b'></p>`)").await;
    browser.eventually("the new channel", "source.channels.length", |count| *count == 2).await;
    browser.add_script("give('one')").await;
    hears(&browser, &numbers(7..8)).await;
    let requests = server.requests("/sse/");
    assert_eq!(
        (tokens(&requests), queries(&requests)),
        (vec!["one".to_owned()], vec!["channels=a&channels=b&greeting=event"])
    );
    assert_eq!(browser.run("return [asked, source.transport]").await, json!([1, "fetch"]));
}

#[tokio::test]
async fn elements_are_told_of_a_token_that_cannot_be_renewed_and_not_of_one_that_can() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    let good = |id: u32| Answer::stream().piece(format!("retry: 20\nid: {id}\nevent: sse.hello\ndata:\n\n"));
    server.script("/sse/", [good(1).piece(EXPIRED).end(), good(1).piece("id: 2\ndata: 7\n\n").piece(EXPIRED).end()]);
    server.script("/sse/", [Answer::status(401)]);
    browser
        .add_script(
            "document.body.innerHTML = `<p class='sse' data-sse-channels='a'></p>`;
             for (const type of ['open', 'message', 'expired', 'error'])
               document.addEventListener('sse.' + type, ({ detail }) => heard.push(`${type} ${detail.event.status}`));
             let asked = 0;
             window.source = connect({ retry: 20, maxRetry: 20, token: () => 't' + ++asked });",
        )
        .await;
    browser.eventually("the end", "source.readyState", |state| *state == 2).await;
    assert_eq!(tokens(&server.requests("/sse/")), ["t1", "t2", "t3"]);
    let heard = ["open undefined", "open undefined", "message undefined", "error 401"];
    assert_eq!(browser.run("return heard").await, json!(heard));
}

#[tokio::test]
async fn an_expired_cookie_is_shown_again_until_it_is_refused() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    for transport in TRANSPORTS {
        let path = format!("/{transport}");
        let good = |number| Answer::stream().piece(message(number)).piece(EXPIRED).end();
        server.script(&path, [good(0), good(1), Answer::status(401)]);
        open(&browser, &path, &format!("transport: '{transport}', hub: true, token: null, withCredentials: true"))
            .await;
        browser.eventually("the end", "source.readyState", |state| *state == 2).await;
        hears(&browser, &numbers(0..2)).await;
        let requests = server.requests(&path);
        assert!(requests[2].query.ends_with("&lastEventId=2"), "{:?}", queries(&requests));
        assert_eq!(requests.len(), 3);
        assert_eq!(browser.run("return [states, expired.length]").await, json!([[1, 1, 2], 2]));
    }
}

#[tokio::test]
async fn what_a_server_that_is_no_hub_calls_an_expiry_is_an_event_like_any_other() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    for transport in ["native", "fetch"] {
        let path = format!("/{transport}");
        server.script(&path, [Answer::stream().piece(EXPIRED).piece(message(0))]);
        open(&browser, &path, &format!("transport: '{transport}', token: null")).await;
        hears(&browser, &numbers(0..1)).await;
        assert_eq!(browser.run("return [states, expired]").await, json!([[1], ["{}"]]));
        browser.add_script("source.close()").await;
    }
}

async fn a_token_goes_to_no_server_that_the_page_did_not_name(engine: Engine) {
    let (server, elsewhere) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let browser = page(engine, &server.url("/page")).await;
    for transport in TRANSPORTS {
        let (from, to) = (format!("/{transport}/moved"), format!("/{transport}/there"));
        let stream = Answer::stream().for_origin("*").piece("retry: 1\nid: 1\ndata: 1\n\n");
        // The browser's own class comes back in its own way.
        let returns = transport != "native";
        elsewhere.script(&to, [if returns { stream.end() } else { stream }]);
        server.script(&from, [Answer::redirect(307, &elsewhere.url(&to)), Answer::stream()]);
        open(&browser, &from, &format!("transport: '{transport}'")).await;
        hears(&browser, &numbers(1..2)).await;
        // The next attempt goes where the page said, not where the first was led to.
        let times = if returns { 2 } else { 1 };
        assert_eq!(tokens(&server.requested(&from, times).await), vec!["t1"; times]);
        let requests = elsewhere.requests(&to);
        assert_eq!(requests.len(), 1);
        assert_eq!((requests[0].header("authorization"), requests[0].query.contains("t1")), (None, false));
        assert!(!requests[0].headers.iter().any(|(_, value)| value.contains("t1")), "{:?}", requests[0].headers);
        browser.add_script("source.close()").await;
    }
}

#[tokio::test]
async fn a_token_goes_to_no_server_that_the_page_did_not_name_in_chromium() {
    a_token_goes_to_no_server_that_the_page_did_not_name(Engine::Chromium).await;
}

#[tokio::test]
async fn a_token_goes_to_no_server_that_the_page_did_not_name_in_firefox() {
    a_token_goes_to_no_server_that_the_page_did_not_name(Engine::Firefox).await;
}

#[tokio::test]
async fn a_token_is_neither_logged_nor_kept() {
    let server = ScriptedServer::start().await;
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    let poll = |text: &str| Answer::stream().piece(text).end();
    let hello = "id: 1\nevent: sse.hello\ndata:\n\n";
    // Held back, looked at, polled, expired, polled, and refused.
    server
        .script("/sse/", [Answer::stream(), poll(hello), poll(hello), poll(EXPIRED), poll(hello), Answer::status(403)]);
    browser
        .add_script(
            "window.logged = [];
             const write = (value) => value && typeof value === 'object'
               ? Object.keys(value).map((key) => key + write(value[key])).join() : String(value);
             for (const name of ['log', 'debug', 'info', 'warn', 'error'])
               console[name] = (...values) => logged.push(values.map(write).join());
             document.body.innerHTML = `<p class='sse' data-sse-channels='a'></p>`;
             window.source = connect({ debug: true, firstBytes: 100, retry: 20, maxRetry: 20, token: () => 'secret' });",
        )
        .await;
    browser.eventually("the end", "source.readyState", |state| *state == 2).await;
    assert_eq!(tokens(&server.requests("/sse/")), ["secret"; 6]);
    let kept = browser.run("return JSON.stringify([sessionStorage, localStorage, document.cookie])").await;
    assert!(kept.to_string().contains("cyclone-edge.longpoll"), "{kept}");
    let logged = browser.run("return logged").await;
    assert!(logged.to_string().contains("sse.error"), "{logged}");
    for text in [kept, logged] {
        assert!(!text.to_string().contains("secret"), "{text}");
    }
}

async fn a_server_that_says_when_to_come_again_is_not_asked_sooner(engine: Engine) {
    let server = ScriptedServer::start().await;
    let browser = page(engine, &server.url("/page")).await;
    let refused = |status, after: &str| Answer::status(status).header("Retry-After", after);
    for (index, (status, options)) in [
        (503, "transport: 'fetch'"),
        (429, "transport: 'fetch', hub: true"),
        (503, "transport: 'longpoll'"),
        (429, "transport: 'longpoll', hub: true"),
        (503, "transport: 'auto', token: null"),
        (503, "transport: 'auto', token: null, hub: true"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/{index}");
        // The browser's own class does not say why it gave up: a fetch looks.
        let times = if options.contains("auto") { 2 } else { 1 };
        server.script(&path, std::iter::repeat_n(refused(status, "1"), times));
        server.script(&path, [Answer::stream().piece(message(0))]);
        open(&browser, &path, options).await;
        browser.eventually("the pause", "states.at(-1) === 0 && whys.at(-1)", |why| *why == status).await;
        // What ends other pauses does not end this one.
        browser
            .add_script("dispatchEvent(new Event('online')); document.dispatchEvent(new Event('visibilitychange'))")
            .await;
        is_open(&browser).await;
        hears(&browser, &numbers(0..1)).await;
        let waited = waited(&server.requests(&path));
        assert!((1_000..4_000).contains(&waited.as_millis()), "{options}: {waited:?}");
        browser.add_script("source.close()").await;
    }

    // Nor does a page whose elements change.
    server.script("/sse/", [refused(503, "1"), Answer::stream().piece("id: 1.2\nevent: sse.hello\ndata:\n\n")]);
    browser
        .add_script(
            "document.body.innerHTML = `<p class='sse' data-sse-channels='a'></p>`;
             window.source = connect({ transport: 'fetch', retry: 20 });
             document.addEventListener('sse.error', () =>
               document.body.insertAdjacentHTML('beforeend', `<p class='sse' data-sse-channels='b'></p>`));",
        )
        .await;
    is_open(&browser).await;
    let requests = server.requests("/sse/");
    assert!(requests[1].query.starts_with("channels=a&channels=b&"), "{:?}", queries(&requests));
    assert!(waited(&requests) >= Duration::from_secs(1), "{:?}", waited(&requests));
    browser.add_script("source.close()").await;

    let date = browser.run("return new Date(Date.now() + 3000).toUTCString()").await;
    server.script("/date", [refused(503, date.as_str().unwrap()), Answer::stream().piece(message(0))]);
    open(&browser, "/date", "transport: 'fetch'").await;
    hears(&browser, &numbers(0..1)).await;
    let waited = waited(&server.requests("/date"));
    assert!(waited > Duration::from_millis(1_500), "a date has whole seconds: {waited:?}");
}

#[tokio::test]
async fn a_server_that_says_when_to_come_again_is_not_asked_sooner_in_chromium() {
    a_server_that_says_when_to_come_again_is_not_asked_sooner(Engine::Chromium).await;
}

#[tokio::test]
async fn a_server_that_says_when_to_come_again_is_not_asked_sooner_in_firefox() {
    a_server_that_says_when_to_come_again_is_not_asked_sooner(Engine::Firefox).await;
}

/// What the hub and the page's backend share.
const SECRET: &str = "a secret of the tests, of more than 32 bytes";

/// Lets the page sign tokens, as a backend does.
const SIGN: &str = "
    const utf8 = (text) => new TextEncoder().encode(text);
    const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const [head, hmac] = [base64(utf8('{\"alg\":\"HS256\"}')), { name: 'HMAC', hash: 'SHA-256' }];
    window.sign = async (claims) => {
      const key = await crypto.subtle.importKey('raw', utf8(SECRET), hmac, false, ['sign']);
      const text = `${head}.${base64(utf8(JSON.stringify(claims)))}`;
      return `${text}.${base64(await crypto.subtle.sign('HMAC', key, utf8(text)))}`;
    };";

async fn hub_that_asks_for_tokens() -> Hub {
    let hub = Hub::builder().setting("SUBSCRIBE_AUTH", "jwt").setting("JWT_SECRET", SECRET);
    hub.setting("JWT_LEEWAY_SECONDS", 0).start().await
}

async fn nothing_is_lost_or_doubled_while_tokens_expire(engine: Engine) {
    let hub = hub_that_asks_for_tokens().await;
    let browser = page(engine, &hub.url(BLANK)).await;
    browser.add_script(&format!("const SECRET = '{SECRET}'; {SIGN}")).await;
    let script = format!(
        "window.streams = {TRANSPORTS:?}.map((transport) => {{
           const stream = {{ transport, asked: 0, heard: [], errors: 0 }};
           const token = () => (stream.asked++, sign({{ exp: Date.now() / 1000 + 4, subscribe: ['a.*'] }}));
           stream.source = new Package('/sse/?channels=a.1,a.2', {{ transport, token, hub: true }});
           stream.source.onmessage = ({{ data }}) => stream.heard.push(Number(data));
           stream.source.onerror = () => stream.errors++;
           return stream;
         }})"
    );
    browser.add_script(&script).await;
    let states = "streams.map(({ source }) => source.readyState)";
    browser.eventually("all to be open", states, |states| *states == json!([1, 1, 1])).await;
    let mut count = 0;
    while browser.run("return streams.some(({ asked }) => asked < 4)").await == true {
        hub.publish(&[["a.1", "a.2"][count % 2]], &count.to_string()).await;
        count += 1;
    }
    // Each channel is in order of itself.
    let heard = "streams.map(({ heard }) => [0, 1].map((rest) => heard.filter((number) => number % 2 === rest)))";
    let all = [0, 1].map(|rest| (0..count).filter(|number| number % 2 == rest).collect::<Vec<_>>());
    let expected = json!([all, all, all]);
    let is_all = "streams.every(({ heard }) => heard.length >= ";
    browser.eventually("all messages", &format!("{is_all}{count})"), |all| *all == true).await;
    assert_eq!(browser.run(&format!("return {heard}")).await, expected);
    assert_eq!(browser.run("return streams.map(({ errors }) => errors)").await, json!([0, 0, 0]), "{}", hub.log());
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_while_tokens_expire_in_chromium() {
    nothing_is_lost_or_doubled_while_tokens_expire(Engine::Chromium).await;
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_while_tokens_expire_in_firefox() {
    nothing_is_lost_or_doubled_while_tokens_expire(Engine::Firefox).await;
}

#[tokio::test]
async fn a_hub_says_why_it_refuses_a_token_also_to_a_page_of_another_origin() {
    let (hub, server) = (hub_that_asks_for_tokens().await, ScriptedServer::start().await);
    let browser = page(Engine::Chromium, &server.url("/page")).await;
    browser.add_script(&format!("const SECRET = '{SECRET}'; {SIGN}")).await;
    for (options, status) in [
        ("token: null", 401),
        ("token: 'wrong'", 401),
        ("token: () => sign({ exp: 1, subscribe: '*' })", 401),
        ("token: () => sign({ exp: Date.now(), subscribe: 'b' })", 403),
    ] {
        for transport in ["auto", "fetch", "longpoll"] {
            open(&browser, &hub.url("/sse/?channels=a"), &format!("transport: '{transport}', {options}")).await;
            browser.eventually("the end", "states", |states| *states == json!([2])).await;
            assert_eq!(browser.run("return whys").await, json!([status]), "{transport} {options}");
        }
    }
}
