//! What a service hears of its connections, and what it can do with them.

use std::time::Duration;

use harness::eventually;
use serde_json::{Value, json};

use crate::{
    conversation::{Session, Streaming, messages},
    recorder::Recorder,
    web_socket::{Heard, WebSocket},
    wire::Ask,
};

const LIFE: [&str; 4] = ["made", "received a", "received b", "lost after 2"];

#[tokio::test]
async fn a_service_hears_of_each_connection_once_and_in_order_over_each_transport() {
    let app = Recorder::start().await;
    let polled = Session::open(&app, "plain").await;
    polled.send(r#"["a","b"]"#).await;
    app.has_lines("plain", &polled.id(), &LIFE).await;
    for kind in Streaming::ALL {
        // That a client has gone is noticed with the next heartbeat.
        let session = Session::of(&app, "beating");
        let mut stream = session.begin_stream(kind).await;
        stream.says_all(&["o"]).await;
        session.send(r#"["a"]"#).await;
        session.send(r#"["b"]"#).await;
        assert_eq!(
            app.lines("beating", &session.id()).await,
            LIFE[..3],
            "a send is answered when the service has heard it"
        );
        drop(stream);
        app.has_lines("beating", &session.id(), &LIFE).await;
    }
    let mut socket = WebSocket::open(&app, "/plain/000/a/websocket").await;
    socket.send(r#"["id","b"]"#).await;
    let Heard::Text(frame) = socket.next().await else { panic!("no id") };
    let id = messages(&frame).remove(0);
    socket.close(1000, "").await;
    app.has_lines("plain", &id, &["made", "received id", "received b", "lost after 2"]).await;
    let mut raw = WebSocket::connect(&app, "/plain/websocket").await;
    raw.send("id").await;
    let Heard::Text(id) = raw.next().await else { panic!("no id") };
    raw.close(1000, "").await;
    app.has_lines("plain", &id, &["made", "received id", "lost after 1"]).await;
}

#[tokio::test]
async fn a_connection_that_is_refused_gets_its_code_and_its_reason() {
    let app = Recorder::start().await;
    let refused = r#"c[4001,"Not you"]"#;
    let session = Session::of(&app, "plain");
    assert_eq!(Ask::post(session.path("xhr?refuse")).reply(&app).await.body, "o\n");
    for _ in 0..2 {
        assert_eq!(session.poll().await, format!("{refused}\n"));
    }
    let unheard = Ask::post(session.path("xhr_send")).body("[\"a\"]").reply(&app).await;
    assert_eq!(unheard.head.status, 204);
    app.has_lines("plain", &session.id(), &["made", "lost after 0"]).await;

    let mut socket = WebSocket::open(&app, "/plain/000/a/websocket?refuse").await;
    socket.says(refused).await;
    socket.ends().await;
    let mut raw = WebSocket::connect(&app, "/plain/websocket?refuse").await;
    assert_eq!(raw.next().await, Heard::Closed(Some((4_001, "Not you".to_owned()))));
}

#[tokio::test]
async fn the_info_is_what_the_first_request_was_and_holds_no_secret_headers() {
    let app = Recorder::start().await;
    let session = Session::of(&app, "plain");
    let opening = Ask::post(session.path("xhr?a=%20b&c"))
        .header("CF-Connecting-IP", "192.0.2.1")
        .header("User-Agent", "a test")
        .header("X-Forwarded-For", "198.51.100.7")
        .header("Authorization", "Bearer secret")
        .header("Cookie", "one=1; two=a=b");
    assert_eq!(opening.reply(&app).await.body, "o\n");
    let from = |ask: Ask| ask.header("CF-Connecting-IP", "192.0.2.1");
    let sent = from(Ask::post(session.path("xhr_send?later")).header("User-Agent", "another")).body("[\"info\"]");
    assert_eq!(sent.reply(&app).await.head.status, 204);
    let answer = from(Ask::post(session.path("xhr"))).reply(&app).await.body;
    let info: Value = serde_json::from_str(&messages(&answer)[0]).unwrap();
    let expected = json!({
        "address": "192.0.2.1",
        "path": session.path("xhr"),
        "query": "a=%20b&c",
        "headers": { "user-agent": "a test", "x-forwarded-for": "198.51.100.7" },
        "cookies": { "one": "1", "two": "a=b" },
    });
    assert_eq!(info, expected);
}

#[tokio::test]
async fn a_session_belongs_to_the_address_that_opened_it_unless_the_service_says_otherwise() {
    let app = Recorder::start().await;
    for (service, is_checked) in [("plain", true), ("anywhere", false)] {
        let session = Session::of(&app, service);
        let ask =
            |transport: &str, address: &str| Ask::post(session.path(transport)).header("CF-Connecting-IP", address);
        assert_eq!(ask("xhr", "192.0.2.1").reply(&app).await.body, "o\n");
        let sent = ask("xhr_send", "192.0.2.2").body("[\"all x\"]").reply(&app).await;
        assert_eq!(sent.head.status, if is_checked { 404 } else { 204 });
        let polled = ask("xhr", "192.0.2.2").reply(&app).await.body;
        let stranger = "c[2010,\"Attempted to connect to session from different IP\"]\n";
        assert_eq!(polled, if is_checked { stranger } else { "a[\"x\"]\n" });
        // Whose session it is has it as before.
        let sent = ask("xhr_send", "192.0.2.1").body("[\"all y\"]").reply(&app).await;
        assert_eq!(sent.head.status, 204);
        assert_eq!(ask("xhr", "192.0.2.1").reply(&app).await.body, "a[\"y\"]\n");
    }
}

#[tokio::test]
async fn a_broadcast_to_some_reaches_them_and_nobody_else() {
    let app = Recorder::start().await;
    let (one, other, third) =
        (Session::open(&app, "plain").await, Session::open(&app, "plain").await, Session::open(&app, "plain").await);
    for session in [&one, &other, &third] {
        // The service has entered it into the list of all by then.
        app.has_lines("plain", &session.id(), &["made"]).await;
    }
    let to = format!("{},{},/plain/nobody", one.id(), third.id());
    other.send(&json!([format!("only {to} to two")]).to_string()).await;
    other.send(r#"["all to all"]"#).await;
    for session in [&one, &third] {
        assert_eq!(session.poll().await, "a[\"to two\",\"to all\"]\n");
    }
    assert_eq!(other.poll().await, "a[\"to all\"]\n");
}

#[tokio::test]
async fn what_the_app_tells_a_connection_is_heard_by_its_service_alone() {
    let app = Recorder::start().await;
    let (one, other) = (Session::open(&app, "plain").await, Session::open(&app, "plain").await);
    let tell = async |id: &str| Ask::post("/tell").body(format!("{id} the news")).reply(&app).await.head.status;
    assert_eq!(tell(&one.id()).await, 200);
    assert_eq!(one.poll().await, "a[\"the news\"]\n");
    app.has_lines("plain", &one.id(), &["made", "told the news"]).await;
    app.has_lines("plain", &other.id(), &["made"]).await;
    assert_eq!(tell("/plain/nobody").await, 503, "there is no such connection");
}

#[tokio::test]
async fn what_is_sent_after_a_close_reaches_nobody() {
    let app = Recorder::start().await;
    let session = Session::open(&app, "plain").await;
    session.send(r#"["all before","close 3456 enough","unheard"]"#).await;
    assert_eq!(session.poll().await, "a[\"before\"]\n");
    assert_eq!(session.poll().await, "c[3456,\"enough\"]\n");
    app.has_lines(
        "plain",
        &session.id(),
        &["made", "received all before", "received close 3456 enough", "lost after 2"],
    )
    .await;
}

#[tokio::test]
async fn a_kill_of_the_runtime_loses_neither_what_is_kept_nor_the_end_of_a_connection() {
    let mut app = Recorder::start().await;
    let (polled, streamed) = {
        let polled = Session::open(&app, "plain").await;
        polled.send(r#"["a","b"]"#).await;
        let streamed = Session::of(&app, "plain");
        let mut stream = streamed.begin_stream(Streaming::EventSource).await;
        stream.says("o").await;
        // It is answered after all calls before it.
        streamed.send("[]").await;
        (polled.name().to_owned(), streamed.name().to_owned())
    };
    app.kill_and_restart().await;
    // Nobody asks for this one again.
    app.has_lines("plain", &format!("/plain/{polled}"), &LIFE).await;
    // The client of this one comes back, and hears that something may be lost.
    for _ in 0..2 {
        let answer = Ask::post(format!("/plain/000/{streamed}/xhr")).reply(&app).await.body;
        assert_eq!(answer, "c[1002,\"Connection interrupted\"]\n");
    }
    app.has_lines("plain", &format!("/plain/{streamed}"), &["made", "lost after 0"]).await;
    app.kill_and_restart().await;
    // Nothing is heard twice. By the time that a session that begins now is over, all alarms have rung.
    let clock = Session::open(&app, "plain").await;
    app.is_over(&clock).await;
    assert_eq!(app.lines("plain", &format!("/plain/{polled}")).await, LIFE);
    assert_eq!(app.lines("plain", &format!("/plain/{streamed}")).await, ["made", "lost after 0"]);
}

#[tokio::test]
async fn a_call_during_which_the_runtime_was_killed_is_made_again() {
    let mut app = Recorder::start().await;
    let id = {
        let session = Session::of(&app, "plain");
        assert_eq!(Ask::post(session.path("xhr?slow")).reply(&app).await.body, "o\n");
        app.has_lines("plain", &session.id(), &["slowly"]).await;
        session.id()
    };
    app.kill_and_restart().await;
    // Nobody comes back for it.
    app.has_lines("plain", &id, &["slowly", "slowly", "made", "losing", "lost after 0"]).await;

    let id = {
        let mut socket = WebSocket::open(&app, "/plain/000/a/websocket?slow").await;
        socket.send("[\"id\"]").await;
        let Heard::Text(frame) = socket.next().await else { panic!("no id") };
        socket.close(1000, "").await;
        messages(&frame).remove(0)
    };
    let until_lost = ["slowly", "made", "received id", "losing"];
    app.has_lines("plain", &id, &until_lost).await;
    app.kill_and_restart().await;
    // Nothing else comes for this one: its alarm was set before the call.
    app.has_lines("plain", &id, &[&until_lost[..], &["losing", "lost after 1"]].concat()).await;
}

#[tokio::test]
async fn a_service_is_woken_at_its_time_also_after_the_runtime_was_killed() {
    let mut app = Recorder::start().await;
    let session = {
        let session = Session::open(&app, "patient").await;
        session.send(r#"["wake 1500","wake 1000"]"#).await;
        session.name().to_owned()
    };
    let id = format!("/patient/{session}");
    app.kill_and_restart().await;
    app.has_lines("patient", &id, &["made", "received wake 1500", "received wake 1000", "woken"]).await;
    let sent = Ask::post(format!("/patient/000/{session}/xhr_send")).body("[\"count\"]").reply(&app).await;
    assert_eq!(sent.head.status, 204);
    let answer = Ask::post(format!("/patient/000/{session}/xhr")).reply(&app).await.body;
    assert_eq!(answer, "a[\"2\"]\n", "what the service keeps is there too");
}

#[tokio::test]
async fn a_call_that_panics_each_time_is_given_up_and_others_go_on() {
    let app = Recorder::start().await;
    let mut other = WebSocket::open(&app, "/plain/000/a/websocket").await;
    let session = Session::of(&app, "plain");
    // A request during which a panic comes may be cut, or never answered.
    let client = reqwest::Client::builder().timeout(Duration::from_secs(1)).build().unwrap();
    let post = async |transport: &str| {
        let answer = client.post(app.url(&session.path(transport))).body("[]").send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    };
    post("xhr?panic").await;
    app.has_lines("plain", &session.id(), &["panics"]).await;
    let send = async || post("xhr_send").await;
    eventually("the session to be given up", send, |status| *status == Some(204)).await;
    assert_eq!(app.lines("plain", &session.id()).await, ["panics"; 4]);
    assert_eq!(session.poll().await, "c[1011,\"The service failed\"]\n");
    other.send("[\"all well\"]").await;
    other.says("a[\"well\"]").await;
}
