//! 9.2.3 Processing model, and the requests and responses of the constructor's steps in 9.2.2.

use harness::{Answer, Engine, Gate, ScriptedServer};
use serde_json::{Value, json};

use super::{
    Case, cases,
    page::{CHROMIUM, FIREFOX, Page, stream},
};

pub(super) const CASES: &[Case] = cases![
    the_request_is_a_get_that_accepts_event_streams,
    the_request_bypasses_caches,
    a_same_origin_request_has_cookies,
    a_cross_origin_request_has_none_unless_with_credentials,
    a_cross_origin_answer_needs_consent,
    a_cross_origin_answer_with_credentials_needs_that_consent,
    announcing_the_connection_fires_open,
    the_connection_is_announced_before_the_first_byte,
    any_status_but_200_fails_the_connection,
    any_other_content_type_fails_the_connection,
    parameters_and_case_of_the_content_type_do_not_count,
    failing_the_connection_fires_error_once_and_ends_it,
    redirects_are_followed,
    a_redirect_without_an_address_fails_the_connection,
    a_redirect_elsewhere_needs_consent,
    a_reconnection_goes_to_the_final_address,
    the_end_of_the_body_reestablishes_the_connection,
    a_body_that_breaks_off_reestablishes_the_connection,
    a_body_that_is_not_chunked_as_it_says_reestablishes_the_connection,
    a_network_error_reestablishes_the_connection,
    an_outage_is_survived,
    reestablishing_waits_for_the_reconnection_time,
    the_reconnection_time_outlives_the_connection,
    a_204_on_reconnection_ends_it,
    close_while_waiting_to_reconnect_ends_it,
    close_in_the_error_event_ends_it,
    close_in_the_open_event_ends_it,
    a_source_works_after_many_reconnections,
];

/// By the time these have run, what followed late from the others has come as a request that was not to come.
pub(super) const LAST_CASES: &[Case] = cases![the_reconnection_time_is_some_seconds_at_first];

/// > User agents may set (`Accept`, `text/event-stream`) in request's header list.
async fn the_request_is_a_get_that_accepts_event_streams(page: &Page) {
    page.script([stream()]);
    let source = page.open_with(&format!("{}?a=1&b", page.path()), Value::Null, &[]).await;
    source.fires(json!([["open", 1]])).await;
    let [request] = page.server().requests(&page.path()).try_into().unwrap();
    assert_eq!((request.method.as_str(), request.query.as_str(), request.body.as_slice()), ("GET", "a=1&b", &b""[..]));
    assert_eq!(request.header("accept"), Some("text/event-stream"));
    // HTML, 2.4.3: creating a potential-CORS request; Fetch, 3.2: no `Origin` in a same-origin GET.
    assert_eq!(request.header("sec-fetch-mode"), Some("cors"));
    assert_eq!(request.header("sec-fetch-dest"), Some("empty"));
    assert_eq!(request.header("origin"), None);
}

/// > Set request's cache mode to "no-store".
async fn the_request_bypasses_caches(page: &Page) {
    let cacheable = || {
        let stream = stream().header("Cache-Control", "public, max-age=3600").header("ETag", "\"1\"");
        stream.piece("retry: 1\ndata: a\n\n").end()
    };
    page.script([cacheable(), cacheable(), stream()]);
    let source = page.open().await;
    let requests = page.server().requested(&page.path(), 3).await;
    source.close().await;
    for request in requests {
        assert_eq!(request.header("if-none-match"), None);
        // Fetch, 4.6: with "no-store" and "reload", `Pragma` and `Cache-Control` are set to "no-cache".
        assert_eq!((request.header("cache-control"), request.header("pragma")), (Some("no-cache"), Some("no-cache")));
    }
}

async fn set_cookie(page: &Page) {
    page.run(&format!("document.cookie = 'flavour=oat; path={}'", page.path())).await;
}

fn cookies(server: &ScriptedServer, path: &str) -> Vec<Option<String>> {
    server.requests(path).iter().map(|request| request.header("cookie").map(str::to_owned)).collect()
}

/// > Let request be the result of creating a potential-CORS request given urlRecord, the empty string, and
/// > corsAttributeState: Anonymous is the credentials mode "same-origin".
async fn a_same_origin_request_has_cookies(page: &Page) {
    set_cookie(page).await;
    page.script([stream().piece("retry: 1\n").end(), stream()]);
    let source = page.open().await;
    source.fires(json!([["open", 1], ["error", 0], ["open", 1]])).await;
    let oat = || Some("flavour=oat".to_owned());
    assert_eq!(cookies(page.server(), &page.path()), [oat(), oat()]);
}

/// > If the value of eventSourceInitDict's withCredentials member is true, then set corsAttributeState to Use Credentials.
async fn a_cross_origin_request_has_none_unless_with_credentials(page: &Page) {
    // Cookies know no ports.
    set_cookie(page).await;
    let (elsewhere, path) = (page.elsewhere(), page.path());
    elsewhere.script(&path, [(); 2].map(|()| stream().for_origin(&page.server().origin())));
    for init in [json!({ "withCredentials": false }), json!({ "withCredentials": true })] {
        page.open_with(&elsewhere.url(&path), init, &[]).await.fires(json!([["open", 1]])).await;
    }
    assert_eq!(cookies(elsewhere, &path), [None, Some("flavour=oat".to_owned())]);
    for request in elsewhere.requests(&path) {
        assert_eq!(request.header("origin"), Some(page.server().origin().as_str()));
    }
}

/// The source at a URL elsewhere gets an answer that its page may not read: a network error. Whether it is tried again
/// is for the user agent.
async fn is_refused(page: &Page, path: &str, init: Value) {
    let source = page.open_with(&page.elsewhere().url(path), init, &[]).await;
    let is_error = |log: &Value| log[0][0] == "error";
    harness::eventually("the error", || source.log(), is_error).await;
    source.close().await;
    assert_eq!(source.log().await.as_array().unwrap().len(), 1);
}

/// > Otherwise, if res is a network error, then reestablish the connection, unless the user agent knows that to be futile, in
/// > which case the user agent may fail the connection.
async fn a_cross_origin_answer_needs_consent(page: &Page) {
    let path = page.path();
    let message = "data: secret\n\n";
    let strangers = stream().header("Access-Control-Allow-Origin", "https://example.com").piece(message);
    for answer in [stream().piece(message), strangers] {
        page.elsewhere().script(&path, [answer]);
        is_refused(page, &path, Value::Null).await;
    }
    let welcome = stream().header("Access-Control-Allow-Origin", &page.server().origin()).piece("data: a\n\n");
    page.elsewhere().script(&path, [welcome]);
    let source = page.open_with(&page.elsewhere().url(&path), Value::Null, &[]).await;
    source.fires(json!([["open", 1], ["message", "a", ""]])).await;
}

/// Fetch, 4.10: > with credentials, `*` is no consent, and `Access-Control-Allow-Credentials` has to be `true`.
async fn a_cross_origin_answer_with_credentials_needs_that_consent(page: &Page) {
    let path = page.path();
    let origin = page.server().origin();
    for answer in [
        stream().for_origin("*").piece("data: secret\n\n"),
        stream().header("Access-Control-Allow-Origin", &origin).piece("data: secret\n\n"),
    ] {
        page.elsewhere().script(&path, [answer]);
        is_refused(page, &path, json!({ "withCredentials": true })).await;
    }
}

/// > When a user agent is to announce the connection, the user agent must queue a task which, if the readyState attribute is
/// > set to a value other than CLOSED, sets the readyState attribute to OPEN and fires an event named open at the EventSource
/// > object.
async fn announcing_the_connection_fires_open(page: &Page) {
    page.script([stream().piece("data: a\n\n")]);
    let source = page.open().await;
    source.fires(json!([["open", 1], ["message", "a", ""]])).await;
    assert_eq!(source.get("readyState").await, 1);
}

/// > with processResponse set to the following steps given response res: [...] announce the connection and interpret res's
/// > body line by line.
async fn the_connection_is_announced_before_the_first_byte(page: &Page) {
    let gate = Gate::new();
    page.script([Answer::stream().wait(&gate).piece("data: a\n\n")]);
    let source = page.open().await;
    let why = "a response begins for it with the first byte of the body";
    // For its fetch, too.
    let in_firefox = (page.subject(), Engine::Firefox);
    let announced = page.differs(json!([["open", 1]]), in_firefox, why, json!([]));
    page.server().requested(&page.path(), 1).await;
    source.fires(announced.clone()).await;
    page.others_have_reconnected().await;
    source.fires(announced).await;
    gate.open();
    source.fires(json!([["open", 1], ["message", "a", ""]])).await;
}

/// The source at this path fails.
async fn fails(page: &Page, path: &str) {
    let source = page.open_with(path, Value::Null, &[]).await;
    source.fires(json!([["error", 2]])).await;
    assert_eq!(source.get("readyState").await, 2, "{path}");
}

/// > Otherwise, if res's status is not 200 [...] then fail the connection.
async fn any_status_but_200_fails_the_connection(page: &Page) {
    for status in
        [201, 202, 203, 204, 205, 206, 226, 299, 305, 400, 401, 403, 404, 410, 429, 500, 501, 502, 503, 504, 599]
    {
        let path = page.other_path(&status.to_string());
        page.server().script(&path, [Answer::status(status).header("Content-Type", "text/event-stream")]);
        fails(page, &path).await;
    }
}

/// > Otherwise, if [...] res's `Content-Type` is not `text/event-stream`, then fail the connection.
async fn any_other_content_type_fails_the_connection(page: &Page) {
    let types = [
        "text/plain",
        "text/html",
        "application/json",
        "text/event-stream2",
        "text/x-event-stream",
        "event-stream",
        "text/event stream",
        "application/event-stream",
        "",
    ];
    for (number, content_type) in types.into_iter().enumerate() {
        let path = page.other_path(&number.to_string());
        page.server().script(&path, [Answer::body(content_type).piece("data: a\n\n").end()]);
        fails(page, &path).await;
    }
    let path = page.other_path("none");
    page.server().script(&path, [stream().without_header("Content-Type").piece("data: a\n\n").end()]);
    fails(page, &path).await;
}

/// > if [...] res's `Content-Type` is not `text/event-stream`: MIME Sniffing, 4.2: the essence is type and subtype in lower
/// > case.
async fn parameters_and_case_of_the_content_type_do_not_count(page: &Page) {
    let types = [
        "text/event-stream; charset=utf-8",
        "text/event-stream;charset=UTF-8",
        "TEXT/Event-Stream",
        "text/event-stream ; a=b; charset=\"utf-8\"",
        "text/event-stream;",
        "text/event-stream;charset=windows-1252",
    ];
    for (number, content_type) in types.into_iter().enumerate() {
        let path = page.other_path(&number.to_string());
        page.server().script(&path, [Answer::body(content_type).piece("data: ü\n\n")]);
        let source = page.open_with(&path, Value::Null, &[]).await;
        let mut expected = json!([["open", 1], ["message", "ü", ""]]);
        if content_type.ends_with("1252") {
            let why = "a charset other than UTF-8 fails the connection";
            expected = page.differs(expected, CHROMIUM, why, json!([["error", 2]]));
        }
        source.fires(expected).await;
        source.close().await;
    }
}

/// > When a user agent is to fail the connection, the user agent must queue a task which, if the readyState attribute is set
/// > to a value other than CLOSED, sets the readyState attribute to CLOSED and fires an event named error at the EventSource
/// > object. Once the user agent has failed the connection, it does not attempt to reconnect.
async fn failing_the_connection_fires_error_once_and_ends_it(page: &Page) {
    page.script([stream().piece("retry: 1\n").end(), Answer::status(500)]);
    let source = page.open().await;
    let all = json!([["open", 1], ["error", 0], ["error", 2]]);
    source.fires(all.clone()).await;
    page.others_have_reconnected().await;
    source.fires(all).await;
    assert_eq!(page.server().requests(&page.path()).len(), 2);
}

/// Fetch, 4.4: > HTTP-redirect fetch, for 301, 302, 303, 307 and 308.
async fn redirects_are_followed(page: &Page) {
    for status in [301, 302, 303, 307, 308] {
        let (first, target) = (page.other_path(&format!("{status}")), page.other_path(&format!("{status}/target")));
        let again = page.other_path(&format!("{status}/again"));
        page.server().script(&first, [Answer::redirect(status, &again).header("Content-Type", "text/event-stream")]);
        page.server().script(&again, [Answer::redirect(status, &target)]);
        let gate = Gate::new();
        page.server().script(&target, [stream().piece("data: a\n\n").wait(&gate).end()]);
        let source = page.open_with(&first, Value::Null, &[]).await;
        source.fires(json!([["open", 1], ["message", "a", ""]])).await;
        let [request] = page.server().requests(&target).try_into().unwrap();
        assert_eq!((request.method.as_str(), request.header("accept")), ("GET", Some("text/event-stream")), "{status}");
        source.close().await;
        // Firefox keeps the connection of a fetch that was redirected and aborted, and has six for an origin.
        gate.open();
    }
}

/// Fetch, 4.4: > If locationURL is null, then return response, whose status is not 200.
async fn a_redirect_without_an_address_fails_the_connection(page: &Page) {
    for status in [301, 302, 303, 307, 308, 304, 300] {
        let path = page.other_path(&status.to_string());
        page.server().script(&path, [Answer::status(status)]);
        fails(page, &path).await;
    }
}

/// Fetch, 4.4: > a redirect to another origin taints the response, which is then checked as one of that origin.
async fn a_redirect_elsewhere_needs_consent(page: &Page) {
    let (elsewhere, path) = (page.elsewhere(), page.path());
    page.script([Answer::redirect(307, &elsewhere.url(&path)), Answer::redirect(307, &elsewhere.url(&path))]);
    elsewhere.script(&path, [stream().piece("data: secret\n\n")]);
    let source = page.open().await;
    harness::eventually("the error", || source.log(), |log| log[0][0] == "error").await;
    source.close().await;
    elsewhere.script(&path, [stream().header("Access-Control-Allow-Origin", "*").piece("data: a\n\n")]);
    page.open().await.fires(json!([["open", 1], ["message", "a", ""]])).await;
}

/// > Let request be the EventSource object's request. [...] Fetch request: whose URL list has the addresses of redirects
/// > by now, the last of which counts.
async fn a_reconnection_goes_to_the_final_address(page: &Page) {
    for status in [301, 302, 303, 307, 308] {
        let (first, target) = (page.other_path(&status.to_string()), page.other_path(&format!("{status}/target")));
        let mut again = target.clone();
        if matches!(status, 302 | 303 | 307) {
            again = page.differs(again, FIREFOX, "only a permanent redirect counts for reconnections", first.clone());
        }
        page.server().script(&first, [Answer::redirect(status, &target)]);
        page.server().script(&target, [stream().piece("retry: 1\ndata: a\n\n").end()]);
        page.server().script(&again, [stream().piece("data: b\n\n")]);
        let source = page.open_with(&first, Value::Null, &[]).await;
        let (a, b) = (json!(["message", "a", ""]), json!(["message", "b", ""]));
        source.fires(json!([["open", 1], a, ["error", 0], ["open", 1], b])).await;
        source.close().await;
    }
}

/// > Let processEventSourceEndOfBody given response res be the following step: if res is not a network error, then
/// > reestablish the connection.
/// > Set the readyState attribute to CONNECTING. Fire an event named error at the EventSource object.
async fn the_end_of_the_body_reestablishes_the_connection(page: &Page) {
    let message = "retry: 1\ndata: a\n\n";
    let ended = [
        stream().piece(message).end(),
        Answer::stream().end(),
        Answer::stream_of_length(message.len()).piece(message).end(),
        Answer::stream_until_cut().piece(message).cut(),
        Answer::status(200).header("Content-Type", "text/event-stream"),
    ];
    page.script(ended.into_iter().chain([stream()]));
    let source = page.open().await;
    let [open, a, error] = [json!(["open", 1]), json!(["message", "a", ""]), json!(["error", 0])];
    source.fires(json!([open, a, error, open, error, open, a, error, open, a, error, open, error, open])).await;
    assert_eq!(source.get("readyState").await, 1);
}

/// > If res is not a network error, then reestablish the connection: it was none when it began.
async fn a_body_that_breaks_off_reestablishes_the_connection(page: &Page) {
    let broken = [
        stream().piece("retry: 1\ndata: a\n\n").cut(),
        stream().piece("data: a\n\n").truncate("data: b"),
        Answer::stream_of_length(1000).piece("data: a\n\n").cut(),
    ];
    page.script(broken.into_iter().chain([stream()]));
    let source = page.open().await;
    let [open, a, error] = [json!(["open", 1]), json!(["message", "a", ""]), json!(["error", 0])];
    source.fires(json!([open, a, error, open, a, error, open, a, error, open])).await;
    source.close().await;

    // What was read before the RST may be lost with it, unless it was seen to arrive.
    let (path, gate) = (page.other_path("reset"), Gate::new());
    let first = stream().piece("retry: 1\ndata: a\n\n").wait(&gate).reset();
    page.server().script(&path, [first, stream().reset(), stream().piece("data: b\n\n")]);
    let source = page.open_with(&path, Value::Null, &[]).await;
    source.fires(json!([open, a])).await;
    gate.open();
    let is_b = |log: &Value| log.as_array().and_then(|log| log.last()).is_some_and(|last| last[1] == "b");
    let log = harness::eventually("the message after the resets", || source.log(), is_b).await;
    assert_eq!(json!(log.as_array().unwrap()[..3]), json!([open, a, error]));
}

/// > Otherwise, if res is a network error, then reestablish the connection, unless the user agent knows that to be futile, in
/// > which case the user agent may fail the connection.
async fn a_network_error_reestablishes_the_connection(page: &Page) {
    let failures = [
        ("nothing-and-fin", Answer::raw("").cut()),
        ("nothing-and-rst", Answer::raw("").reset()),
        ("half-a-head-and-rst", Answer::raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n").reset()),
    ];
    for (name, failure) in failures {
        let path = page.other_path(name);
        page.server().script(&path, [stream().piece("retry: 1\n").end(), failure, stream().piece("data: a\n\n")]);
        let source = page.open_with(&path, Value::Null, &[]).await;
        let is_a = |log: &Value| log.as_array().and_then(|log| log.last()).is_some_and(|last| last[1] == "a");
        let log = harness::eventually("the message after the failure", || source.log(), is_a).await;
        // A browser may try again by itself before it says so.
        let errors = &log.as_array().unwrap()[1..log.as_array().unwrap().len() - 2];
        assert!(!errors.is_empty() && errors.iter().all(|event| *event == json!(["error", 0])), "{name}: {log}");
        source.close().await;
    }
}

/// > If res is not a network error, then reestablish the connection: it was none when it began.
async fn a_body_that_is_not_chunked_as_it_says_reestablishes_the_connection(page: &Page) {
    let gate = Gate::new();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let broken = Answer::raw(head).piece("9\r\nretry: 1\n\r\n").wait(&gate).piece("no chunk\r\n");
    page.script([broken, stream()]);
    let source = page.open().await;
    source.fires(json!([["open", 1]])).await;
    gate.open();
    let why = "what is wrong with the framing fails the connection";
    let standard = json!([["open", 1], ["error", 0], ["open", 1]]);
    source.fires(page.differs(standard, FIREFOX, why, json!([["open", 1], ["error", 2]]))).await;
}

/// > Otherwise, if res is a network error, then reestablish the connection.
async fn an_outage_is_survived(page: &Page) {
    let mut server = ScriptedServer::start().await;
    let stream = || stream().header("Access-Control-Allow-Origin", "*");
    server.script("/", [stream().piece("retry: 1\nid: 1\ndata: a\n\n"), stream().piece("data: b\n\n")]);
    let source = page.open_with(&server.url("/"), Value::Null, &[]).await;
    source.fires(json!([["open", 1], ["message", "a", "1"]])).await;
    server.stop().await;
    let why = "a connection that is refused fails the connection";
    let is_survived = page.differs(true, FIREFOX, why, false);
    if !is_survived {
        source.fires(json!([["open", 1], ["message", "a", "1"], ["error", 0], ["error", 2]])).await;
        return;
    }
    // The connection that breaks, and two that are refused.
    let errors = |log: &Value| log.as_array().unwrap().iter().filter(|event| **event == json!(["error", 0])).count();
    harness::eventually("the outage to be noticed", || source.log(), |log| errors(log) >= 3).await;
    server.restart().await;
    let is_b = |log: &Value| log.as_array().and_then(|log| log.last()).is_some_and(|last| last[1] == "b");
    harness::eventually("the message after the outage", || source.log(), is_b).await;
    assert_eq!(server.requests("/").last().unwrap().header("last-event-id"), Some("1"));
    source.close().await;
    server.aborted("/").await;
}

/// > Wait a delay equal to the reconnection time of the event source.
async fn reestablishing_waits_for_the_reconnection_time(page: &Page) {
    page.script([stream().piece("retry: 900\n").end(), stream()]);
    let source = page.open().await;
    source.fires(json!([["open", 1], ["error", 0]])).await;
    assert_eq!(source.get("readyState").await, 0);
    source.fires(json!([["open", 1], ["error", 0], ["open", 1]])).await;
    let [first, second] = page.server().requests(&page.path()).try_into().unwrap();
    let waited = (second.at - first.at).as_millis();
    assert!((900..3000).contains(&waited), "{waited} ms");
}

/// > set the event stream's reconnection time to that integer: of the event source, not of one response.
async fn the_reconnection_time_outlives_the_connection(page: &Page) {
    page.script([stream().piece("retry: 600\n").end(), stream().end(), stream()]);
    let source = page.open().await;
    let [_, second, third] = page.server().requested(&page.path(), 3).await.try_into().unwrap();
    let waited = (third.at - second.at).as_millis();
    assert!((600..2500).contains(&waited), "{waited} ms");
    source.close().await;
}

/// > Otherwise, if res's status is not 200 [...] then fail the connection: how a server ends it for good.
async fn a_204_on_reconnection_ends_it(page: &Page) {
    page.script([stream().piece("retry: 1\ndata: a\n\n").end(), Answer::status(204)]);
    let source = page.open().await;
    source.fires(json!([["open", 1], ["message", "a", ""], ["error", 0], ["error", 2]])).await;
}

/// > If the EventSource object's readyState attribute is not set to CONNECTING, then return.
async fn close_while_waiting_to_reconnect_ends_it(page: &Page) {
    page.script([stream().piece("retry: 700\n").end()]);
    let source = page.open().await;
    source.fires(json!([["open", 1], ["error", 0]])).await;
    source.close().await;
    assert_eq!(source.get("readyState").await, 2);
    page.others_have_reconnected().await;
    source.fires(json!([["open", 1], ["error", 0]])).await;
}

/// Closes the source in a handler, and waits until something would have followed.
async fn closes_in(page: &Page, handler: &str, expected: Value) {
    let path = page.path();
    page.run(&format!(
        "watch('{path}#', '{path}', undefined, ['open', 'error', 'message']);
         sources['{path}#'].{handler} = ({{ target }}) => target.close();"
    ))
    .await;
    let log = format!("logs['{path}#']");
    page.eventually("the events before", &log, |log| *log == expected).await;
    page.others_have_reconnected().await;
    assert_eq!(page.run(&format!("return [{log}, sources['{path}#'].readyState]")).await, json!([expected, 2]));
}

/// > If the EventSource object's readyState attribute is not set to CONNECTING, then return.
async fn close_in_the_error_event_ends_it(page: &Page) {
    page.script([stream().piece("retry: 1\n").end()]);
    closes_in(page, "onerror", json!([["open", 1], ["error", 0]])).await;
    assert_eq!(page.server().requests(&page.path()).len(), 1);
}

/// > Queue a task which, if the readyState attribute is set to a value other than CLOSED, dispatches the newly created event
/// > at the EventSource object.
async fn close_in_the_open_event_ends_it(page: &Page) {
    page.script([stream().piece("retry: 1\ndata: a\n\n").end()]);
    closes_in(page, "onopen", json!([["open", 1]])).await;
}

/// > When a user agent is to reestablish the connection, the user agent must run the following steps: as often as it takes.
async fn a_source_works_after_many_reconnections(page: &Page) {
    let ended = (0..8).map(|number| stream().piece(format!("retry: 1\nid: {number}\ndata: {number}\n\n")).end());
    page.script(ended.chain([stream()]));
    let source = page.open().await;
    page.server().requested(&page.path(), 9).await;
    let numbers = |log: Value| {
        let log = log.as_array().unwrap().clone();
        log.iter().filter(|event| event[0] == "message").map(|event| event[1].clone()).collect::<Vec<_>>()
    };
    let expected: Vec<_> = (0..8).map(|number| json!(number.to_string())).collect();
    assert_eq!(numbers(source.log().await), expected);
    let ids = page
        .server()
        .requests(&page.path())
        .iter()
        .map(|request| request.header("last-event-id").map(str::to_owned))
        .collect::<Vec<_>>();
    assert_eq!(ids[1..], (0..8).map(|number| Some(number.to_string())).collect::<Vec<_>>());
}

/// > A reconnection time, in milliseconds. This must initially be an implementation-defined value, probably in the region of
/// > a few seconds.
async fn the_reconnection_time_is_some_seconds_at_first(page: &Page) {
    page.script([stream().end(), stream()]);
    let source = page.open().await;
    let [first, second] = page.server().requested(&page.path(), 2).await.try_into().unwrap();
    source.close().await;
    let waited = (second.at - first.at).as_millis();
    assert!((1000..10_000).contains(&waited), "{waited} ms");
}
