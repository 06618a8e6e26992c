//! Characters that browsers and proxies change or lose unless they are escaped.

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming, messages},
    web_socket::WebSocket,
    wire::Ask,
};

/// The code points that a server escapes, from U+00FF up; those below U+0020 JSON escapes in any case.
const ESCAPED: [(u32, u32); 4] = [(0x200c, 0x200f), (0x2028, 0x202f), (0x2060, 0x206f), (0xfff0, 0xffff)];

fn escaped() -> impl Iterator<Item = u32> {
    ESCAPED.into_iter().flat_map(|(first, last)| first..=last)
}

#[tokio::test]
async fn every_character_that_the_protocol_names_is_escaped_in_lower_case() {
    let app = SockjsApp::start().await;
    let text: String = escaped().map(|code| char::from_u32(code).unwrap()).collect();
    let expected = escaped().map(|code| format!("\\u{code:04x}")).collect::<String>();
    let session = Session::open(&app, "echo").await;
    session.send(&format!("[\"{text}\"]")).await;
    assert_eq!(session.poll().await, format!("a[\"{expected}\"]\n"));
    for kind in Streaming::ALL {
        let mut stream = session.begin_stream(kind).await;
        session.send(&format!("[\"{text}\"]")).await;
        stream.says(&format!("a[\"{expected}\"]")).await;
        // The answer that ends by its limit lets the next one begin.
        session.send(&format!("[\"{}\"]", "x".repeat(4_096))).await;
        stream.messages().await;
        stream.ends().await;
    }
    let mut socket = WebSocket::open(&app, "/echo/000/escaping/websocket").await;
    socket.send(&format!("[\"{text}\"]")).await;
    socket.says(&format!("a[\"{expected}\"]")).await;
}

#[tokio::test]
async fn control_characters_are_escaped() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let escaped: String = (0..0x20).map(|code| format!("\\u{code:04x}")).collect();
    session.send(&format!("[\"{escaped}\"]")).await;
    let frame = session.poll().await;
    assert!(frame.trim_end_matches('\n').chars().all(|char| char >= ' '), "{frame:?}");
    assert_eq!(messages(&frame), [(0..0x20_u8).map(char::from).collect::<String>()]);
}

/// Clients escape a long list of characters, other than those that servers escape: so all of them are tried.
#[tokio::test]
async fn every_character_comes_back_as_it_was_sent_escaped_or_not() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let all: Vec<char> = (0..0x1_0000).filter_map(char::from_u32).chain(['\u{10000}', '🦀', '\u{10ffff}']).collect();
    for block in all.chunks(4_096) {
        let text: String = block.iter().collect();
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        session.send(&format!("[\"{escaped}\",{}]", serde_json::to_string(&text).unwrap())).await;
        let frame = session.poll().await;
        assert_eq!(messages(&frame), [text.as_str(), text.as_str()]);
        assert!(!frame.chars().any(escaped_by_server));
    }
}

fn escaped_by_server(char: char) -> bool {
    char != '\n' && char < ' ' || ESCAPED.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(char)))
}

#[tokio::test]
async fn half_of_a_surrogate_pair_comes_back_escaped() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    for lone in [r"\ud800", r"\udfff", r"a\udc00\ud800b", r"\ud83d"] {
        session.send(&format!("[\"{lone}\"]")).await;
        assert_eq!(session.poll().await, format!("a[\"{lone}\"]\n"));
    }
    session.send(r#"["\ud83e\udd80","\uD83E\uDD80"]"#).await;
    assert_eq!(messages(&session.poll().await), ["🦀", "🦀"]);
}

#[tokio::test]
async fn a_body_in_utf_8_may_be_cut_anywhere() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let ask = Ask::post(session.path("xhr_send")).body("[\"н🦀\"]");
    let bytes = ask.bytes(&app);
    let mut wire = crate::wire::Wire::open(&app).await;
    for byte in bytes {
        wire.send([byte]).await;
    }
    assert_eq!(wire.head().await.status, 204);
    assert_eq!(messages(&session.poll().await), ["н🦀"]);
}
