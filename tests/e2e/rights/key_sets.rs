//! Keys that an issuer publishes at an address.

use futures::future::join_all;
use harness::{Answer, DEADLINE, Gate, Hub, HubBuilder, KEY, ScriptedServer, eventually, within};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{Issuer, SECRET, invalid_token, issuer, issuers, now, outcome, poll};

fn hub_of(server: &ScriptedServer) -> HubBuilder {
    Hub::builder().outbound().setting("SUBSCRIBE_AUTH", "jwt").setting("JWKS_URL", server.url("/keys"))
}

fn keys<'a>(issuers: impl IntoIterator<Item = &'a Issuer>) -> Answer {
    Answer::body("application/json").piece(issuer::set(issuers).to_string()).end()
}

fn claims() -> Value {
    json!({ "exp": now() + 60.0, "subscribe": "*", "publish": "*" })
}

fn unavailable() -> (u16, String, String) {
    (503, "unavailable".to_owned(), String::new())
}

#[tokio::test]
async fn published_keys_count_and_are_fetched_once() {
    let server = ScriptedServer::start().await;
    let all = issuers();
    server.script("/keys", [keys(&all)]);
    let hub = hub_of(&server).start().await;
    assert_eq!(server.requests("/keys").len(), 0, "not before a token needs them");
    for issuer in all.iter().chain(&all) {
        assert_eq!(outcome(poll(&hub, "a").bearer_auth(issuer.sign(&claims()))).await.0, 200, "{}", issuer.jwk());
        let publish = hub.post("/publish").json(&json!({ "channel": "a", "message": "1" }));
        assert_eq!(outcome(publish.bearer_auth(issuer.sign(&claims()))).await.0, 200);
    }
    let forged = Issuer::with_new_key(Algorithm::ES256).sign(&claims());
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(forged)).await, invalid_token());
    let requests = server.requests("/keys");
    assert_eq!((requests.len(), requests[0].method.as_str()), (1, "GET"));
    assert!(requests[0].header("authorization").is_none() && requests[0].header("cookie").is_none());
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it_and_strangers_names_are_not_looked_for_again_and_again() {
    let server = ScriptedServer::start().await;
    let [old, new, next] = ["old", "new", "next"].map(|name| Issuer::with_new_key(Algorithm::EdDSA).named(name));
    server.script("/keys", [keys([&old]), keys([&old, &new])]);
    let hub = hub_of(&server).start().await;
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(old.sign(&claims()))).await.0, 200);
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(new.sign(&claims()))).await.0, 200);
    assert_eq!(server.requests("/keys").len(), 2);
    let strangers = (0..20).map(|_| outcome(poll(&hub, "a").bearer_auth(next.sign(&claims()))));
    for refused in join_all(strangers).await {
        assert_eq!(refused, invalid_token());
    }
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(old.sign(&claims()))).await.0, 200);
    assert_eq!(server.requests("/keys").len(), 2, "not within half a minute");
}

#[tokio::test]
async fn whoever_comes_while_there_are_no_keys_yet_is_let_in_when_they_are_there() {
    const LISTENERS: usize = 30;
    let server = ScriptedServer::start().await;
    let all = issuers();
    let arrive = Gate::new();
    let set = issuer::set(&all).to_string();
    let slow = Answer::body("application/json").wait(&arrive).piece(set).end();
    server.script("/keys", vec![slow; LISTENERS]);
    let hub = hub_of(&server).start().await;
    let come = (0..LISTENERS).map(|number| {
        let shown = all[number % all.len()].sign(&claims());
        let query = if number % 2 == 0 { "/?channels=a" } else { "/?channels=a,b" };
        hub.get(query).bearer_auth(shown).send()
    });
    let keys_arrive = async {
        server.requested("/keys", 2).await;
        arrive.open();
    };
    let (answers, ()) = tokio::join!(join_all(come), keys_arrive);
    hub.publish(&["a"], "hello").await;
    for answer in answers {
        let mut response = answer.unwrap();
        assert_eq!(response.status(), 200);
        let mut text = String::new();
        while !text.contains("data: hello") {
            let chunk = within(DEADLINE, "the message", response.chunk()).await.unwrap().unwrap();
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

#[tokio::test]
async fn keys_stay_in_use_when_no_new_ones_can_be_fetched() {
    let server = ScriptedServer::start().await;
    let [old, new] = ["old", "new"].map(|name| Issuer::with_new_key(Algorithm::ES256).named(name));
    server.script("/keys", [keys([&old]), Answer::status(500)]);
    let hub = hub_of(&server).start().await;
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(old.sign(&claims()))).await.0, 200);
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(new.sign(&claims()))).await, invalid_token());
    assert_eq!(server.requests("/keys").len(), 2);
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(old.sign(&claims()))).await.0, 200);
}

#[tokio::test]
async fn without_any_keys_yet_listeners_are_told_to_come_again_and_are_let_in_once_there_are() {
    let server = ScriptedServer::start().await;
    let issuer = Issuer::with_new_key(Algorithm::ES256);
    server.script("/keys", [Answer::status(500)]);
    let hub = hub_of(&server).start().await;
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(issuer.sign(&claims()))).await, unavailable());
    let publish = hub.post("/publish").json(&json!({ "channel": "a", "message": "1" }));
    assert_eq!(outcome(publish.bearer_auth(issuer.sign(&claims()))).await, unavailable());
    let publish = hub.post("/publish").json(&json!({ "channel": "a", "message": "1" }));
    assert_eq!(outcome(publish.bearer_auth(KEY)).await.0, 200, "a key needs no other");

    // An EventSource would take a 503 for the end.
    let stream = hub.get("/?channels=a").bearer_auth(issuer.sign(&claims())).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let text = within(DEADLINE, "the stream to end", stream.text()).await.unwrap();
    assert!(text.starts_with("retry: ") && text.ends_with("\n\n") && text.lines().count() == 2, "{text:?}");

    assert_eq!(server.requests("/keys").len(), 1, "who just failed is left alone for a while");
    server.script("/keys", [keys([&issuer])]);
    let ask = async || outcome(poll(&hub, "a").bearer_auth(issuer.sign(&claims()))).await.0;
    eventually("the keys to be fetched", ask, |status| *status == 200).await;
    assert_eq!(server.requests("/keys").len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_no_set_of_keys_is_none() {
    let issuer = Issuer::with_new_key(Algorithm::EdDSA);
    let body = |bytes: String| Answer::body("application/json").piece(bytes).end();
    let set = issuer::set([&issuer]).to_string();
    let endless = Gate::new();
    for answer in [
        body("garbage".to_owned()),
        body(format!("[{set}]")),
        body(format!("{set}{}", " ".repeat(256 * 1024))),
        Answer::body("application/json").truncate(&set),
        Answer::redirect(302, "/moved"),
        Answer::status(204),
        Answer::body("application/json").piece(&set).wait(&endless),
    ] {
        let server = ScriptedServer::start().await;
        server.script("/keys", [answer.clone()]);
        server.script("/moved", [keys([&issuer])]);
        let hub = hub_of(&server).start().await;
        let refused = outcome(poll(&hub, "a").bearer_auth(issuer.sign(&claims()))).await;
        assert_eq!(refused, unavailable(), "{answer:?}");
        assert_eq!(server.requests("/moved").len(), 0);
        eventually("the log", async || hub.log(), |log| log.contains("the keys of JWKS_URL were not fetched")).await;
    }
}

#[tokio::test]
async fn a_set_with_keys_for_other_things_serves_with_those_that_are_for_this() {
    let issuer = Issuer::with_new_key(Algorithm::ES256);
    let mut published = issuer::set([&issuer]);
    let others = [
        json!(null),
        json!({ "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" }),
        json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "enc" }),
    ];
    published["keys"].as_array_mut().unwrap().extend(others);
    let server = ScriptedServer::start().await;
    server.script("/keys", [Answer::body("application/json").piece(published.to_string()).end()]);
    let hub = hub_of(&server).start().await;
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(issuer.sign(&claims()))).await.0, 200);
    let secretly = Issuer::with_secret("secretsecretsecretsecretsecretsecret").sign(&claims());
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(secretly)).await, invalid_token());
}

#[tokio::test]
async fn the_settings_own_keys_need_no_fetch() {
    let server = ScriptedServer::start().await;
    let hub = hub_of(&server).setting("JWT_SECRET", SECRET).start().await;
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(super::pass())).await.0, 200);
    let forged = Issuer::with_secret("another secret, of thirty-two bytes").sign(&claims());
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(forged)).await, invalid_token());
    assert_eq!(server.requests("/keys").len(), 0);
}
