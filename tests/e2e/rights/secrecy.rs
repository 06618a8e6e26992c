//! What the hub prints: no key and no token, and texts of others on one line and of bounded length.

use harness::{Hub, KEY, ScriptedServer};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{Issuer, SECRET, now, outcome, poll, token};

#[tokio::test]
async fn neither_keys_nor_tokens_are_in_the_log_or_in_an_answer() {
    let server = ScriptedServer::start().await;
    let keys = r#"[{"name":"newsroom","key":"hush-hush","channels":["news.*"]}]"#;
    let hub = Hub::builder().outbound().setting("SUBSCRIBE_AUTH", "jwt").setting("JWT_SECRET", SECRET);
    let hub = hub.setting("PUBLISH_KEYS", keys).setting("JWKS_URL", server.url("/keys"));
    let hub = hub.setting("CORS_ORIGINS", "https://page.example").start().await;
    let of_nobody = Issuer::with_new_key(Algorithm::ES256).sign(&json!({ "exp": now() + 60.0 }));
    let tokens = [
        token(&json!({ "exp": now() + 60.0, "subscribe": "b", "publish": "b" })),
        token(&json!({ "exp": now() - 60.0 })),
        token(&json!({ "exp": "never" })),
        Issuer::with_secret("another secret, of thirty-two bytes").sign(&json!({ "exp": now() + 60.0 })),
        of_nobody,
        "wrong-and-secret".to_owned(),
    ];
    let credentials = tokens.iter().map(String::as_str).chain([KEY, "hush-hush", SECRET]);
    let mut answers = String::new();
    for shown in credentials.clone() {
        let body = json!({ "channel": "a", "message": "1", "key": shown });
        for request in [
            poll(&hub, "a").bearer_auth(shown),
            poll(&hub, "a").query(&[("access_token", shown)]),
            poll(&hub, "a").header("Cookie", format!("cyclone_token={shown}")),
            hub.get("/?channels=a").bearer_auth(shown),
            hub.post("/publish").bearer_auth(shown).json(&json!({ "channel": "a", "message": "1" })),
            hub.post("/publish").json(&body),
            hub.post("/publish").query(&[("key", shown)]).body(body.to_string()),
        ] {
            let response = request.send().await.unwrap();
            answers.push_str(&format!("{:?}", response.headers()));
            answers.push_str(&response.text().await.unwrap());
        }
    }
    let log = hub.log();
    assert!(log.contains("JWKS_URL"), "something was logged: {log}");
    for shown in credentials {
        // The last part of a token is what nobody else can make.
        let secret = shown.rsplit('.').next().unwrap();
        assert!(!log.contains(secret), "{shown} in {log}");
        assert!(!answers.contains(secret), "{shown} in {answers}");
    }
}

#[tokio::test]
async fn answers_are_what_they_say_and_nothing_is_guessed() {
    let hub = Hub::start().await;
    for (method, path, status) in [
        ("GET", "/?channels=a&transport=longpoll&greeting=event", 200),
        ("GET", "/stats", 200),
        ("GET", "/healthz", 200),
        ("GET", "/media/demo.js", 200),
        ("GET", "/nowhere", 404),
        ("POST", "/publish", 415),
    ] {
        let response = hub.request(method, path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
    }
    let misconfigured = Hub::builder().setting("RETRY_MS", "x").start().await;
    let response = misconfigured.get("/healthz").send().await.unwrap();
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn names_cannot_write_lines_of_their_own_into_the_log() {
    let hub = Hub::start().await;
    let name = "a\u{2028}channel b woke\u{202e}";
    hub.publish(&[name], "1").await;
    let log = hub.log();
    assert!(log.contains(r"channel a\u{2028}channel b woke\u{202e} woke"), "{log}");
    assert!(!log.contains(name), "{log}");
}

#[tokio::test]
async fn an_answer_repeats_nothing_that_it_was_sent() {
    let hub = Hub::start().await;
    let evil = "<script>alert(1)</script>";
    for request in [
        hub.get(&format!("/{evil}")),
        hub.get("/").query(&[("channels", format!("{evil}*"))]),
        hub.get("/").query(&[("channels", "a"), ("transport", evil)]),
        hub.get("/").query(&[("channels", "a"), ("ago", evil)]),
        hub.post("/publish").bearer_auth(evil).form(&[("channel", "a"), ("message", evil)]),
        hub.post("/publish").bearer_auth(KEY).header("Content-Type", "application/json").body(format!("{{{evil}")),
    ] {
        let response = request.send().await.unwrap();
        assert!((400..500).contains(&response.status().as_u16()));
        assert_eq!(response.headers()["content-type"], "application/json");
        let answer: Value = response.json().await.unwrap();
        assert!(!answer.to_string().contains("script"), "{answer}");
        assert!(answer.to_string().len() < 1_000);
    }
    assert_eq!(outcome(hub.get("/?channels=a&transport=longpoll&greeting=event")).await.0, 200);
}
