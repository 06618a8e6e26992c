//! The jQuery plugin with each jQuery that it is for, on pages as Cyclone-SSE has them, against the real hub.
//!
//! A page is served by another origin than the hub's, which is how Cyclone-SSE's own example is.

use std::{collections::BTreeMap, path::PathBuf};

use harness::{Answer, Browser, Engine, Hub, ScriptedServer, eventually, root};
use serde_json::{Value, json};

/// What a page's own scripts find: `hear` keeps its arguments in `window.heard`, those that are objects of the browser by
/// what they are.
const EARS: &str = "
    window.heard = [];
    window.hear = (...values) => heard.push(values.map((value) =>
      value instanceof Event ? `an ${value.type}` : value === undefined ? 'undefined' : value));
    addEventListener('error', ({ message }) => hear('failed', message));";

const HEARD: &str = "heard";

/// A jQuery, and where its npm package has it. That of 1.7.2 is the file in which the npm package, made for Node, keeps
/// the one that it wraps.
const V1_7: (&str, &str) = ("1.7.2", "jquery-1.7/tmp/jquery.js");
const V1_12: (&str, &str) = ("1.12.4", "jquery-1.12/dist/jquery.min.js");
const V3: (&str, &str) = ("3.7.1", "jquery-3/dist/jquery.min.js");
const V4: (&str, &str) = ("4.0.0", "jquery-4/dist/jquery.min.js");

/// A hub, and a browser that opens pages which want it.
struct Bench {
    hub: Hub,
    pages: ScriptedServer,
    browser: Browser,
    jquery: PathBuf,
}

impl Bench {
    async fn start(engine: Engine, (version, file): (&str, &str)) -> Self {
        let bench = Self {
            hub: Hub::start().await,
            pages: ScriptedServer::start().await,
            browser: Browser::start_in(engine).await,
            jquery: root().join("node_modules").join(file),
        };
        bench.open("").await;
        assert_eq!(bench.browser.run("return $.fn.jquery").await, version);
        bench
    }

    /// Opens a page with jQuery, the plugin and this body, in which `HUB` is the hub's address.
    async fn open(&self, body: &str) {
        let scripts = r#"<script src="/jquery.js"></script><script src="/media/client/jquery.sse.js"></script>"#;
        self.open_document(&format!("{scripts}</head><body>{body}</body>")).await;
    }

    /// Opens a page with what comes after the first lines of its head.
    async fn open_document(&self, rest: &str) {
        let rest = rest.replace("HUB", &self.hub.url(""));
        let document = format!(
            r##"<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/><link rel="icon" href="data:,">
            <script>{EARS}</script>{rest}</html>"##
        );
        let answer = |content_type, bytes| [Answer::body(content_type).piece(bytes).end()];
        self.pages.script("/", answer("text/html", document.into_bytes()));
        self.pages.script("/jquery.js", answer("text/javascript", std::fs::read(&self.jquery).unwrap()));
        self.browser.open(&self.pages.url("/")).await;
    }

    /// Publishes a message as it is.
    async fn publish(&self, channel: &str, message: &str) {
        self.hub.publish(&[channel], message).await;
    }

    /// Waits until the page has heard this and nothing else, and forgets it.
    async fn hears(&self, expected: Value) {
        let heard = self.browser.eventually(&format!("{expected}"), HEARD, |heard| is_as_long(heard, &expected)).await;
        assert_eq!(heard, expected);
        self.browser.run("heard.length = 0").await;
    }

    /// Waits until the page has heard this and nothing else, in whatever order, and forgets it.
    async fn hears_sorted(&self, mut expected: Value) {
        let mut heard =
            self.browser.eventually(&format!("{expected}"), HEARD, |heard| is_as_long(heard, &expected)).await;
        for list in [&mut heard, &mut expected] {
            list.as_array_mut().unwrap().sort_by_key(Value::to_string);
        }
        assert_eq!(heard, expected);
        self.browser.run("heard.length = 0").await;
    }

    /// Waits until these channels and no others have so many listeners.
    async fn has_listeners(&self, expected: &[(&str, u64)]) {
        let expected: BTreeMap<_, _> = expected.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
        eventually(&format!("the counts {expected:?}"), || self.hub.stats(), |counts| *counts == expected).await;
    }
}

fn is_as_long(heard: &Value, expected: &Value) -> bool {
    let length = |list: &Value| list.as_array().map_or(0, Vec::len);
    length(heard) >= length(expected)
}

#[tokio::test]
async fn pages_of_cyclone_sse_work_with_jquery_1_7_in_chromium() {
    check(Engine::Chromium, V1_7).await;
}

#[tokio::test]
async fn pages_of_cyclone_sse_work_with_jquery_1_7_in_firefox() {
    check(Engine::Firefox, V1_7).await;
}

#[tokio::test]
async fn pages_of_cyclone_sse_work_with_jquery_1_12_in_chromium() {
    check(Engine::Chromium, V1_12).await;
}

#[tokio::test]
async fn pages_of_cyclone_sse_work_with_jquery_3_in_chromium() {
    check(Engine::Chromium, V3).await;
}

#[tokio::test]
async fn pages_of_cyclone_sse_work_with_jquery_4_in_chromium() {
    check(Engine::Chromium, V4).await;
}

#[tokio::test]
async fn pages_of_cyclone_sse_work_with_jquery_4_in_firefox() {
    check(Engine::Firefox, V4).await;
}

async fn check(engine: Engine, jquery: (&str, &str)) {
    let mut bench = Bench::start(engine, jquery).await;
    page_of_the_readme(&bench).await;
    elements_with_their_own_streams(&bench).await;
    page_with_one_connection(&bench).await;
    streams_by_label(&bench).await;
    messages_of_every_kind(&bench).await;
    hub_that_was_gone(&mut bench).await;
}

/// The page in Cyclone-SSE's README, with one script in place of two.
async fn page_of_the_readme(bench: &Bench) {
    bench
        .open_document(
            r##"
            <script>console.log = (...values) => hear('log', ...values);</script>
            <script type="text/javascript" src="/jquery.js"></script>
            <script type="text/javascript" src="/media/client/jquery.sse.js"></script>
            <script type="text/javascript">
                $(function () {
                    $('#sse-handler').sse({'debug': true});
                });
            </script>
            <script>
                $(function () {
                    $('#sse-handler').on('sse.open', function () { hear('open', this.id); });
                    $('#sse-handler').on('sse.message', function (event, ...values) { hear('message', ...values); });
                });
            </script>
        </head>
        <body>
            <div id="sse-handler" data-sse-address="HUB/" data-sse-channels="base"></div>
        </body>"##,
        )
        .await;
    bench.hears(json!([["log", "sse connection opened"], ["open", "sse-handler"]])).await;
    bench.publish("base", "[1, 2, 3]").await;
    bench.hears(json!([["log", [1, 2, 3]], ["message", 1, 2, 3]])).await;
    bench.publish("base", r#"{"phone": "8 cores"}"#).await;
    bench.hears(json!([["log", { "phone": "8 cores" }], ["message", { "phone": "8 cores" }]])).await;
    bench.publish("base", "0").await;
    bench.hears(json!([["log", null]])).await;
}

async fn elements_with_their_own_streams(bench: &Bench) {
    bench
        .open(
            r##"
            <p id="cats" class="feed" data-sse-address="HUB/sse/" data-sse-channels="cats, night owls"></p>
            <p id="dogs" class="feed" data-sse-channels="dogs"></p>
            <p id="birds" class="feed"></p>
            <script>
                $(document).on("sse.message", ".feed", function (event, ...values) { hear(this.id, ...values); });
                $(document).on("sse.open", ".feed", function () { hear("open"); });
                $(".feed").sse({ address: "HUB/", channels: ["birds", "owls"], type: "text" });
            </script>"##,
        )
        .await;
    bench.hears(json!([["open"], ["open"], ["open"]])).await;
    for (channel, message) in
        [("cats", "meow"), ("night owls", "hoo"), ("dogs", "[1]"), ("birds", "tweet"), ("owls", "hu")]
    {
        bench.publish(channel, message).await;
    }
    let heard = [["cats", "meow"], ["cats", "hoo"], ["dogs", "[1]"], ["birds", "tweet"], ["birds", "hu"]];
    bench.hears_sorted(json!(heard)).await;

    let again = format!("$('#dogs').attr('data-sse-channels', 'wolves').sse({{ address: '{}' }})", bench.hub.url("/"));
    bench.browser.run(&again).await;
    bench.hears(json!([["open"]])).await;
    bench.has_listeners(&[("birds", 1), ("cats", 1), ("night owls", 1), ("owls", 1), ("wolves", 1)]).await;
    assert_eq!(bench.browser.run("return Object.keys($.eventsource('streams'))").await, json!(["sse-channel"]));
    bench.browser.run("$.eventsource('close', 'sse-channel')").await;
    bench.has_listeners(&[]).await;
}

async fn page_with_one_connection(bench: &Bench) {
    bench
        .open(
            r##"
            <ul id="news" class="sse" data-sse-channels="news"></ul>
            <ul id="shop" class="sse" data-sse-channels="shop, news" data-sse-events="rise,fall,pair"></ul>
            <ul id="other" data-sse-channels="elsewhere"></ul>
            <script>
                $.each(["open", "message", "rise", "pair", "flat"], function (index, type) {
                    $(".sse").on("sse." + type, function (event, ...values) { hear(this.id, type, ...values); });
                });
                $("body").on("sse.fall", function (event, data) { hear("body", event.target.id, data); });
                $.sse({ url: "HUB/sse/" });
            </script>"##,
        )
        .await;
    bench.hears(json!([["news", "open"], ["shop", "open"]])).await;
    bench.has_listeners(&[("news", 1), ("shop", 1)]).await;
    bench.publish("news", r#"{"title": "a"}"#).await;
    bench.hears(json!([["news", "message", { "title": "a" }]])).await;
    bench.publish("shop", r#"["rise", {"eur": 5}]"#).await;
    bench.publish("shop", r#"["flat", 1]"#).await;
    bench.publish("shop", r#"["pair", [1, 2]]"#).await;
    bench.publish("shop", r#"["fall", "text"]"#).await;
    bench.hears(json!([["shop", "rise", { "eur": 5 }], ["shop", "pair", 1, 2], ["body", "shop", "text"]])).await;
    bench.publish("news", r#"["rise", 0]"#).await;
    bench.hears_sorted(json!([["news", "message", "rise", 0], ["news", "rise", 0], ["shop", "rise", 0]])).await;

    bench.browser.run("$.eventsource.close('default')").await;
    bench.has_listeners(&[]).await;

    bench
        .open(
            r##"
            <p id="a" class="mine" data-c="a" data-e="message"></p>
            <script>
                $("#a").on("my.open", function () { hear("open"); }).on("my.message", function (event, data) { hear(data); });
                $.sse({ selector: ".mine", url: "HUB/", channelAttr: "data-c", eventAttr: "data-e", eventPrefix: "my.",
                        type: "text", label: "mine", debug: false });
            </script>"##,
        )
        .await;
    bench.hears(json!([["open"]])).await;
    bench.publish("a", r#"["rise", 1]"#).await;
    bench.hears(json!([[r#"["rise", 1]"#]])).await;
    bench.browser.run("$.eventsource('close', 'mine')").await;
    bench.has_listeners(&[]).await;
}

async fn streams_by_label(bench: &Bench) {
    bench
        .open(
            r##"<script>
                const say = function (what) { return function (...values) { hear(this.label, what, ...values); }; };
                const handlers = { open: say("open"), message: say("message"), error: say("error") };
                window.open_ = (options) => $.eventsource($.extend({ url: "HUB/sse/" }, handlers, options));
                open_({ label: "object", data: { channels: ["one", "two"] }, dataType: "json" });
                open_({ label: "string", data: "channels=three&uuid=1" });
                open_({ url: "HUB/?channels=four", dataType: "text" });
            </script>"##,
        )
        .await;
    let unnamed = bench.hub.url("/?channels=four?undefined");
    let opened = ["object", "string", &unnamed].map(|label| json!([label, "open", "an open"]));
    bench.hears_sorted(json!(opened)).await;
    let labels = "return Object.keys($.eventsource('streams'))";
    assert_eq!(bench.browser.run(labels).await, json!(["object", "string", unnamed]));

    bench.publish("one", r#"{"a": [1]}"#).await;
    bench.hears(json!([["object", "message", { "a": [1] }, "an message"]])).await;
    bench.publish("two", "2").await;
    bench.hears(json!([["object", "message", 2, "an message"]])).await;
    bench.publish("three", r#"{"a": 3}"#).await;
    bench.hears(json!([["string", "message", r#"{"a": 3}"#, "an message"]])).await;
    bench.publish("four", "42").await;
    bench.hears(json!([[unnamed, "message", "42", "an message"]])).await;

    let same = "const stream = $.eventsource.streams('object');
        return [stream === $.eventsource('streams', 'object'), stream === $.eventsource.streams()['object'],
                stream.stream.readyState, stream.stream.label, stream.options.dataType, stream.history[1][1],
                stream.history[1][0].lastEventId === stream.lastEventId, stream.hasNativeSupport,
                $.eventsource('streams', 'toString'), $.eventsource('streams') === $.eventsource('streams', '*')];";
    let expected = json!([true, true, 1, "object", "json", 2, true, true, {}, true]);
    assert_eq!(bench.browser.run(same).await, expected);

    // The same label again takes the place of the first.
    bench.browser.run("open_({ label: 'string', data: { channels: 'five' } })").await;
    bench.hears(json!([["string", "open", "an open"]])).await;
    bench.has_listeners(&[("five", 1), ("four", 1), ("one", 1), ("two", 1)]).await;
    let closed =
        "return [Object.keys($.eventsource('close', 'string')), $.eventsource.close('object').object === undefined]";
    assert_eq!(bench.browser.run(closed).await, json!([["object", unnamed], true]));
    bench.has_listeners(&[("four", 1)]).await;
    assert_eq!(bench.browser.run("return $.eventsource('close')").await, json!({}));
    bench.has_listeners(&[]).await;
    let wrong = "try { $.eventsource({ label: 'x' }); } catch (error) { return String(error); }";
    assert_eq!(bench.browser.run(wrong).await, "SyntaxError: $.eventsource needs a url");
}

async fn messages_of_every_kind(bench: &Bench) {
    bench
        .open(
            r##"<script>
                $.eventsource({ label: "a", url: "HUB/", data: { channels: "kinds" }, dataType: "json",
                    open: function () { hear("open"); },
                    message: function (data) { hear(data); if (data === "last") $.eventsource("close", this.label); } });
            </script>"##,
        )
        .await;
    bench.hears(json!([["open"]])).await;
    for message in ["0", "false", "null", "\"\"", "{no json", "\"Новости 🦀\"", "\"last\"", "\"later\""] {
        bench.publish("kinds", message).await;
    }
    let heard = bench.browser.eventually("the last message", HEARD, |heard| heard.to_string().contains("last")).await;
    let mut heard: Vec<Value> = heard.as_array().unwrap().clone();
    // Each browser has its own words for JSON that is none.
    let failure = heard.remove(4);
    assert_eq!(failure[0], "failed", "{failure}");
    assert_eq!(json!(heard), json!([[null], [null], [null], [null], ["Новости 🦀"], ["last"]]));
    bench.has_listeners(&[]).await;
    assert_eq!(bench.browser.run("return heard.length").await, 7);
}

async fn hub_that_was_gone(bench: &mut Bench) {
    bench
        .open(
            r##"
            <p id="own" data-sse-address="HUB/" data-sse-channels="own"></p>
            <p class="sse" data-sse-channels="shared"></p>
            <script>
                window.numbers = { stream: [], own: [], shared: [], quiet: [] };
                window.signals = { stream: [], own: [], shared: [], quiet: [] };
                $.each({ own: "#own", shared: ".sse" }, function (name, selector) {
                    $(selector).on("sse.message", function (event, number) { numbers[name].push(number); });
                    $(selector).on("sse.open", function () { signals[name].push("open"); });
                    $(selector).on("sse.error", function (event, error) { signals[name].push(error.type); });
                });
                $.each(["stream", "quiet"], function (index, name) {
                    $.eventsource({ label: name, url: "HUB/sse/", data: { channels: [name] }, dataType: "json",
                        open: function () { signals[this.label].push("open"); },
                        error: function (event) { signals[this.label].push(event.type); },
                        message: function (number, event) { numbers[this.label].push(number); } });
                });
                $("#own").sse();
                $.sse({ url: "HUB/sse/" });
            </script>"##,
        )
        .await;
    let signals = |expected: &'static str| {
        move |signals: &Value| {
            signals.as_object().is_some_and(|all| all.values().all(|list| list.to_string().contains(expected)))
        }
    };
    bench.browser.eventually("all to be open", "signals", signals("open")).await;
    let channels = ["own", "shared", "stream"];
    bench.hub.publish(&channels, "1").await;
    let first = json!({ "own": [1], "quiet": [], "shared": [1], "stream": [1] });
    bench.browser.eventually("the first message", "numbers", |numbers| *numbers == first).await;
    bench.hub.kill().await;
    bench.browser.eventually("all to notice", "signals", signals("error")).await;
    bench.hub.restart().await;
    for number in 2..=20 {
        bench.hub.publish(&[&channels[..], &["quiet"]].concat(), &number.to_string()).await;
    }
    let all: Vec<u32> = (1..=20).collect();
    let expected = json!({ "own": all, "quiet": all[1..], "shared": all, "stream": all });
    let is_last = |numbers: &Value| numbers.as_object().unwrap().values().all(|list| list.to_string().contains("20"));
    let numbers = bench.browser.eventually("the last message", "numbers", is_last).await;
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn the_examples_show_what_they_publish_in_chromium() {
    check_examples(Engine::Chromium).await;
}

#[tokio::test]
async fn the_examples_show_what_they_publish_in_firefox() {
    check_examples(Engine::Firefox).await;
}

async fn check_examples(engine: Engine) {
    let hub = Hub::builder().setting("PUBLISH_KEY", "dev-key").start().await;
    let browser = Browser::start_in(engine).await;
    // Firefox has no narrow windows without a screen.
    if engine == Engine::Chromium {
        browser.set_width(360).await;
    }
    let state = "document.querySelector('#state').textContent";
    let _folder = open_example(&browser, &hub, "cyclone-sse").await;
    browser.eventually("the page to be connected", state, |state| state == "Connected.").await;
    browser.click("#publish button").await;
    browser.eventually("the message", ITEMS, |items| *items == json!(["[1,2,3]"])).await;
    does_not_scroll_sideways(&browser).await;

    let _folder = open_example(&browser, &hub, "jquery").await;
    let states = "[...document.querySelectorAll('.state')].map((state) => state.textContent)";
    let open = json!(["open", "open", "open", "open"]);
    browser.eventually("all to be connected", states, |states| *states == open).await;
    let mut shown = Vec::new();
    for (number, item) in [r#"[{"text":"hello"}]"#, r#"["meow",2]"#, r#"▲ {"eur":5}"#, "hello, all"].iter().enumerate()
    {
        let choose =
            format!("const field = $('#channel')[0]; field.selectedIndex = {number}; $(field).trigger('change');");
        browser.run(&choose).await;
        browser.click("#publish [type=submit]").await;
        // Two elements want the news.
        shown.extend(vec![json!(item); if number == 0 { 2 } else { 1 }]);
        let is_all = |items: &Value| items.as_array().is_some_and(|items| items.len() == shown.len());
        let items = browser.eventually(item, ITEMS, is_all).await;
        assert!(items.as_array().unwrap().contains(&json!(item)), "{items}");
    }
    does_not_scroll_sideways(&browser).await;
    browser.click("#toggle").await;
    assert_eq!(browser.run("return $.eventsource('streams', 'chat')").await, json!({}));
}

async fn does_not_scroll_sideways(browser: &Browser) {
    let widths = browser.run("return [document.documentElement.scrollWidth, innerWidth]").await;
    assert!(widths[0].as_u64() <= widths[1].as_u64(), "{widths}");
}

/// What an example shows of messages.
const ITEMS: &str = "[...document.querySelectorAll('li')].map((item) => item.textContent)";

/// Opens a copy of an example that talks to this hub, with a jQuery that needs no network; drop it when it is not needed.
async fn open_example(browser: &Browser, hub: &Hub, name: &str) -> tempfile::TempDir {
    let page = std::fs::read_to_string(root().join("examples").join(name).join("index.html")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut page = page.replace("http://127.0.0.1:8787", &hub.url(""));
    for (address, (_, file)) in [
        ("https://ajax.googleapis.com/ajax/libs/jquery/1.7.2/jquery.min.js", V1_7),
        ("../../node_modules/jquery-4/dist/jquery.min.js", V4),
    ] {
        if page.contains(address) {
            std::fs::copy(root().join("node_modules").join(file), folder.path().join("jquery.js")).unwrap();
            page = page.replace(address, "jquery.js");
        }
    }
    std::fs::write(folder.path().join("index.html"), page).unwrap();
    browser.open(&format!("file://{}", folder.path().join("index.html").display())).await;
    folder
}

#[tokio::test]
async fn the_plugin_says_what_it_misses_and_comes_as_a_module_too() {
    let bench = Bench::start(Engine::Chromium, V4).await;
    bench.open_document(r#"<script src="/media/client/jquery.sse.js"></script></head>"#).await;
    let failure = "Uncaught Error: jquery.sse.js extends jQuery: load jQuery before it";
    bench.hears(json!([["failed", failure]])).await;

    bench
        .open_document(
            r##"<script src="/jquery.js"></script></head><body>
            <p id="a" data-sse-channels="module"></p>
            <script type="module">
                import { install } from "/media/client/jquery.js";
                const ready = install(jQuery);
                $("#a").on("sse.open", () => hear("open")).sse({ address: "HUB/" });
                hear($("#a").length, $.eventsource("streams", "sse-channel").stream.readyState);
                await ready;
            </script></body>"##,
        )
        .await;
    bench.hears(json!([[1, 0], ["open"]])).await;

    // A page without marked elements is waited for; one that is marked wrongly is told so.
    bench
        .open(
            r#"<script>
                $.sse({ url: "HUB/sse/" });
                $("<p>").sse({ debug: true });
                $(document).on("sse.open", () => hear("open"));
                $("body").append("<p class='sse' data-sse-channels='late'></p>");
            </script>"#,
        )
        .await;
    bench.hears(json!([["open"]])).await;
    bench.open(r#"<p class="sse" data-sse-channels="a,,b"></p><script>$.sse();</script>"#).await;
    let heard = bench.browser.eventually("the failure", HEARD, |heard| is_as_long(heard, &json!([1]))).await;
    assert!(heard[0][1].as_str().unwrap().contains(r#"data-sse-channels="a,,b""#), "{heard}");
}
