//! 9.2.6 Interpreting an event stream.

use harness::Answer;
use serde_json::{Value, json};

use super::{
    Case, cases,
    page::{CHROMIUM, FIREFOX, Page, stream},
};

pub(super) const CASES: &[Case] = cases![
    an_empty_line_dispatches_the_event,
    a_line_that_starts_with_a_colon_is_ignored,
    a_field_ends_at_the_first_colon_and_one_space_is_removed,
    a_line_without_a_colon_is_a_field_without_a_value,
    pending_data_is_discarded_at_the_end_of_the_file,
    field_names_are_compared_literally,
    a_null_is_a_character_like_others,
    event_sets_the_type,
    the_type_is_forgotten_with_every_event,
    data_lines_are_joined,
    without_data_nothing_is_dispatched,
    id_is_kept_until_the_next,
    an_id_is_not_seen_before_its_event,
    an_id_with_null_is_ignored,
    a_new_stream_begins_with_the_last_event_id,
    retry_sets_the_reconnection_time_at_once,
    a_retry_that_is_not_only_digits_is_ignored,
    an_empty_retry_is_ignored,
    other_fields_are_ignored,
    the_event_is_a_message_event,
    the_origin_is_that_of_the_final_url,
    the_examples_of_the_standard_do_what_it_says,
];

/// Interprets whole streams, none of which depends on the one before it.
async fn all(page: &Page, streams: &[(&str, Value)], types: &[&str]) {
    for (stream, expected) in streams {
        assert_eq!(page.interpreted(&[stream], types).await, *expected, "{stream:?}");
    }
}

/// > If the line is empty (a blank line): Dispatch the event, as defined below.
async fn an_empty_line_dispatches_the_event(page: &Page) {
    let streams = [
        ("data: a\n\n\n\ndata: b\n\n", json!([["message", "a", ""], ["message", "b", ""]])),
        ("\n\n\ndata: a\n\n", json!([["message", "a", ""]])),
        ("data: a\n \ndata: b\n\n", json!([["message", "a\nb", ""]])),
    ];
    all(page, &streams, &[]).await;
}

/// > If the line starts with a U+003A COLON character (:): Ignore the line.
async fn a_line_that_starts_with_a_colon_is_ignored(page: &Page) {
    let streams = [
        (": a\n:\n:data: b\n::\n\n", json!([])),
        ("data: a\n: comment\ndata: b\n:\n\n", json!([["message", "a\nb", ""]])),
        (":\0\ndata: a\n\n", json!([["message", "a", ""]])),
    ];
    all(page, &streams, &[]).await;
}

/// > Collect the characters on the line before the first U+003A COLON character (:), and let field be that string. [...] If
/// > value starts with a U+0020 SPACE character, remove it from value.
async fn a_field_ends_at_the_first_colon_and_one_space_is_removed(page: &Page) {
    let streams = [
        ("data:a:b: c\n\n", json!([["message", "a:b: c", ""]])),
        ("data::\n\n", json!([["message", ":", ""]])),
        ("data:a\n\n", json!([["message", "a", ""]])),
        ("data:  a \n\n", json!([["message", " a ", ""]])),
        ("data: \n\n", json!([["message", "", ""]])),
        ("data:\ta\t\n\n", json!([["message", "\ta\t", ""]])),
        ("data:\u{a0}a\n\n", json!([["message", "\u{a0}a", ""]])),
        ("data\0: a\ndata: b\n\n", json!([["message", "b", ""]])),
    ];
    all(page, &streams, &[]).await;
}

/// > Otherwise, the string is not empty but does not contain a U+003A COLON character (:): Process the field [...] using the
/// > whole line as the field name, and the empty string as the field value.
async fn a_line_without_a_colon_is_a_field_without_a_value(page: &Page) {
    let streams = [
        ("data\n\n", json!([["message", "", ""]])),
        ("data\ndata\n\n", json!([["message", "\n", ""]])),
        ("event: e\nevent\ndata: a\n\n", json!([["message", "a", ""]])),
        ("id: 1\nid\ndata: a\n\n", json!([["message", "a", ""]])),
        ("data: a\nnothing\ndata \n\n", json!([["message", "a", ""]])),
    ];
    all(page, &streams, &["e"]).await;
}

/// > Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle of an event,
/// > before the final empty line, the incomplete event is not dispatched.)
async fn pending_data_is_discarded_at_the_end_of_the_file(page: &Page) {
    let ended = ["data: a\n\nevent: e\ndata: b\n", "data: c", "data: d\n\ndata", "id: 7\nevent: e\ndata: e\r\n"];
    let ended = ended.map(|body| stream().piece("retry: 1\n").piece(body).end());
    page.script(ended.into_iter().chain([stream().piece("\n\n\ndata: f\n\n")]));
    let source = page.open_with(&page.path(), Value::Null, &["e"]).await;
    let (open, error) = (json!(["open", 1]), json!(["error", 0]));
    let [a, d, f] = ["a", "d", "f"].map(|data| json!(["message", data, ""]));
    source.fires(json!([open, a, error, open, error, open, d, error, open, error, open, f])).await;
}

/// > Field names must be compared literally, with no case folding performed.
async fn field_names_are_compared_literally(page: &Page) {
    let stream = "Data: 1\nDATA: 2\n data: 3\ndata : 4\n\tdata: 5\ndata\u{a0}: 6\nEvent: e\nID: 7\ndata: a\n\n";
    all(page, &[(stream, json!([["message", "a", ""]]))], &["e"]).await;
}

/// > any-char = %x0000-0009 / %x000B-000C / %x000E-10FFFF
async fn a_null_is_a_character_like_others(page: &Page) {
    let standard = json!([["e\0", "a\0b", ""]]);
    let why = "it leaves U+0000 NULL out of values";
    let expected = page.differs(standard, FIREFOX, why, json!([["e", "ab", ""]]));
    all(page, &[("event: e\0\ndata: a\0b\n\n", expected)], &["e\0", "e"]).await;
}

/// > If the field name is "event": Set the event type buffer to the field value.
async fn event_sets_the_type(page: &Page) {
    let streams = [
        ("event: e\ndata: a\n\n", json!([["e", "a", ""]])),
        ("data: a\nevent: e\n\n", json!([["e", "a", ""]])),
        ("event: other\nevent: e\ndata: a\n\n", json!([["e", "a", ""]])),
        ("event:e \ndata: a\n\nevent: E\ndata: b\n\n", json!([["e ", "a", ""], ["E", "b", ""]])),
        ("event: message\ndata: a\n\n", json!([["message", "a", ""]])),
        ("event:\ndata: a\n\n", json!([["message", "a", ""]])),
        ("event: error\ndata: a\n\nevent: open\ndata: b\n\n", json!([["error", "a", ""], ["open", "b", ""]])),
        ("event: e:x: y\ndata: a\n\n", json!([["e:x: y", "a", ""]])),
    ];
    all(page, &streams, &["e", "e ", "E", "e:x: y"]).await;
}

/// > Set the data buffer and the event type buffer to the empty string.
async fn the_type_is_forgotten_with_every_event(page: &Page) {
    let streams = [
        ("event: e\ndata: a\n\ndata: b\n\n", json!([["e", "a", ""], ["message", "b", ""]])),
        ("event: e\n\ndata: b\n\n", json!([["message", "b", ""]])),
        ("event: e\nretry: 1\n\ndata: b\n\n", json!([["message", "b", ""]])),
    ];
    all(page, &streams, &["e"]).await;
}

/// > If the field name is "data": Append the field value to the data buffer, then append a single U+000A LINE FEED (LF)
/// > character to the data buffer.
/// > If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character from the data
/// > buffer.
async fn data_lines_are_joined(page: &Page) {
    let streams = [
        ("data: a\ndata: b\ndata: c\n\n", json!([["message", "a\nb\nc", ""]])),
        ("data: a\ndata:\ndata\n\n", json!([["message", "a\n\n", ""]])),
        ("data\ndata: a\n\n", json!([["message", "\na", ""]])),
        ("data: a\nid: 1\nevent: message\n: x\ndata: b\n\n", json!([["message", "a\nb", "1"]])),
    ];
    all(page, &streams, &[]).await;
}

/// > If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and return.
async fn without_data_nothing_is_dispatched(page: &Page) {
    let why = "an id counts only with data";
    let with_id = page.differs(json!([["message", "a", "1"]]), FIREFOX, why, json!([["message", "a", ""]]));
    let streams = [
        ("\n\n: a\n\nevent: e\n\nid: 1\n\nretry: 1000\n\nx: y\n\n", json!([])),
        ("event: e\nid: 1\n\ndata: a\n\n", with_id),
    ];
    all(page, &streams, &["e"]).await;
}

/// > The buffer does not get reset, so the last event ID string of the event source remains set to this value until the next
/// > time it is set by the server.
async fn id_is_kept_until_the_next(page: &Page) {
    let streams = [
        ("id: 1\ndata: a\n\ndata: b\n\n", json!([["message", "a", "1"], ["message", "b", "1"]])),
        ("data: a\nid: 1\n\nid: 2\nid: 3\ndata: b\n\n", json!([["message", "a", "1"], ["message", "b", "3"]])),
        ("id: 1\ndata: a\n\nid\ndata: b\n\n", json!([["message", "a", "1"], ["message", "b", ""]])),
        ("id: 1\n\nid:\n\ndata: b\n\n", json!([["message", "b", ""]])),
        ("id:  x \ndata: a\n\n", json!([["message", "a", " x "]])),
    ];
    all(page, &streams, &[]).await;
}

/// > Set the last event ID string of the event source to the value of the last event ID buffer.
async fn an_id_is_not_seen_before_its_event(page: &Page) {
    let stream = "id: 1\ndata: a\n\ndata: b\nid: 2\ndata: c\n\ndata: d\n\n";
    let expected = json!([["message", "a", "1"], ["message", "b\nc", "2"], ["message", "d", "2"]]);
    all(page, &[(stream, expected)], &[]).await;
}

/// > If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. Otherwise,
/// > ignore the field.
async fn an_id_with_null_is_ignored(page: &Page) {
    let why = "the line after such an id is ignored too";
    let only_a = page.differs(json!([["message", "a", ""]]), FIREFOX, why, json!([]));
    let streams = [
        ("id: 1\0\ndata: a\n\n", only_a),
        ("data: a\nid: 1\0\n: not data\n\n", json!([["message", "a", ""]])),
        ("data: a\nid: 1\nid: \0\n:\n\ndata: b\nid: 2\0\n:\n\n", json!([["message", "a", "1"], ["message", "b", "1"]])),
    ];
    all(page, &streams, &[]).await;
}

/// > When a stream is parsed, a data buffer, an event type buffer, and a last event ID buffer must be associated with it.
/// > They must be initialized to the empty string.
/// > the last event ID string of the event source remains set to this value until the next time it is set by the server
///
/// The two do not go together: by the first, the first event or comment of a new stream would forget where the source
/// stands, although no server said so. All browsers begin the buffer with the last event ID string, and so is to do
/// whoever does as browsers do.
async fn a_new_stream_begins_with_the_last_event_id(page: &Page) {
    let again = stream().piece("\n\ndata: b\n\n");
    page.script([stream().piece("retry: 1\nid: 1\ndata: a\n\n").end(), again]);
    let source = page.open().await;
    source.fires(json!([["open", 1], ["message", "a", "1"], ["error", 0], ["open", 1], ["message", "b", "1"]])).await;
}

/// > If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten, and set the
/// > event stream's reconnection time to that integer.
async fn retry_sets_the_reconnection_time_at_once(page: &Page) {
    // No empty line follows.
    page.script([stream().piece("retry: 00000700\n").end(), stream()]);
    let source = page.open().await;
    source.fires(json!([["open", 1], ["error", 0], ["open", 1]])).await;
    let [first, second] = page.server().requests(&page.path()).try_into().unwrap();
    let waited = (second.at - first.at).as_millis();
    assert!((700..2500).contains(&waited), "{waited} ms");
}

/// How long a source waits that was told to wait for a millisecond, and then this.
async fn waits(page: &Page, name: &str, fields: &str) -> u128 {
    let path = page.other_path(name);
    page.server().script(&path, [stream().piece("retry: 1\n").piece(fields).end(), stream()]);
    let source = page.open_with(&path, Value::Null, &[]).await;
    let [first, second] = page.server().requested(&path, 2).await.try_into().unwrap();
    source.close().await;
    (second.at - first.at).as_millis()
}

/// > Otherwise, ignore the field.
async fn a_retry_that_is_not_only_digits_is_ignored(page: &Page) {
    let others = "retry: 600000x\nretry: x\nretry: -600000\nretry: +600000\nretry:  600000\nretry: 600000 \nretry: 600000.5\n\
                  retry: 6e5\nretry: 0x927c0\nretry: ٦٠٠٠٠٠\nRetry: 600000\nretry 600000\nretry: 600,000\n";
    let waited = waits(page, "others", others).await;
    assert!(waited < 2500, "{waited} ms");
    let waited = waits(page, "null", "retry: 3000\0\n").await;
    let why = "it leaves U+0000 NULL out of values";
    assert_eq!(waited >= 3000, page.differs(false, FIREFOX, why, true), "{waited} ms");
}

/// > If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten: which an
/// > empty value is not.
async fn an_empty_retry_is_ignored(page: &Page) {
    let waited = waits(page, "empty", "retry\nretry:\n").await;
    let why = "it makes the reconnection time what it was at first";
    assert_eq!(waited >= 2500, page.differs(false, CHROMIUM, why, true), "{waited} ms");
}

/// > Otherwise: The field is ignored.
async fn other_fields_are_ignored(page: &Page) {
    let stream = "x: y\ndata2: a\ndat: a\nname\nconstructor: x\n__proto__: x\ntoString: x\ndata: a\n\n";
    all(page, &[(stream, json!([["message", "a", ""]]))], &[]).await;
}

/// > Let event be the result of creating an event using MessageEvent [...] Initialize event's type attribute to "message", its
/// > data attribute to data, its origin to the origin of the event stream's final URL, and its lastEventId attribute to the
/// > last event ID string of the event source.
async fn the_event_is_a_message_event(page: &Page) {
    page.script([stream().piece("id: 1\nevent: e\ndata: a\n\n")]);
    let event = page
        .run_async(
            "const source = (sources[path.slice(1) + '#'] = make(path));
             const event = await next(source, 'e');
             return [Object.prototype.toString.call(event), event instanceof MessageEvent, event.type, event.data, event.origin,
                     event.lastEventId, event.target === source, event.source, event.ports.length, event.bubbles,
                     event.cancelable, event.composed];",
        )
        .await;
    let origin = page.server().origin();
    let expected = json!(["[object MessageEvent]", true, "e", "a", origin, "1", true, null, 0, false, false, false]);
    assert_eq!(event, expected);
}

/// > its origin to the origin of the event stream's final URL (i.e., the URL after redirects)
async fn the_origin_is_that_of_the_final_url(page: &Page) {
    let (here, elsewhere) = (page.path(), page.other_path("elsewhere"));
    page.script([Answer::redirect(302, &page.elsewhere().url(&elsewhere))]);
    let stream = stream().header("Access-Control-Allow-Origin", "*").piece("data: a\n\n");
    page.elsewhere().script(&elsewhere, [stream]);
    let told = page
        .run_async(
            "const source = (sources[path.slice(1) + '#'] = make(path));
             return [(await next(source, 'message')).origin, source.url];",
        )
        .await;
    assert_eq!(told, json!([page.elsewhere().origin(), page.server().url(&here)]));
}

/// > The following stream contains four blocks. [...] The following stream fires two events [...] The following stream fires
/// > two identical events [...]
async fn the_examples_of_the_standard_do_what_it_says(page: &Page) {
    let streams = [
        ("data: YHOO\ndata: +2\ndata: 10\n\n", json!([["message", "YHOO\n+2\n10", ""]])),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            json!([["message", "first event", "1"], ["message", "second event", ""], ["message", " third event", ""]]),
        ),
        ("data\n\ndata\ndata\n\n", json!([["message", "", ""], ["message", "\n", ""]])),
        ("data:test\n\ndata: test\n\n", json!([["message", "test", ""], ["message", "test", ""]])),
    ];
    all(page, &streams, &[]).await;
}
