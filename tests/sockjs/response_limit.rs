//! The limit of an answer, after which a stream ends so that browsers can forget it: 4,096 bytes for `echo`.

use harness::SockjsApp;

use crate::conversation::{Session, Streaming};

#[tokio::test]
async fn many_short_frames_reach_the_limit_of_xhr_streaming() {
    let app = SockjsApp::start().await;
    let session = Session::of(&app, "echo");
    let mut stream = session.begin_stream(Streaming::Xhr).await;
    stream.says("o").await;
    let payload = format!("[\"{}\"]", "x".repeat(128));
    for _ in 0..31 {
        session.send(&payload).await;
        stream.says(&format!("a{payload}")).await;
    }
    stream.ends().await;
}

#[tokio::test]
async fn one_long_frame_is_sent_whole_and_ends_the_answer() {
    let app = SockjsApp::start().await;
    for kind in Streaming::ALL {
        let session = Session::of(&app, "echo");
        let mut stream = session.begin_stream(kind).await;
        stream.says("o").await;
        let payload = format!("[\"{}\"]", "x".repeat(4_096));
        session.send(&payload).await;
        stream.says(&format!("a{payload}")).await;
        stream.ends().await;
    }
}

#[tokio::test]
async fn the_limit_counts_frames_as_they_are_on_the_wire_without_the_prelude() {
    let app = SockjsApp::start().await;
    for kind in Streaming::ALL {
        let framing = kind.wrap("o").len() + kind.wrap(r#"a[""]"#).len();
        for (length, is_reached) in [(4_095 - framing, false), (4_096 - framing, true)] {
            let session = Session::of(&app, "echo");
            let mut stream = session.begin_stream(kind).await;
            stream.says("o").await;
            let payload = format!("[\"{}\"]", "x".repeat(length));
            session.send(&payload).await;
            stream.says(&format!("a{payload}")).await;
            if !is_reached {
                session.send("[\"y\"]").await;
                stream.says("a[\"y\"]").await;
            }
            stream.ends().await;
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_or_told_twice_where_one_answer_ends_and_the_next_begins() {
    let app = SockjsApp::start().await;
    for kind in Streaming::ALL {
        let session = Session::open(&app, "echo").await;
        let sending = async {
            for first in (0..200).step_by(4) {
                let texts = (first..first + 4).map(|number| format!("\"{number} {}\"", "x".repeat(100)));
                session.send(&format!("[{}]", texts.collect::<Vec<_>>().join(","))).await;
            }
        };
        let receiving = async {
            let (mut heard, mut answers) = (Vec::new(), 0);
            while heard.len() < 200 {
                let mut stream = session.begin_stream(kind).await;
                answers += 1;
                while heard.len() < 200
                    && let Some(messages) = stream.messages().await
                {
                    heard.extend(messages);
                }
            }
            (heard, answers)
        };
        let ((), (heard, answers)) = tokio::join!(sending, receiving);
        let numbers: Vec<u32> = heard.iter().map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers, (0..200).collect::<Vec<u32>>(), "{kind:?}");
        assert!(answers > 1, "{kind:?}: {answers} answers");
    }
}

#[tokio::test]
async fn a_poll_has_no_limit() {
    let app = SockjsApp::start().await;
    let session = Session::open(&app, "echo").await;
    let text = "x".repeat(5_000);
    for _ in 0..3 {
        session.send(&format!("[\"{text}\"]")).await;
    }
    assert_eq!(session.poll().await, format!("a[\"{text}\",\"{text}\",\"{text}\"]\n"));
}
