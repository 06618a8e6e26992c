//! `/htmlfile`: one answer for many frames, for a page in a frame whose scripts call the page around it.

use harness::SockjsApp;

use crate::{
    conversation::{Session, Streaming},
    wire::Ask,
};

/// The page, in which `CALLBACK` is the client's word.
const PAGE: &str = r#"<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.CALLBACK;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>"#;

#[tokio::test]
async fn each_frame_is_one_script_and_one_chunk_after_a_long_page() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let (head, mut wire) = Ask::get(session.path("htmlfile?c=%63allback")).begin(&app).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.content_type().as_deref(), Some("text/html;charset=UTF-8"));
    assert!(head.is_chunked(), "{head:?}");
    head.is_not_cached();
    let page = wire.chunk().await.unwrap();
    assert_eq!(page.trim(), PAGE.replace("CALLBACK", "callback"));
    assert!(page.len() > 1_024, "{} bytes", page.len());
    assert_eq!(wire.chunk().await.as_deref(), Some("<script>\np(\"o\");\n</script>\r\n"));
    session.send("[\"x\"]").await;
    assert_eq!(wire.chunk().await.as_deref(), Some("<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n"));
}

#[tokio::test]
async fn a_message_cannot_end_the_script_that_carries_it() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let mut stream = session.begin_stream(Streaming::HtmlFile).await;
    stream.says("o").await;
    session.send(r#"["</script><script>alert(1)</script><!--"]"#).await;
    let chunk = stream.wire.chunk().await.unwrap();
    assert_eq!((chunk.matches("</script>").count(), chunk.matches("<!--").count()), (1, 0), "{chunk}");
    let script = chunk.strip_prefix("<script>\np(").and_then(|rest| rest.strip_suffix(");\n</script>\r\n")).unwrap();
    let frame: String = serde_json::from_str(script).unwrap();
    let messages: Vec<String> = serde_json::from_str(frame.strip_prefix('a').unwrap()).unwrap();
    assert_eq!(messages, ["</script><script>alert(1)</script><!--"]);
}

#[tokio::test]
async fn a_callback_is_required_and_is_a_plain_name() {
    let app = SockjsApp::start().await;
    for transport in ["htmlfile", "jsonp"] {
        let session = Session::of(&app, "echo");
        for query in ["", "?c=", "?d=callback", "?"] {
            let reply = Ask::get(session.path(transport) + query).reply(&app).await;
            reply.fails_with("\"callback\" parameter required");
        }
        for callback in ["%20", "*", "abc(", "abc%28", "a%2Bb", "%C3%A9", "a;b", "%00", "a%0Ab", "a'b", "%zz"] {
            let reply = Ask::get(session.path(transport) + "?c=" + callback).reply(&app).await;
            reply.fails_with("invalid \"callback\" parameter");
        }
        // Nothing has been opened.
        assert_eq!(session.poll().await, "o\n");
    }
}

#[tokio::test]
async fn a_callback_may_have_the_characters_that_clients_use() {
    let app = SockjsApp::start().await;
    for callback in ["_jp.a1b2C3", "a-b", "window.WPrefix._sockjs0"] {
        let session = Session::of(&app, "echo");
        let (head, mut wire) = Ask::get(session.path("htmlfile?c=") + callback).begin(&app).await;
        assert_eq!(head.status, 200, "{callback}");
        assert_eq!(wire.chunk().await.unwrap().trim(), PAGE.replace("CALLBACK", callback));
    }
}
