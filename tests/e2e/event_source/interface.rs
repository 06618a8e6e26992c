//! 9.2.2 The EventSource interface.

use harness::{Answer, Gate};
use serde_json::{Value, json};

use super::{
    Case, cases,
    page::{Page, stream},
};

pub(super) const CASES: &[Case] = cases![
    the_class_has_the_shape_of_its_idl,
    the_constants_are_on_the_class_and_on_its_instances,
    the_attributes_are_read_only,
    the_constructor_takes_new_and_an_address,
    an_init_that_is_no_dictionary_is_a_type_error,
    an_address_that_cannot_be_parsed_is_a_syntax_error,
    the_address_is_parsed_relative_to_the_document,
    the_address_is_encoded_as_the_document_encodes,
    any_value_is_taken_as_a_string,
    the_url_stays_after_a_redirect,
    with_credentials_is_false_unless_it_was_said,
    ready_state_is_connecting_when_the_object_is_created,
    close_sets_closed_at_once_and_fires_nothing,
    close_aborts_the_fetch,
    close_before_the_answer_aborts_the_fetch,
    after_close_nothing_is_fired,
    close_among_events_of_one_chunk_keeps_the_rest_back,
    event_handlers_are_null_until_they_are_set,
    event_handlers_take_turns_with_listeners,
    a_handler_that_is_no_function_is_not_called,
    listeners_follow_the_rules_of_event_target,
    a_listener_that_throws_keeps_no_other_from_its_event,
    open_and_error_are_plain_events,
    the_class_can_be_extended,
    workers_have_the_class_too,
];

/// > [Exposed=(Window,Worker)]
/// > interface EventSource : EventTarget {
/// >   constructor(USVString url, optional EventSourceInit eventSourceInitDict = {});
async fn the_class_has_the_shape_of_its_idl(page: &Page) {
    page.script([stream()]);
    let shape = page
        .run_async(
            "const source = make(path);
             source.close();
             const kind = (name) => {
               const { get, set, value, enumerable } = Object.getOwnPropertyDescriptor(Subject.prototype, name) ?? {};
               return [name, get && set ? 'attribute' : get ? 'read-only attribute' : typeof value, enumerable];
             };
             return {
               inherits: Object.getPrototypeOf(Subject) === EventTarget,
               instance: source instanceof Subject && source instanceof EventTarget,
               name: Subject.name,
               length: Subject.length,
               text: Object.prototype.toString.call(source),
               close: Subject.prototype.close.length,
               members: ['url', 'withCredentials', 'readyState', 'onopen', 'onmessage', 'onerror', 'close'].map(kind),
             };",
        )
        .await;
    let expected = json!({
        "inherits": true,
        "instance": true,
        "name": "EventSource",
        "length": 1,
        "text": "[object EventSource]",
        "close": 0,
        "members": [
            ["url", "read-only attribute", true],
            ["withCredentials", "read-only attribute", true],
            ["readyState", "read-only attribute", true],
            ["onopen", "attribute", true],
            ["onmessage", "attribute", true],
            ["onerror", "attribute", true],
            ["close", "function", true],
        ],
    });
    assert_eq!(shape, expected);
}

/// > const unsigned short CONNECTING = 0;
/// > const unsigned short OPEN = 1;
/// > const unsigned short CLOSED = 2;
async fn the_constants_are_on_the_class_and_on_its_instances(page: &Page) {
    page.script([stream()]);
    let constants = page
        .run_async(
            "const source = make(path);
             source.close();
             return ['CONNECTING', 'OPEN', 'CLOSED'].map((name) => {
               const constant = ({ value, writable, enumerable, configurable }) =>
                 [value, writable, enumerable, configurable];
               const own = [Subject, Subject.prototype].map((owner) => Object.getOwnPropertyDescriptor(owner, name));
               return [source[name], ...own.map(constant)];
             });",
        )
        .await;
    let constant = |value: u8| json!([value, [value, false, true, false], [value, false, true, false]]);
    assert_eq!(constants, json!([constant(0), constant(1), constant(2)]));
}

/// > readonly attribute USVString url;
/// > readonly attribute boolean withCredentials;
/// > readonly attribute unsigned short readyState;
async fn the_attributes_are_read_only(page: &Page) {
    page.script([stream()]);
    let values = page
        .run_async(
            "const source = make(path);
             source.close();
             const members = ['url', 'withCredentials', 'readyState'];
             const before = members.map((name) => source[name]);
             for (const name of members) source[name] = 7;
             const strictly = members.map((name) => thrown(() => { 'use strict'; source[name] = 7; })?.[1]);
             return [members.map((name, index) => source[name] === before[index]), strictly];",
        )
        .await;
    assert_eq!(values, json!([[true, true, true], ["TypeError", "TypeError", "TypeError"]]));
}

/// > constructor(USVString url, optional EventSourceInit eventSourceInitDict = {});
async fn the_constructor_takes_new_and_an_address(page: &Page) {
    let thrown =
        page.run_async("return [thrown(() => Subject(path)), thrown(() => new Subject()), thrown(() => Subject())];");
    let type_error = json!(["[object Error]", "TypeError"]);
    assert_eq!(thrown.await, json!([type_error, type_error, type_error]));
}

/// > dictionary EventSourceInit {
/// >   boolean withCredentials = false;
/// > };
async fn an_init_that_is_no_dictionary_is_a_type_error(page: &Page) {
    let outcomes = page
        .run_async(
            "return [1, 'text', true, Symbol()].map((init) => thrown(() => new Subject(path, init).close())?.[1] ?? null);",
        )
        .await;
    assert_eq!(outcomes, json!(["TypeError", "TypeError", "TypeError", "TypeError"]));
    page.script((0..4).map(|_| stream()));
    let outcomes = page
        .run_async(
            "return [undefined, null, {}, { withCredentials: undefined }].map((init) => {
               const source = new Subject(path, init);
               source.close();
               return source.withCredentials;
             });",
        )
        .await;
    assert_eq!(outcomes, json!([false, false, false, false]));
}

/// > If urlRecord is failure, then throw a "SyntaxError" DOMException.
async fn an_address_that_cannot_be_parsed_is_a_syntax_error(page: &Page) {
    let outcomes = page
        .run_async(
            "return ['http://[', 'http://a:99999/', 'https://'].map((url) => {
               try {
                 make(url).close();
               } catch (error) {
                 return [error instanceof DOMException, error.name, error.code];
               }
             });",
        )
        .await;
    let syntax_error = json!([true, "SyntaxError", 12]);
    assert_eq!(outcomes, json!([syntax_error, syntax_error, syntax_error]));
}

/// > Let urlRecord be the result of encoding-parsing a URL given url, relative to settings.
/// > The url attribute's getter must return the serialization of this EventSource object's url.
async fn the_address_is_parsed_relative_to_the_document(page: &Page) {
    let (here, elsewhere) = (page.server().origin(), page.elsewhere().origin());
    let host = here.strip_prefix("http:").unwrap();
    let cases = [
        ("base", "x?y=1", format!("{here}/a/b/x?y=1")),
        ("base", "../x", format!("{here}/a/x")),
        ("base", "/x#part", format!("{here}/x#part")),
        ("base", "", format!("{here}/a/b/c")),
        ("base", "?q", format!("{here}/a/b/c?q")),
        ("base", host, format!("{here}/")),
        ("base", " x\n", format!("{here}/a/b/x")),
        ("no base", "x", format!("{here}/x")),
        ("no base", "", format!("{here}/page")),
        ("no base", &elsewhere, format!("{elsewhere}/")),
        ("no base", "HTTP://LOCALHOST:80/a/./b/../c", "http://localhost/a/c".to_owned()),
    ];
    for (base, url, expected) in cases {
        // A request may go out before its source is closed.
        let path = expected
            .trim_start_matches(&here)
            .trim_start_matches(&elsewhere)
            .split(['?', '#'])
            .next()
            .unwrap_or_default();
        if path != "/page" {
            page.server().script(path, [Answer::status(204)]);
            page.elsewhere().script(path, [Answer::status(204)]);
        }
        let base = if base == "base" { "document.head.prepend(base);" } else { "" };
        let resolved = page
            .run_async(&format!(
                "const base = Object.assign(document.createElement('base'), {{ href: '/a/b/c' }});
                 {base}
                 const source = make({});
                 source.close();
                 base.remove();
                 return source.url;",
                json!(url)
            ))
            .await;
        assert_eq!(resolved, expected, "{url:?}");
    }
}

/// > Let urlRecord be the result of encoding-parsing a URL given url, relative to settings.
async fn the_address_is_encoded_as_the_document_encodes(page: &Page) {
    let path = page.path();
    page.script([stream()]);
    let source = page.open_with(&format!("{path}?a=ü 🦀&b=%20\"<>#ä"), Value::Null, &[]).await;
    source.fires(json!([["open", 1]])).await;
    let encoded = "a=%C3%BC%20%F0%9F%A6%80&b=%20%22%3C%3E";
    assert_eq!(source.get("url").await, format!("{}{path}?{encoded}#%C3%A4", page.server().origin()));
    assert_eq!(page.server().requests(&path)[0].query, encoded);
}

/// > constructor(USVString url, optional EventSourceInit eventSourceInitDict = {});
async fn any_value_is_taken_as_a_string(page: &Page) {
    for path in ["/a", "/5", "/null", "/undefined", "/text", "/%EF%BF%BD"] {
        page.server().script(path, [Answer::status(204)]);
    }
    let urls = page
        .run_async(
            "return [new URL('/a?b', location), 5, null, undefined, { toString: () => 'text' }, '/\\uD800'].map((url) => {
               const source = make(url);
               source.close();
               return source.url.slice(location.origin.length);
             });",
        )
        .await;
    assert_eq!(urls, json!(["/a?b", "/5", "/null", "/undefined", "/text", "/%EF%BF%BD"]));
}

/// > The url attribute's getter must return the serialization of this EventSource object's url.
async fn the_url_stays_after_a_redirect(page: &Page) {
    let target = page.other_path("target");
    page.script([Answer::redirect(307, &target)]);
    page.server().script(&target, [stream()]);
    let source = page.open().await;
    source.fires(json!([["open", 1]])).await;
    assert_eq!(source.get("url").await, page.server().url(&page.path()));
}

/// > The withCredentials attribute must return the value to which it was last initialized. When the object is created, it
/// > must be initialized to false.
async fn with_credentials_is_false_unless_it_was_said(page: &Page) {
    page.script((0..7).map(|_| stream()));
    let values = page
        .run_async(
            "return [undefined, {}, { withCredentials: false }, { withCredentials: true }, { withCredentials: 1 },
                     { withCredentials: 'no' }, { withCredentials: null }].map((init) => {
               const source = make(path, init);
               source.close();
               return source.withCredentials;
             });",
        )
        .await;
    assert_eq!(values, json!([false, false, false, true, true, true, false]));
}

/// > When the object is created, its readyState must be set to CONNECTING (0).
async fn ready_state_is_connecting_when_the_object_is_created(page: &Page) {
    let gate = Gate::new();
    page.script([Answer::raw("HTTP/1.1 200 OK\r\n").wait(&gate).piece("Content-Type: text/event-stream\r\n\r\n:\n")]);
    let closed = page.other_path("closed");
    page.server().script(&closed, [stream()]);
    let at_first =
        format!("const source = make('{closed}'); const state = source.readyState; source.close(); return state");
    assert_eq!(page.run(&at_first).await, 0);
    let source = page.open().await;
    page.server().requested(&page.path(), 1).await;
    assert_eq!(source.get("readyState").await, 0);
    gate.open();
    source.fires(json!([["open", 1]])).await;
    assert_eq!(source.get("readyState").await, 1);
}

/// > The close() method must abort any instances of the fetch algorithm started for this EventSource object, and must set
/// > the readyState attribute to CLOSED.
async fn close_sets_closed_at_once_and_fires_nothing(page: &Page) {
    page.script([stream()]);
    let source = page.open().await;
    source.fires(json!([["open", 1]])).await;
    assert_eq!(source.get("close()").await, Value::Null);
    assert_eq!(source.get("readyState").await, 2);
    source.close().await;
    page.others_have_reconnected().await;
    assert_eq!(source.get("readyState").await, 2);
    source.fires(json!([["open", 1]])).await;
}

/// > The close() method must abort any instances of the fetch algorithm started for this EventSource object.
async fn close_aborts_the_fetch(page: &Page) {
    page.script([stream().piece("data: a\n\n")]);
    let source = page.open().await;
    source.fires(json!([["open", 1], ["message", "a", ""]])).await;
    source.close().await;
    page.server().aborted(&page.path()).await;
}

/// > The close() method must abort any instances of the fetch algorithm started for this EventSource object.
async fn close_before_the_answer_aborts_the_fetch(page: &Page) {
    page.script([Answer::raw("HTTP/1.1 200 OK\r\n")]);
    let source = page.open().await;
    page.server().requested(&page.path(), 1).await;
    source.close().await;
    page.server().aborted(&page.path()).await;
    source.fires(json!([])).await;
}

/// > Queue a task which, if the readyState attribute is set to a value other than CLOSED, sets the readyState attribute to
/// > OPEN and fires an event named open at the EventSource object.
async fn after_close_nothing_is_fired(page: &Page) {
    let gate = Gate::new();
    let blocks = page.other_path("blocks");
    page.script([stream().wait(&gate).piece("data: a\n\n").end()]);
    page.server().script(&blocks, [Answer::status(204)]);
    let source = page.open().await;
    source.fires(json!([["open", 1]])).await;
    // The page stands still while the message comes, and closes in the same breath.
    let close = format!(
        "fetch('{blocks}');
         for (const end = performance.now() + 300; performance.now() < end; );
         sources['{}#0'].close();",
        &page.path()[1..]
    );
    let send = async {
        page.server().requested(&blocks, 1).await;
        gate.open();
    };
    tokio::join!(page.run(&close), send);
    page.others_have_reconnected().await;
    source.fires(json!([["open", 1]])).await;

    let name = format!("{}#at-once", &page.path()[1..]);
    let at_once = page.other_path("at-once");
    page.server().script(&at_once, [stream().piece("data: a\n\n")]);
    let watch =
        format!("watch('{name}', '{at_once}', undefined, ['open', 'error', 'message']); sources['{name}'].close()");
    page.run(&watch).await;
    page.others_have_reconnected().await;
    assert_eq!(page.run(&format!("return logs['{name}']")).await, json!([]));
}

/// > Queue a task which, if the readyState attribute is set to a value other than CLOSED, dispatches the newly created event
/// > at the EventSource object.
async fn close_among_events_of_one_chunk_keeps_the_rest_back(page: &Page) {
    let gate = Gate::new();
    page.script([stream().wait(&gate).piece("data: a\n\ndata: b\n\ndata: c\n\n")]);
    let source = page.open().await;
    source.fires(json!([["open", 1]])).await;
    let name = format!("{}#0", &page.path()[1..]);
    page.run(&format!("sources['{name}'].onmessage = ({{ data, target }}) => data === 'b' && target.close()")).await;
    gate.open();
    page.server().aborted(&page.path()).await;
    page.others_have_reconnected().await;
    source.fires(json!([["open", 1], ["message", "a", ""], ["message", "b", ""]])).await;
}

/// > The following are the event handlers that must be supported, as event handler IDL attributes: onopen, onmessage,
/// > onerror.
async fn event_handlers_are_null_until_they_are_set(page: &Page) {
    page.script([stream()]);
    let values = page
        .run_async(
            "const source = make(path);
             source.close();
             return ['onopen', 'onmessage', 'onerror'].map((name) => {
               const values = [source[name]];
               const handler = () => {};
               const object = { handleEvent() {} };
               for (const value of [handler, object, 5, handler, null, handler, undefined]) {
                 source[name] = value;
                 values.push(source[name] === handler ? 'handler' : source[name] === object ? 'object' : source[name]);
               }
               return values;
             });",
        )
        .await;
    let each = json!([null, "handler", "object", null, "handler", null, "handler", null]);
    assert_eq!(values, json!([each, each, each]));
}

/// HTML, 8.1.8.1: > An event handler's listener is registered when the handler is first set, and keeps its place.
async fn event_handlers_take_turns_with_listeners(page: &Page) {
    page.script([stream()]);
    let heard = page
        .run_async(
            "const source = make(path);
             const heard = [];
             source.addEventListener('message', () => heard.push('listener 1'));
             source.onmessage = () => heard.push('replaced');
             source.addEventListener('message', () => heard.push('listener 2'));
             source.onmessage = function (event) { heard.push('handler', this === source && event.target === source) };
             source.dispatchEvent(new MessageEvent('message'));
             source.onmessage = null;
             source.dispatchEvent(new MessageEvent('message'));
             source.close();
             return heard;",
        )
        .await;
    assert_eq!(heard, json!(["listener 1", "handler", true, "listener 2", "listener 1", "listener 2"]));
    let path = page.other_path("real");
    page.server().script(&path, [stream().piece("retry: 1\ndata: a\n\n").end(), stream()]);
    page.run(&format!(
        "const source = (sources['{}#real'] = make('{path}'));
         window.handled = [];
         for (const name of ['onopen', 'onmessage', 'onerror']) source[name] = ({{ type }}) => handled.push(name, type);",
        &page.path()[1..]
    ))
    .await;
    let expected = json!(["onopen", "open", "onmessage", "message", "onerror", "error", "onopen", "open"]);
    page.eventually("the handlers to be called", "handled", |handled| *handled == expected).await;
}

/// HTML, 8.1.8.1: > [LegacyTreatNonObjectAsNull] callback EventHandlerNonNull = any (Event event);
async fn a_handler_that_is_no_function_is_not_called(page: &Page) {
    page.script([stream()]);
    let called = page
        .run_async(
            "const source = make(path);
             let called = false;
             source.onmessage = { handleEvent() { called = true; } };
             source.dispatchEvent(new MessageEvent('message'));
             source.close();
             return called;",
        )
        .await;
    assert_eq!(called, false);
}

/// DOM, 2.7: the `once` and `signal` of AddEventListenerOptions, callback interfaces, one listener for each callback.
async fn listeners_follow_the_rules_of_event_target(page: &Page) {
    let gate = Gate::new();
    let stream = stream().wait(&gate).piece("data: 1\n\n").piece("data: 2\n\nevent: end\ndata: 3\n\n");
    page.script([stream]);
    let heard = page
        .run_async(
            "const source = (sources[path.slice(1) + '#'] = make(path));
             const heard = (window.heardOfListeners = []);
             const hear = (name) => ({ data }) => heard.push(name + data);
             const object = { handleEvent({ data }) { heard.push('object' + data + (this === object)); } };
             const twice = hear('twice');
             const removed = hear('removed');
             const controller = new AbortController();
             source.addEventListener('message', hear('once'), { once: true });
             source.addEventListener('message', object);
             source.addEventListener('message', twice);
             source.addEventListener('message', twice);
             source.addEventListener('message', removed);
             source.removeEventListener('message', removed);
             source.addEventListener('message', hear('aborted'), { signal: controller.signal });
             source.addEventListener('message', ({ data }) => data === '1' && controller.abort());
             source.addEventListener('end', hear('end'));
             source.addEventListener('END', hear('END'));
             source.addEventListener('message', null);
             await next(source, 'open');
             return heard;",
        )
        .await;
    assert_eq!(heard, json!([]));
    gate.open();
    let expected = json!(["once1", "object1true", "twice1", "aborted1", "object2true", "twice2", "end3"]);
    page.eventually("the listeners to be called", "heardOfListeners", |heard| *heard == expected).await;
}

/// DOM, 2.10: > If this throws an exception exception, then report exception.
async fn a_listener_that_throws_keeps_no_other_from_its_event(page: &Page) {
    let gate = Gate::new();
    page.script([stream().wait(&gate).piece("data: a\n\ndata: b\n\n")]);
    let source = page.open().await;
    source.fires(json!([["open", 1]])).await;
    let name = format!("{}#0", &page.path()[1..]);
    let script = format!(
        "window.reported = [];
         const source = sources['{name}'];
         window.addEventListener('error', (event) => {{ event.preventDefault(); reported.push(event.error.message); }});
         source.onmessage = () => {{ throw new Error('thrown by a handler'); }};
         source.addEventListener('message', ({{ data }}) => logs['{name}'].push(data));"
    );
    // As a script of the page: errors of others are not told to it.
    page.add_script(&script).await;
    gate.open();
    source.fires(json!([["open", 1], ["message", "a", ""], "a", ["message", "b", ""], "b"])).await;
    let reported = page.run("return reported").await;
    assert_eq!(reported, json!(["thrown by a handler", "thrown by a handler"]));
}

/// DOM, 2.10: > To fire an event named e at target: its bubbles and cancelable attributes are false.
async fn open_and_error_are_plain_events(page: &Page) {
    page.script([stream().piece("retry: 1\n").end(), stream()]);
    let kinds = page
        .run_async(
            "const source = (sources[path.slice(1) + '#'] = make(path));
             const kind = (event) => [event.type, Object.prototype.toString.call(event), event.bubbles, event.cancelable,
                                      event.target === source];
             return [kind(await next(source, 'open')), kind(await next(source, 'error'))];",
        )
        .await;
    let kind = |name| json!([name, "[object Event]", false, false, true]);
    assert_eq!(kinds, json!([kind("open"), kind("error")]));
}

/// WebIDL, 3.7.1: > the new object's prototype is that of NewTarget.
async fn the_class_can_be_extended(page: &Page) {
    page.script([stream().piece("data: a\n\n")]);
    let told = page
        .run_async(
            "class Extended extends Subject {
               last() { return [this.readyState, this instanceof Extended, this instanceof Subject, super.url === this.url]; }
             }
             const source = (sources[path.slice(1) + '#'] = new Extended(path, extra));
             const { data } = await next(source, 'message');
             return [data, source.last()];",
        )
        .await;
    assert_eq!(told, json!(["a", [1, true, true, true]]));
}

/// > [Exposed=(Window,Worker)]
async fn workers_have_the_class_too(page: &Page) {
    page.script([stream().piece("data: a\n\n")]);
    let url = page.server().url(&page.path());
    let script = page
        .subject()
        .script()
        .replace("window.", "self.")
        .replace("'/media", &format!("'{}/media", page.server().origin()));
    let script = format!(
        "(async () => {{
           {script}
           const source = extra ? new Subject('{url}', extra) : new Subject('{url}');
           source.onmessage = ({{ data, origin }}) => {{ source.close(); postMessage([data, origin, source.url]); }};
         }})()"
    );
    let told = page
        .run_async(&format!(
            "const address = URL.createObjectURL(new Blob([{}], {{ type: 'text/javascript' }}));
             const worker = new Worker(address, {{ type: 'module' }});
             const {{ data }} = await next(worker, 'message');
             worker.terminate();
             return data;",
            json!(script)
        ))
        .await;
    assert_eq!(told, json!(["a", page.server().origin(), url]));
}
