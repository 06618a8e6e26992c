//! What the services of topics hear, and what they can do with their subscribers.

use crate::{
    conversation::{Session, messages},
    recorder::Recorder,
    web_socket::{Heard, WebSocket},
};

/// The messages of the next frames, as many as expected.
async fn hears(socket: &mut WebSocket, expected: &[&str]) {
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        let Heard::Text(frame) = socket.next().await else { panic!("the end after {heard:?}") };
        heard.extend(messages(&frame));
    }
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn each_subscription_keeps_its_own_state_until_it_ends() {
    let app = Recorder::start().await;
    let mut socket = WebSocket::open(&app, "/topics/000/a/websocket").await;
    socket.send(r#"["sub,ann","sub,bob","msg,ann,x","msg,ann,x","msg,bob,x"]"#).await;
    hears(&mut socket, &["msg,ann,1", "msg,ann,2", "msg,bob,1"]).await;
    socket.send(r#"["uns,ann","sub,ann","msg,ann,x","msg,bob,x"]"#).await;
    hears(&mut socket, &["msg,ann,1", "msg,bob,2"]).await;
}

#[tokio::test]
async fn a_broadcast_reaches_the_topic_on_every_connection() {
    let app = Recorder::start().await;
    let mut one = WebSocket::open(&app, "/topics/000/a/websocket").await;
    let mut other = WebSocket::open(&app, "/topics/000/b/websocket").await;
    for socket in [&mut one, &mut other] {
        socket.send(r#"["sub,ann","msg,ann,x"]"#).await;
        hears(socket, &["msg,ann,1"]).await;
    }
    one.send(r#"["msg,ann,all hello, you"]"#).await;
    for socket in [&mut one, &mut other] {
        hears(socket, &["msg,ann,hello, you"]).await;
    }
}

#[tokio::test]
async fn a_topic_hears_once_that_a_subscription_is_over_whoever_ended_it() {
    let app = Recorder::start().await;
    let session = Session::open(&app, "topics").await;
    session.send(r#"["sub,ann","sub,ann","uns,ann","uns,ann"]"#).await;
    let mut lines = vec!["ann subscribed", "ann unsubscribed"];
    assert_eq!(app.lines("topics", &session.id()).await, lines);
    session.send(r#"["sub,ann","msg,ann,end","msg,ann,unheard","sub,bob"]"#).await;
    lines.extend(["ann subscribed", "ann unsubscribed", "bob subscribed"]);
    assert_eq!(app.lines("topics", &session.id()).await, lines);
    assert_eq!(session.poll().await, "a[\"uns,ann\"]\n", "the client hears it of the service's own end");
    session.send(r#"["sub,ann"]"#).await;
    lines.push("ann subscribed");
    // The client goes.
    lines.extend(["ann unsubscribed", "bob unsubscribed"]);
    app.has_lines("topics", &session.id(), &lines).await;
}
