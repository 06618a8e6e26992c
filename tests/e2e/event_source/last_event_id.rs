//! 9.2.4 The `Last-Event-ID` header.

use harness::{Answer, Request};
use serde_json::{Value, json};

use super::{
    Case, cases,
    page::{FIREFOX, Page, Subject, stream},
};

pub(super) const CASES: &[Case] = cases![
    a_first_request_has_no_last_event_id,
    an_empty_last_event_id_is_not_sent,
    the_last_event_id_is_sent_when_the_connection_is_reestablished,
    the_last_event_id_is_encoded_as_utf_8,
    an_id_without_data_is_sent,
    an_id_whose_block_is_incomplete_is_not_sent,
    the_last_event_id_is_sent_again_while_no_other_comes,
    an_id_that_was_reset_is_not_sent_any_more,
    the_last_event_id_goes_along_through_a_redirect,
    the_last_event_id_needs_no_preflight,
];

/// Ends a stream with each of these bodies in turn; the requests after them, the last of which is answered for good.
async fn reconnections(page: &Page, bodies: &[&str]) -> Vec<Request> {
    let ended = bodies.iter().map(|body| stream().piece("retry: 1\n").piece(body).end());
    page.script(ended.chain([stream()]));
    let source = page.open().await;
    let requests = page.server().requested(&page.path(), bodies.len() + 1).await;
    source.close().await;
    requests
}

fn ids(requests: &[Request]) -> Vec<Option<&str>> {
    requests.iter().map(|request| request.header("last-event-id")).collect()
}

/// > reports an EventSource object's last event ID string to the server when the user agent is to reestablish the
/// > connection.
async fn a_first_request_has_no_last_event_id(page: &Page) {
    assert_eq!(ids(&reconnections(page, &[]).await), [None]);
}

/// > If the EventSource object's last event ID string is not the empty string, then: ...
async fn an_empty_last_event_id_is_not_sent(page: &Page) {
    assert_eq!(ids(&reconnections(page, &["data: a\n\n"]).await), [None, None]);
}

/// > Set (`Last-Event-ID`, lastEventIDValue) in request's header list.
async fn the_last_event_id_is_sent_when_the_connection_is_reestablished(page: &Page) {
    let requests = reconnections(page, &["id: 1\ndata: a\n\n", "id: two: 2\ndata: b\n\n"]).await;
    assert_eq!(ids(&requests), [None, Some("1"), Some("two: 2")]);
}

/// > Let lastEventIDValue be the EventSource object's last event ID string, encoded as UTF-8.
async fn the_last_event_id_is_encoded_as_utf_8(page: &Page) {
    let requests = reconnections(page, &["id: …ü🦀\ndata: a\n\n"]).await;
    assert_eq!(ids(&requests), [None, Some("…ü🦀")]);
}

/// > Set the last event ID string of the event source to the value of the last event ID buffer. [...] If the data buffer is
/// > an empty string, set the data buffer and the event type buffer to the empty string and return.
async fn an_id_without_data_is_sent(page: &Page) {
    let requests = reconnections(page, &["data: a\n\nid: 1\n\n"]).await;
    let why = "an id counts only with data";
    assert_eq!(ids(&requests), page.differs([None, Some("1")], FIREFOX, why, [None, None]));
}

/// > Once the end of the file is reached, any pending data must be discarded.
async fn an_id_whose_block_is_incomplete_is_not_sent(page: &Page) {
    let requests = reconnections(page, &["id: 1\ndata: a\n\nid: 2\ndata: b\n"]).await;
    assert_eq!(ids(&requests), [None, Some("1")]);
}

/// > The buffer does not get reset, so the last event ID string of the event source remains set to this value until the
/// > next time it is set by the server.
///
/// By the letter, a new stream's buffer is empty, and its first empty line would set the string so: see
/// `interpreting::a_new_stream_begins_with_the_last_event_id`.
async fn the_last_event_id_is_sent_again_while_no_other_comes(page: &Page) {
    let requests = reconnections(page, &["id: 1\ndata: a\n\ndata: b\n\n", "", ": nothing\n\n", "data: c\n\n"]).await;
    assert_eq!(ids(&requests), [None, Some("1"), Some("1"), Some("1"), Some("1")]);
}

/// > this time with no value, which resets the last event ID to the empty string (meaning no `Last-Event-ID` header will
/// > now be sent in the event of a reconnection being attempted).
async fn an_id_that_was_reset_is_not_sent_any_more(page: &Page) {
    let requests =
        reconnections(page, &["id: 1\ndata: a\n\nid\ndata: b\n\n", "id: 2\ndata\n\n", "id:\ndata\n\n"]).await;
    assert_eq!(ids(&requests), [None, None, Some("2"), None]);
}

/// Fetch, 4.4: > HTTP-redirect fetch keeps request's header list.
async fn the_last_event_id_goes_along_through_a_redirect(page: &Page) {
    let target = page.other_path("target");
    page.script([stream().piece("retry: 1\nid: 1\ndata: a\n\n").end(), Answer::redirect(302, &target)]);
    page.server().script(&target, [stream()]);
    let _source = page.open().await;
    assert_eq!(ids(&page.server().requested(&target, 1).await), [Some("1")]);
}

/// Fetch, 4.1: a request of an `EventSource` has neither the use-CORS-preflight flag nor the unsafe-request flag.
async fn the_last_event_id_needs_no_preflight(page: &Page) {
    let (elsewhere, path) = (page.elsewhere(), page.path());
    let stream = || stream().header("Access-Control-Allow-Origin", "*");
    elsewhere.script(&path, [stream().piece("retry: 1\nid: 1\ndata: a\n\n").end(), stream()]);
    let source = page.open_with(&elsewhere.url(&path), Value::Null, &[]).await;
    source.fires(json!([["open", 1], ["message", "a", "1"], ["error", 0], ["open", 1]])).await;
    assert_eq!(ids(&elsewhere.requests(&path)), [None, Some("1")]);
    // To no script is that permission given.
    let preflights = if page.subject() == (Subject::Package { transport: "fetch" }) { 1 } else { 0 };
    assert_eq!(elsewhere.preflights(&path).len(), preflights);
}
