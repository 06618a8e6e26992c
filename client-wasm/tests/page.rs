//! The marked elements of a page get their events, in a real browser.
//!
//! The hub is played by the tests, which stand in for the browser's `EventSource`; the last test uses the real class.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cyclone_edge_client::{ConnectOptions, Connection, connect};
use js_sys::{Error, JSON, Promise, Reflect, futures::JsFuture};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/browser.js")]
extern "C" {
    #[wasm_bindgen(js_name = useScriptedSource)]
    fn use_scripted_source();
    #[wasm_bindgen(js_name = useNativeSource)]
    fn use_native_source();
    fn sources() -> u32;
    #[wasm_bindgen(js_name = sourceUrl)]
    fn source_url() -> String;
    #[wasm_bindgen(js_name = sourceState)]
    fn source_state() -> u16;
    #[wasm_bindgen(js_name = sourceHasCredentials)]
    fn source_has_credentials() -> bool;
    fn send(event_type: &str, data: &str, last_event_id: &str);
    #[wasm_bindgen(js_name = changeState)]
    fn change_state(ready_state: u16);
    #[wasm_bindgen(js_name = listenerCount)]
    fn listener_count() -> u32;
    fn show(html: &str);
    fn append(html: &str);
    fn remove(selector: &str);
    fn mark(selector: &str, name: &str, value: &str);
    #[wasm_bindgen(js_name = nextEvent)]
    fn next_event(selector: &str, event_type: &str) -> Promise;

    type Heard;
    #[wasm_bindgen(constructor)]
    fn new(selector: &str, types: Vec<String>) -> Heard;
    #[wasm_bindgen(constructor)]
    fn with_handler(selector: &str, types: Vec<String>, on_event: &Closure<dyn FnMut()>) -> Heard;
    #[wasm_bindgen(method, getter)]
    fn lines(this: &Heard) -> Vec<String>;
    #[wasm_bindgen(method)]
    fn detail(this: &Heard, index: u32, name: &str) -> JsValue;
    #[wasm_bindgen(method, js_name = eventType)]
    fn event_type(this: &Heard, index: u32) -> String;
}

const TWO: &str = r#"
    <p id="cats" class="sse" data-sse-channels="cats"></p>
    <p id="dogs" class="sse" data-sse-channels=" dogs , night owls "></p>"#;

/// The places of these channels in the cursor: the order is that of the names.
const CATS: &str = "0:1.2.3";
const DOGS: &str = "1:1.2.3";
const OWLS: &str = "2:1.2.3";

fn try_open(html: &str, options: &str) -> Result<Connection, Error> {
    use_scripted_source();
    show(html);
    Connection::open(Some(JSON::parse(options).unwrap().unchecked_into::<ConnectOptions>()))
}

fn open(html: &str, options: &str) -> Connection {
    try_open(html, options).unwrap()
}

fn heard(selector: &str, types: &[&str]) -> Heard {
    Heard::new(selector, types.iter().map(|&name| name.to_owned()).collect())
}

fn why(html: &str, options: &str) -> String {
    try_open(html, options).err().map(|error| error.message().into()).unwrap_or_default()
}

#[wasm_bindgen_test]
fn one_connection_serves_all_elements_with_the_channels_in_their_order() {
    let before = sources();
    let connection = open(TWO, r#"{ "url": "/sse/?token=a%26b" }"#);
    assert_eq!(sources() - before, 1);
    assert_eq!(connection.channels(), ["cats", "dogs", "night owls"]);
    assert!(
        source_url().ends_with("/sse/?token=a%26b&channels=cats&channels=dogs&channels=night%20owls&greeting=event"),
        "{}",
        source_url()
    );
    assert_eq!(source_url(), connection.url() + "&greeting=event");
    assert!(!source_has_credentials());
}

#[wasm_bindgen_test]
fn the_options_have_defaults() {
    use_scripted_source();
    show(r#"<p id="a" class="sse" data-sse-channels="Новости"></p>"#);
    let heard = heard("#a", &["sse.message"]);
    let connection = Connection::open(None).unwrap();
    assert!(source_url().contains("/sse/?channels=%D0%9D%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8&"), "{}", source_url());
    send("message", "[1]", "7");
    assert_eq!(heard.lines(), ["sse.message Новости [1]"]);
    drop(connection);
}

#[wasm_bindgen_test]
fn an_element_gets_what_its_own_channels_carry() {
    let _connection = open(TWO, "{}");
    let (cats, dogs) = (heard("#cats", &["sse.message"]), heard("#dogs", &["sse.message"]));
    send("message", "1", CATS);
    send("message", "2", DOGS);
    send("message", "3", OWLS);
    assert_eq!(cats.lines(), ["sse.message cats 1"]);
    assert_eq!(dogs.lines(), ["sse.message dogs 2", "sse.message night owls 3"]);
}

#[wasm_bindgen_test]
fn the_detail_tells_all_about_a_message() {
    let _connection = open(TWO, r#"{ "events": ["price"] }"#);
    let heard = heard("#cats", &["sse.message", "sse.price"]);
    send("price", r#"{"eur":5}"#, CATS);
    assert_eq!(heard.lines(), [r#"sse.message cats {"eur":5}"#, r#"sse.price cats {"eur":5}"#]);
    for index in 0..2 {
        assert_eq!(heard.detail(index, "id"), CATS);
        assert_eq!(heard.detail(index, "type"), "price");
        assert_eq!(heard.event_type(index), "price");
    }
}

#[wasm_bindgen_test]
fn a_message_with_a_type_in_its_payload_is_dispatched_under_it_without_it() {
    let _connection = open(TWO, "{}");
    let heard = heard("#cats", &["sse.message", "sse.price"]);
    send("message", r#"["price", {"eur": 5}]"#, CATS);
    assert_eq!(heard.lines(), [r#"sse.message cats ["price",{"eur":5}]"#, r#"sse.price cats {"eur":5}"#]);
    assert_eq!(heard.detail(0, "type"), "price");
}

#[wasm_bindgen_test]
fn other_payloads_have_no_type() {
    let _connection = open(TWO, r#"{ "events": ["trade"] }"#);
    let heard = heard("#cats", &["sse.message", "sse.price", "sse.trade", "sse."]);
    let payloads = [
        r#"["price"]"#,
        r#"["price",1,2]"#,
        r#"[1,"price"]"#,
        r#"["",1]"#,
        r#"{"0":"price","1":1,"length":2}"#,
        "null",
    ];
    for payload in payloads {
        send("message", payload, CATS);
    }
    assert_eq!(heard.lines(), payloads.map(|payload| format!("sse.message cats {payload}")));
    send("trade", r#"["price",1]"#, CATS);
    assert_eq!(heard.lines().split_off(6), [r#"sse.message cats ["price",1]"#, r#"sse.trade cats ["price",1]"#]);
}

#[wasm_bindgen_test]
fn an_element_that_names_types_gets_no_others() {
    let html = r#"
        <p id="price" class="sse" data-sse-channels="a" data-sse-events="price"></p>
        <p id="both" class="sse" data-sse-channels="a" data-sse-events=" message, trade "></p>"#;
    let _connection = open(html, "{}");
    let types = ["sse.message", "sse.price", "sse.trade", "sse.open", "sse.gap"];
    let (price, both) = (heard("#price", &types), heard("#both", &types));
    change_state(1);
    send("price", "1", "7");
    send("message", r#"["trade",2]"#, "8");
    send("message", "3", "9");
    send("sse.gap", r#"{"channels":["a"]}"#, "9");
    let gap = r#"sse.gap null {"channels":["a"]}"#;
    assert_eq!(price.lines(), ["sse.open null null", "sse.price a 1", gap]);
    assert_eq!(
        both.lines(),
        [
            "sse.open null null",
            "sse.message a 1",
            r#"sse.message a ["trade",2]"#,
            "sse.trade a 2",
            "sse.message a 3",
            gap
        ]
    );
}

#[wasm_bindgen_test]
fn text_stays_as_it_came() {
    let _connection = open(TWO, r#"{ "type": "text" }"#);
    let heard = heard("#cats", &["sse.message", "sse.price"]);
    send("message", r#"["price",1]"#, CATS);
    assert_eq!(heard.lines(), [r#"sse.message cats "[\"price\",1]""#]);
}

#[wasm_bindgen_test]
fn what_is_no_json_arrives_as_text() {
    let _connection = open(TWO, "{}");
    let heard = heard("#cats", &["sse.message"]);
    send("message", "hello, 🦀", CATS);
    send("message", "", CATS);
    assert_eq!(heard.lines(), [r#"sse.message cats "hello, 🦀""#, r#"sse.message cats """#]);
}

#[wasm_bindgen_test]
fn no_publisher_can_forge_the_events_of_the_connection() {
    let _connection = open(TWO, r#"{ "events": ["gap"] }"#);
    let heard = heard("#cats", &["sse.message", "sse.open", "sse.error", "sse.gap"]);
    for event_type in ["open", "error", "gap"] {
        send("message", &format!(r#"["{event_type}",1]"#), CATS);
        send(event_type, "2", CATS);
    }
    assert_eq!(heard.detail(1, "type"), "open");
    let whole = |event_type| [format!(r#"sse.message cats ["{event_type}",1]"#), "sse.message cats 2".to_owned()];
    assert_eq!(heard.lines(), ["open", "error", "gap"].map(whole).concat());
}

#[wasm_bindgen_test]
fn the_state_of_the_connection_concerns_every_element() {
    let connection = open(TWO, r#"{ "transport": "native" }"#);
    let (cats, dogs) = (heard("#cats", &["sse.open", "sse.error"]), heard("#dogs", &["sse.open", "sse.error"]));
    assert_eq!(connection.ready_state(), 0);
    change_state(1);
    assert_eq!(connection.ready_state(), 1);
    send("sse.hello", "", "1.2.3");
    change_state(0);
    change_state(2);
    assert_eq!(cats.lines(), ["sse.open null null", "sse.error null null", "sse.error null null"]);
    assert_eq!(dogs.lines(), cats.lines());
    assert!(cats.detail(0, "id").is_null());
    assert_eq!(connection.ready_state(), 2);
}

#[wasm_bindgen_test]
fn a_gap_concerns_elements_with_one_of_its_channels() {
    let _connection = open(TWO, r#"{ "type": "text" }"#);
    let (cats, dogs) = (heard("#cats", &["sse.gap"]), heard("#dogs", &["sse.gap"]));
    send("sse.gap", r#"{"channels":["night owls"]}"#, "1.2.3");
    assert!(cats.lines().is_empty());
    assert_eq!(dogs.lines(), [r#"sse.gap null {"channels":["night owls"]}"#]);
    send("sse.gap", "?", "1.2.3");
    assert_eq!(cats.lines().len(), 1, "a gap that cannot be read may concern anyone");
}

#[wasm_bindgen_test]
fn a_message_that_does_not_tell_its_channel_goes_to_all() {
    let _connection = open(TWO, "{}");
    let (cats, dogs) = (heard("#cats", &["sse.message"]), heard("#dogs", &["sse.message"]));
    send("message", "1", "17");
    assert_eq!(cats.lines(), ["sse.message null 1"]);
    assert_eq!(dogs.lines(), ["sse.message null 1"]);
}

#[wasm_bindgen_test]
fn events_bubble_with_the_prefix_that_was_asked_for() {
    let html = r#"<section id="outer"><p data-live data-sse-channels="a"></p></section>"#;
    let _connection =
        open(html, r#"{ "selector": "[data-live]", "eventPrefix": "hub:", "withCredentials": true, "debug": true }"#);
    let outer = heard("#outer", &["hub:open", "hub:message", "hub:gap", "hub:x", "sse.message"]);
    change_state(1);
    send("message", r#"["x",1]"#, "7");
    send("sse.gap", r#"{"channels":["a"]}"#, "9");
    let gap = r#"hub:gap null {"channels":["a"]}"#;
    assert_eq!(outer.lines(), ["hub:open null null", r#"hub:message a ["x",1]"#, "hub:x a 1", gap]);
    assert!(source_has_credentials());
}

/// What a script changes is noticed when it has ended.
async fn noticed() {
    JsFuture::from(Promise::resolve(&JsValue::NULL)).await.unwrap();
}

fn query() -> String {
    source_url().split_once('?').unwrap().1.to_owned()
}

#[wasm_bindgen_test]
async fn the_connection_moves_with_the_elements_and_stands_where_it_stood() {
    let connection = open(r#"<p id="cats" class="sse" data-sse-channels="cats"></p>"#, "{}");
    let before = sources();
    send("sse.hello", "", "5");
    append(r#"<p id="dogs" class="sse" data-sse-channels="dogs"></p>"#);
    append(r#"<p id="more" class="sse" data-sse-channels="dogs"></p>"#);
    noticed().await;
    assert_eq!(sources(), before + 1, "once for all that a script does");
    assert_eq!(query(), "channels=cats&channels=dogs&greeting=event&lastEventId=5.-");
    assert_eq!(connection.channels(), ["cats", "dogs"]);
    let (cats, dogs) = (heard("#cats", &["sse.message"]), heard("#dogs", &["sse.message"]));
    send("message", "1", "0:6.-");
    send("message", "2", "1:6.8");
    assert_eq!(
        (cats.lines(), dogs.lines()),
        (vec!["sse.message cats 1".to_owned()], vec!["sse.message dogs 2".to_owned()])
    );
    remove("#cats");
    noticed().await;
    assert_eq!(query(), "channels=dogs&greeting=event&lastEventId=8");
    mark("#dogs", "data-sse-channels", "owls");
    remove("#more");
    noticed().await;
    assert_eq!(query(), "channels=owls&greeting=event", "who has seen nothing of it begins with what comes");
}

#[wasm_bindgen_test]
async fn a_page_that_wants_nothing_for_a_while_has_no_connection() {
    let connection = open(r#"<p id="cats" class="sse" data-sse-channels="cats"></p>"#, "{}");
    remove("#cats");
    noticed().await;
    assert_eq!((source_state(), connection.ready_state(), connection.url()), (2, 0, String::new()));
    append(r#"<p id="cats" class="sse" data-sse-channels="cats"></p>"#);
    noticed().await;
    assert_eq!((source_state(), connection.url() + "&greeting=event"), (0, source_url()));
    connection.close();
    assert_eq!((connection.ready_state(), connection.url()), (2, String::new()));
}

#[wasm_bindgen_test]
async fn other_marks_for_the_same_channels_keep_the_connection() {
    let _connection = open(r#"<p id="cats" class="sse" data-sse-channels="cats"></p>"#, "{}");
    let before = sources();
    mark("#cats", "data-sse-events", "price");
    append(r#"<p id="too" class="sse" data-sse-channels="cats"></p>"#);
    append(r#"<p id="wrong" class="sse" data-sse-channels="cats, news.*"></p>"#);
    noticed().await;
    assert_eq!(sources(), before);
    let types = ["sse.message", "sse.price"];
    let (cats, too, wrong) = (heard("#cats", &types), heard("#too", &types), heard("#wrong", &types));
    send("price", "1", "6");
    send("message", "2", "7");
    assert_eq!(cats.lines(), ["sse.price cats 1"]);
    assert_eq!(too.lines(), ["sse.message cats 1", "sse.price cats 1", "sse.message cats 2"]);
    assert!(wrong.lines().is_empty(), "the console says what is wrong with it");
}

#[wasm_bindgen_test]
async fn attributes_of_other_names_can_mark_elements() {
    let html = r#"<p id="a" class="sse" data-channels="a" data-types="price" data-sse-channels="b"></p>"#;
    let connection = open(html, r#"{ "channelAttr": "data-channels", "eventAttr": "data-types" }"#);
    assert_eq!(connection.channels(), ["a"]);
    let heard = heard("#a", &["sse.message", "sse.price"]);
    send("message", "1", "6");
    send("price", "2", "7");
    assert_eq!(heard.lines(), ["sse.price a 2"]);
    mark("#a", "data-channels", "c");
    noticed().await;
    assert_eq!(connection.channels(), ["c"]);
}

#[wasm_bindgen_test]
async fn a_closed_connection_does_not_follow_the_page() {
    let connection = open(TWO, "{}");
    let before = sources();
    connection.close();
    append(r#"<p id="more" class="sse" data-sse-channels="more"></p>"#);
    noticed().await;
    assert_eq!(sources(), before);
}

#[wasm_bindgen_test]
fn wrong_options_are_named() {
    let cases = [
        ("1", "the options must be an object"),
        (r#"{ "type": "xml" }"#, r#"the option `type` must be "json" or "text""#),
        (r#"{ "selector": 1 }"#, "the option `selector` must be a string"),
        (r#"{ "eventPrefix": [] }"#, "the option `eventPrefix` must be a string"),
        (r#"{ "debug": "yes" }"#, "the option `debug` must be true or false"),
        (r#"{ "token": 5 }"#, "the option `token` must be a text without spaces, or a function that returns one"),
        (r#"{ "events": "price" }"#, "the option `events` must be an array of strings"),
        (r#"{ "events": ["price", 1] }"#, "the option `events` must be an array of strings"),
        (r#"{ "url": "/sse/?channels=a" }"#, "the option `url` must not name channels: elements do"),
    ];
    for (options, message) in cases {
        assert_eq!(why(TWO, options), message);
    }
    assert!(why(TWO, r#"{ "selector": "<" }"#).contains("not a valid selector"));
    // Browsers have words of their own for it.
    assert!(why(TWO, r#"{ "url": "http://[" }"#).to_lowercase().contains("valid url"));
}

#[wasm_bindgen_test]
async fn a_page_without_a_marked_element_is_waited_for() {
    for html in ["", r#"<p data-sse-channels="a"></p>"#, r#"<p class="sse" data-sse-channels=" "></p>"#] {
        let before = sources();
        let connection = open(html, "{}");
        assert_eq!((sources(), connection.ready_state(), connection.url()), (before, 0, String::new()));
        append(r#"<p id="late" class="sse" data-sse-channels="late"></p>"#);
        noticed().await;
        assert_eq!((sources(), connection.channels()), (before + 1, vec!["late".to_owned()]));
    }
}

#[wasm_bindgen_test]
async fn marks_by_any_attribute_are_followed() {
    let connection = open(r#"<p id="a" data-sse-channels="a"></p>"#, r#"{ "selector": "[data-live]" }"#);
    assert_eq!(connection.ready_state(), 0);
    mark("#a", "data-live", "");
    noticed().await;
    assert_eq!(connection.channels(), ["a"]);
}

#[wasm_bindgen_test]
fn bad_channels_are_named() {
    assert_eq!(
        why(r#"<p class="sse" data-sse-channels="a,news.*"></p>"#, "{}"),
        r#"data-sse-channels="a,news.*": a channel name must not hold `*`, which is reserved for patterns"#
    );
    let names: Vec<_> = (0..101).map(|n| format!("c{n}")).collect();
    let html = format!(r#"<p class="sse" data-sse-channels="{}"></p>"#, names.join(","));
    assert_eq!(why(&html, "{}"), "name at most 100 channels");
}

#[wasm_bindgen_test]
fn a_failure_reaches_javascript_as_an_error() {
    show(r#"<p class="sse" data-sse-channels="a,,b"></p>"#);
    let thrown = connect(None).err().map(JsValue::from);
    assert!(thrown.is_some_and(|thrown| thrown.is_instance_of::<Error>()));
}

#[wasm_bindgen_test]
fn closing_removes_every_listener() {
    let before = listener_count();
    let connection = open(TWO, r#"{ "events": ["price"] }"#);
    assert_eq!(
        listener_count() - before,
        10,
        "open and error, also as types of messages, transport, message, sse.hello, sse.gap, sse.expired, price"
    );
    let heard = heard("#cats", &["sse.message"]);
    connection.close();
    assert_eq!(listener_count(), before);
    assert_eq!(connection.ready_state(), 2);
    send("message", "1", CATS);
    assert!(heard.lines().is_empty());
    connection.close();
}

#[wasm_bindgen_test]
fn a_thousand_connections_leave_no_listener_behind() {
    let before = listener_count();
    for round in 0..1_000 {
        let connection = open(TWO, "{}");
        change_state(1);
        if round % 2 == 0 {
            connection.close();
        }
        drop(connection);
        assert_eq!(source_state(), 2);
    }
    assert_eq!(listener_count(), before);
}

#[wasm_bindgen_test]
fn the_handle_in_javascript_does_what_the_class_says() {
    use_scripted_source();
    show(TWO);
    let before = listener_count();
    let handle = connect(None).unwrap();
    let member = |name: &str| Reflect::get(&handle, &name.into()).unwrap();
    assert_eq!(member("readyState"), 0);
    assert_eq!(member("url").as_string().unwrap() + "&greeting=event", source_url());
    assert_eq!(JSON::stringify(&member("channels")).unwrap(), r#"["cats","dogs","night owls"]"#);
    for name in ["close", "close", "free"] {
        member(name).unchecked_into::<js_sys::Function>().call0(&handle).unwrap();
        assert_eq!(listener_count(), before, "{name}");
    }
}

#[wasm_bindgen_test]
fn a_handler_may_close_the_connection() {
    use_scripted_source();
    show(TWO);
    let before = listener_count();
    let handle = connect(None).unwrap();
    let close = Closure::<dyn FnMut()>::new(move || {
        let close = Reflect::get(&handle, &"close".into()).unwrap();
        close.unchecked_into::<js_sys::Function>().call0(&handle).unwrap();
    });
    let cats = Heard::with_handler("#cats", vec!["sse.open".to_owned()], &close);
    let dogs = heard("#dogs", &["sse.open"]);
    change_state(1);
    assert_eq!(cats.lines(), ["sse.open null null"]);
    assert!(dogs.lines().is_empty(), "closed before its turn");
    assert_eq!(listener_count(), before);
}

/// The server of this test page answers 404, which is final.
#[wasm_bindgen_test]
async fn the_browsers_own_event_source_is_driven_the_same_way() {
    use_native_source();
    show(TWO);
    let connection = Connection::open(None).unwrap();
    assert_eq!(connection.ready_state(), 0);
    JsFuture::from(next_event("#dogs", "sse.error")).await.unwrap();
    assert_eq!(connection.ready_state(), 2);
}
