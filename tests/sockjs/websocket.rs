//! `/websocket` of a session.

use harness::SockjsApp;

use crate::{
    conversation::Session,
    web_socket::{Heard, WebSocket},
    wire::{Ask, Wire},
};

/// A key, and the answer that RFC 6455 has for it.
const KEY: (&str, &str) = ("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");

/// What a browser asks with.
fn handshake(path: &str, connection: &str) -> Ask {
    Ask::get(path)
        .header("Upgrade", "websocket")
        .header("Connection", connection)
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", KEY.0)
        .header("Origin", "http://asd")
}

#[tokio::test]
async fn a_plain_get_is_a_bad_request() {
    let app = SockjsApp::start().await;
    for path in ["/echo/0/0/websocket", "/echo/websocket"] {
        let reply = Ask::get(path).reply(&app).await;
        let answer = (reply.head.status, reply.body.as_str());
        assert_eq!(answer, (400, "Can \"Upgrade\" only to \"WebSocket\"."), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn a_connection_header_that_a_proxy_has_rewritten_is_a_bad_request() {
    let app = SockjsApp::start().await;
    let ask = Ask::get("/echo/0/0/websocket").header("Upgrade", "WebSocket").header("Connection", "close");
    let reply = ask.reply(&app).await;
    assert_eq!((reply.head.status, reply.body.as_str()), (400, "\"Connection\" must be \"Upgrade\"."));
}

/// The runtime does not speak them, and answers in place of the server.
#[tokio::test]
async fn the_drafts_before_the_standard_are_answered_with_an_error() {
    let app = SockjsApp::start().await;
    let draft = |version: &str| {
        let ask = Ask::get("/echo/0/0/websocket").header("Upgrade", "websocket").header("Connection", "Upgrade");
        ask.header("Sec-WebSocket-Version", version).header("Sec-WebSocket-Key", KEY.0)
    };
    // hybi-07, hybi-10; hixie-76 has no version.
    let hixie = Ask::get("/echo/0/0/websocket")
        .header("Upgrade", "WebSocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Key1", "18x 6]8vM;54 *(5:  {   U1]8  z [  8")
        .header("Sec-WebSocket-Key2", "1_ tx7X d  <  nw  334J702) 7]o}` 0");
    for ask in [draft("7"), draft("8"), hixie] {
        let reply = ask.reply(&app).await;
        assert_eq!((reply.head.status, reply.head.header("sec-websocket-version")), (426, Some("13")), "{reply:?}");
    }
    WebSocket::open(&app, "/echo/0/0/websocket").await;
}

#[tokio::test]
async fn only_get_is_allowed_with_and_without_upgrade() {
    let app = SockjsApp::start().await;
    for path in ["/echo/0/0/websocket", "/echo/websocket"] {
        let ask = Ask::post(path);
        ask.reply(&app).await.is_not_allowed();
        ask.header("Upgrade", "WebSocket").header("Connection", "Upgrade").reply(&app).await.is_not_allowed();
    }
}

#[tokio::test]
async fn the_handshake_is_that_of_the_rfc() {
    let app = SockjsApp::start().await;
    // What Firefox says is the second.
    for connection in ["Upgrade", "keep-alive, Upgrade", "upgrade"] {
        for path in ["/echo/000/handshake/websocket", "/echo/websocket"] {
            let (head, mut wire) = handshake(path, connection).begin(&app).await;
            assert_eq!(head.status, 101, "{connection}");
            assert!(head.is("connection", "upgrade") && head.is("upgrade", "websocket"), "{head:?}");
            assert_eq!(head.header("sec-websocket-accept"), Some(KEY.1));
            assert_eq!((head.header("content-length"), head.header("transfer-encoding")), (None, None));
            if path != "/echo/websocket" {
                // A text frame of one byte, unmasked: the open frame.
                assert_eq!(wire.bytes(3).await[1..], *b"\x01o");
            }
        }
    }
}

#[tokio::test]
async fn messages_are_echoed_after_the_open_frame() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let mut socket = WebSocket::open(&app, &session.path("websocket")).await;
    socket.send(r#"["a"]"#).await;
    socket.says(r#"a["a"]"#).await;
    socket.send(r#"["b","н 🦀"]"#).await;
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let Heard::Text(frame) = socket.next().await else { panic!("closed") };
        heard.extend(crate::conversation::messages(&frame));
    }
    assert_eq!(heard, ["b", "н 🦀"]);
}

#[tokio::test]
async fn a_frame_may_be_one_message_without_an_array() {
    let app = SockjsApp::start().await;
    let mut socket = WebSocket::open(&app, "/echo/000/single/websocket").await;
    socket.send(r#""a""#).await;
    socket.says(r#"a["a"]"#).await;
}

#[tokio::test]
async fn frames_without_messages_are_ignored() {
    let app = SockjsApp::start().await;
    let mut socket = WebSocket::open(&app, "/echo/000/empty/websocket").await;
    socket.send("").await;
    socket.send("[]").await;
    socket.send(r#"["a"]"#).await;
    socket.says(r#"a["a"]"#).await;
}

#[tokio::test]
async fn a_session_that_the_service_closes_ends_the_connection_after_the_close_frame() {
    let app = SockjsApp::start().await;
    let mut socket = WebSocket::open(&app, "/close/000/closed/websocket").await;
    socket.says("c[3000,\"Go away!\"]").await;
    socket.ends().await;
}

#[tokio::test]
async fn connections_may_share_the_id_of_a_session_at_once_and_later() {
    let app = SockjsApp::start().await;
    let path = "/echo/000/shared/websocket";
    let mut first = WebSocket::open(&app, path).await;
    let mut second = WebSocket::open(&app, path).await;
    first.send(r#"["a"]"#).await;
    first.says(r#"a["a"]"#).await;
    second.send(r#"["b"]"#).await;
    second.says(r#"a["b"]"#).await;
    first.send(r#"["c"]"#).await;
    first.says(r#"a["c"]"#).await;
    first.close(1000, "").await;
    second.close(1000, "").await;
    let mut third = WebSocket::open(&app, path).await;
    third.send(r#"["d"]"#).await;
    third.says(r#"a["d"]"#).await;
    // Polling has sessions of its own.
    assert_eq!(Ask::post("/echo/000/shared/xhr").reply(&app).await.body, "o\n");
}

#[tokio::test]
async fn what_is_no_json_ends_the_connection_and_no_other() {
    let app = SockjsApp::start().await;
    let mut other = WebSocket::open(&app, "/echo/000/other/websocket").await;
    for broken in [r#"["a"#, "x", "{", r#"["a",]"#] {
        let mut socket = WebSocket::open(&app, "/echo/000/broken/websocket").await;
        socket.send(broken).await;
        socket.ends().await;
    }
    other.send(r#"["a"]"#).await;
    other.says(r#"a["a"]"#).await;
}

#[tokio::test]
async fn many_messages_keep_their_order() {
    let app = SockjsApp::start().await;
    let mut socket = WebSocket::open(&app, "/echo/000/order/websocket").await;
    for number in 0..1_000 {
        socket.send(&format!("[\"{number}\"]")).await;
    }
    let mut heard = Vec::new();
    while heard.len() < 1_000 {
        let Heard::Text(frame) = socket.next().await else { panic!("closed after {}", heard.len()) };
        heard.extend(crate::conversation::messages(&frame));
    }
    assert_eq!(heard, (0..1_000).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_close_of_the_client_is_answered() {
    let app = SockjsApp::start().await;
    for path in ["/echo/000/leaving/websocket", "/echo/websocket"] {
        let mut socket = WebSocket::connect(&app, path).await;
        socket.close(1000, "bye").await;
        loop {
            match socket.next().await {
                Heard::Text(_) => {}
                Heard::Closed(frame) => {
                    assert!(frame.is_none_or(|(code, _)| code == 1000 || code == 1005));
                    break;
                }
                Heard::Cut => panic!("{path}: no close frame"),
            }
        }
    }
}

#[tokio::test]
async fn a_service_without_websockets_has_none() {
    let app = SockjsApp::start().await;
    for path in ["/disabled_websocket_echo/000/a/websocket", "/disabled_websocket_echo/websocket"] {
        let (head, _) = handshake(path, "Upgrade").begin(&app).await;
        assert_eq!(head.status, 404, "{path}");
    }
    assert_eq!(Ask::post("/disabled_websocket_echo/000/a/xhr").reply(&app).await.body, "o\n");
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message() {
    let app = SockjsApp::start().await;
    let (head, mut wire) = handshake("/echo/000/fragments/websocket", "Upgrade").begin(&app).await;
    assert_eq!(head.status, 101);
    assert_eq!(wire.bytes(3).await[2], b'o');
    for frame in [frame(0x01, r#"["#), frame(0x00, r#""a"#), frame(0x80, r#""]"#)] {
        wire.send(frame).await;
    }
    assert_eq!(wire.bytes(8).await[2..], *br#"a["a"]"#);
}

#[tokio::test]
async fn a_frame_against_the_rfc_ends_its_connection_and_no_other() {
    let app = SockjsApp::start().await;
    let mut other = WebSocket::open(&app, "/echo/000/other/websocket").await;
    // Unmasked, of a reserved kind, with a reserved bit, and a continuation of nothing.
    for bad in [&b"\x81\x01x"[..], &frame(0x83, "x"), &frame(0xf1, "x"), &frame(0x80, "x")] {
        let (_, mut wire) = handshake("/echo/000/bad/websocket", "Upgrade").begin(&app).await;
        assert_eq!(wire.bytes(3).await[2], b'o');
        wire.send(bad).await;
        ended(&mut wire).await;
    }
    other.send(r#"["a"]"#).await;
    other.says(r#"a["a"]"#).await;
}

/// A masked frame; the mask is zero, which changes nothing.
fn frame(first_byte: u8, payload: &str) -> Vec<u8> {
    [&[first_byte, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload.as_bytes()].concat()
}

/// Waits for a close frame or the end of the connection.
async fn ended(wire: &mut Wire) {
    let first_byte = wire.next_frame().await;
    assert!(first_byte.is_none_or(|byte| byte == 0x88), "{first_byte:?}");
}
