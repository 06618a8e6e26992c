//! What listeners have to show where tokens are needed.

use base64ct::{Base64UrlUnpadded, Encoding};
use harness::{DEADLINE, Hub, Listener, within};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{
    Issuer, SECRET, forbidden_channel, guarded, invalid_token, issuer, issuers, missing_token, now, outcome, pass,
    poll, token,
};

#[tokio::test]
async fn listening_is_open_unless_tokens_are_asked_for() {
    let open = Hub::builder().setting("JWT_SECRET", SECRET).start().await;
    assert_eq!(outcome(poll(&open, "a")).await.0, 200);
    assert_eq!(outcome(poll(&open, "a").bearer_auth("garbage")).await.0, 200);
    let closed = guarded().start().await;
    assert_eq!(outcome(poll(&closed, "a")).await, missing_token());
    assert_eq!(outcome(closed.get("/?channels=a")).await, missing_token());
    assert_eq!(outcome(poll(&closed, "a").basic_auth("me", Some("word"))).await, missing_token());
    assert_eq!(outcome(poll(&closed, "a").query(&[("access_token", "")])).await, missing_token());
    for path in ["/healthz", "/stats"] {
        assert_eq!(outcome(closed.get(path)).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn a_token_comes_in_the_header_or_in_the_query_and_the_header_comes_first() {
    let hub = guarded().start().await;
    for channels in [&["a"][..], &["a", "b"]] {
        let mut listener = Listener::new(channels).with("access_token", &pass());
        listener.connect(&hub).await.unwrap();
        hub.publish(&["a"], "hello").await;
        assert_eq!(listener.next_event().await.data, "hello");
    }
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(pass())).await.0, 200);
    assert_eq!(outcome(poll(&hub, "a").header("Authorization", format!("bearer  {}", pass()))).await.0, 200);
    let both = poll(&hub, "a").query(&[("access_token", pass())]).bearer_auth("garbage");
    assert_eq!(outcome(both).await, invalid_token());
    let twice = poll(&hub, "a").query(&[("access_token", "garbage"), ("access_token", &pass())]);
    assert_eq!(outcome(twice).await, invalid_token());
}

#[tokio::test]
async fn every_channel_has_to_be_covered() {
    let hub = guarded().start().await;
    let shown = token(&json!({ "exp": now() + 60.0, "subscribe": ["news.*", "a"] }));
    for (channels, is_let_in) in [("a", true), ("a,news.x", true), ("news.", true), ("b", false), ("a,b", false)] {
        let outcome = outcome(poll(&hub, channels).bearer_auth(&shown)).await;
        assert_eq!(outcome.0 == 200, is_let_in, "{channels}");
        assert!(is_let_in || outcome == forbidden_channel(), "{channels}");
    }
    for claims in [json!({}), json!({ "subscribe": [] }), json!({ "publish": "*" })] {
        let mut claims = claims;
        claims["exp"] = json!(now() + 60.0);
        assert_eq!(outcome(poll(&hub, "a").bearer_auth(token(&claims))).await, forbidden_channel(), "{claims}");
    }
}

#[tokio::test]
async fn every_algorithm_counts_by_a_key_of_its_own_in_every_form() {
    let claims = json!({ "exp": now() + 60.0, "subscribe": "a", "publish": "a" });
    for issuer in issuers() {
        let jwk = issuer.jwk().to_string();
        let set = issuer::set([&issuer]).to_string();
        for form in [issuer.pem(), &issuer.pem().replace('\n', " "), &jwk, &set] {
            let hub = Hub::builder().setting("SUBSCRIBE_AUTH", "jwt").setting("JWT_PUBLIC_KEY", form).start().await;
            let shown = issuer.sign(&claims);
            assert_eq!(outcome(poll(&hub, "a").bearer_auth(&shown)).await.0, 200, "{form}");
            let publish = hub.post("/publish").json(&json!({ "channel": "a", "message": "1" }));
            assert_eq!(outcome(publish.bearer_auth(&shown)).await.0, 200, "{form}");
            let secretly = Issuer::with_secret(SECRET).sign(&claims);
            assert_eq!(outcome(poll(&hub, "a").bearer_auth(secretly)).await, invalid_token(), "{form}");
        }
    }
}

#[tokio::test]
async fn keys_can_be_replaced_while_the_old_ones_still_count() {
    let claims = json!({ "exp": now() + 60.0, "subscribe": "a" });
    let mut all = issuers();
    let old = Issuer::with_new_key(Algorithm::ES256).named("old");
    let new = Issuer::with_new_key(Algorithm::ES256).named("new");
    all.extend([old.clone(), new.clone()]);
    let hub = guarded().setting("JWT_PUBLIC_KEY", issuer::set(&all)).start().await;
    for issuer in &all {
        assert_eq!(outcome(poll(&hub, "a").bearer_auth(issuer.sign(&claims))).await.0, 200, "{}", issuer.jwk());
    }
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(pass())).await.0, 200, "and the secret does too");
    let impostor = old.named("new");
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(impostor.sign(&claims))).await, invalid_token());
    let unknown = new.named("unknown");
    // Keys without a name may have any: the one of the same algorithm among these did not sign it.
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(unknown.sign(&claims))).await, invalid_token());
}

#[tokio::test]
async fn whoever_has_only_the_public_key_makes_no_tokens() {
    let claims = json!({ "exp": now() + 60.0, "subscribe": "a" });
    for issuer in issuers() {
        let hub = Hub::builder().setting("SUBSCRIBE_AUTH", "jwt").setting("JWT_PUBLIC_KEY", issuer.pem()).start().await;
        let jwk = issuer.jwk().to_string();
        for secret in [issuer.pem(), issuer.pem().trim_end(), &jwk] {
            let forged = Issuer::with_secret(secret).sign(&claims);
            assert_eq!(outcome(poll(&hub, "a").bearer_auth(forged)).await, invalid_token());
        }
        let signed = issuer.sign(&claims);
        for other in ["HS256", "RS256", "ES256", "EdDSA", "none", "RS512", "PS256"] {
            let forged = with_header(&signed, &json!({ "alg": other }));
            assert_eq!(outcome(poll(&hub, "a").bearer_auth(forged)).await, invalid_token(), "{other}");
        }
    }
}

/// A token with another header, and the rest as it was.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", Base64UrlUnpadded::encode_string(header.to_string().as_bytes()))
}

#[tokio::test]
async fn each_token_that_does_not_count_is_refused() {
    let hub = guarded().setting("JWT_AUDIENCE", "hub").setting("JWT_ISSUER", "us").start().await;
    let good = json!({ "exp": now() + 60.0, "subscribe": "*", "aud": ["else", "hub"], "iss": "us" });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        token(&claims)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        token(&claims)
    };
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(token(&good))).await.0, 200);
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(with("exp", json!(now() - 10.0)))).await.0, 200, "by the leeway");
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(with("nbf", json!(now() + 10.0)))).await.0, 200, "by the leeway");

    let signed = token(&good);
    let (head, signature) = signed.rsplit_once('.').unwrap();
    let cases = [
        ("of another secret", Issuer::with_secret("another secret, of thirty-two bytes").sign(&good)),
        ("without a signature", format!("{head}.")),
        ("cut off", signed[..signed.len() - 1].to_owned()),
        ("with more at its end", format!("{signed}A")),
        ("with another signature", format!("{head}.{}", signature.chars().rev().collect::<String>())),
        ("unsigned", with_header(&format!("{head}."), &json!({ "alg": "none" }))),
        ("with something critical", with_header(&signed, &json!({ "alg": "HS256", "crit": ["exp"] }))),
        ("expired", with("exp", json!(now() - 31.0))),
        ("without an end", without("exp")),
        ("with an end in words", with("exp", json!("2099-01-01"))),
        ("not yet valid", with("nbf", json!(now() + 40.0))),
        ("for others", with("aud", json!(["else"]))),
        ("for nobody", without("aud")),
        ("by others", with("iss", json!("them"))),
        ("by nobody", without("iss")),
        ("with a bad pattern", with("subscribe", json!(["a", "b*c"]))),
        ("with no list", with("subscribe", json!({ "a": true }))),
        ("too long", with("more", json!("x".repeat(6_200)))),
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
        ("five parts", format!("{signed}.a.b")),
    ];
    for (what, shown) in &cases {
        for request in [poll(&hub, "a"), hub.get("/?channels=a,b")] {
            assert_eq!(outcome(request.bearer_auth(shown)).await, invalid_token(), "a token {what}");
        }
        assert_eq!(outcome(poll(&hub, "a").query(&[("access_token", shown)])).await, invalid_token(), "{what}");
    }
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(token(&good))).await.0, 200, "nothing of this did harm");
}

#[tokio::test]
async fn a_token_for_somebody_else_is_refused_where_the_hub_has_no_name() {
    let hub = guarded().start().await;
    let shown = token(&json!({ "exp": now() + 60.0, "subscribe": "*", "aud": "else" }));
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(shown)).await, invalid_token());
}

#[tokio::test]
async fn the_leeway_is_what_the_setting_says() {
    let hub = guarded().setting("JWT_LEEWAY_SECONDS", 0).start().await;
    let expired = token(&json!({ "exp": now() - 1.0, "subscribe": "*" }));
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(&expired)).await, invalid_token());
    let hub = guarded().setting("JWT_LEEWAY_SECONDS", 600).start().await;
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(&expired)).await.0, 200);
}

#[tokio::test]
async fn hooks_still_have_their_say() {
    let hub = guarded().worker("examples/hooks/build").setting("PRIVATE_TOKEN", "open-sesame").start().await;
    assert_eq!(outcome(poll(&hub, "a").bearer_auth(pass())).await.0, 200);
    let refused = outcome(poll(&hub, "private-a").bearer_auth(pass())).await;
    assert_eq!((refused.0, refused.1.as_str()), (403, "private_channel"));
    let let_in = poll(&hub, "private-a").header("X-Token", "open-sesame");
    assert_eq!(outcome(let_in).await, missing_token(), "the token comes first");
}

#[tokio::test]
async fn settings_that_let_in_nobody_or_anybody_are_named() {
    let weak = Issuer::with_rsa_key(1024);
    let cases = [
        ("SUBSCRIBE_AUTH", "jwt".to_owned(), false),
        ("SUBSCRIBE_AUTH", "yes".to_owned(), false),
        ("JWT_SECRET", "too short".to_owned(), false),
        ("JWT_PUBLIC_KEY", SECRET.to_owned(), false),
        ("JWKS_URL", "http://issuer.example/keys".to_owned(), false),
        ("JWT_COOKIE", "token".to_owned(), false),
        ("PUBLISH_KEYS", SECRET.to_owned(), false),
        // What only the platform can tell is told when the first token comes.
        ("JWT_PUBLIC_KEY", weak.pem().to_owned(), true),
        ("JWT_PUBLIC_KEY", json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }).to_string(), true),
    ];
    for (name, value, is_told_late) in cases {
        let builder = Hub::builder().setting(name, &value);
        let builder = if is_told_late { builder.setting("SUBSCRIBE_AUTH", "jwt") } else { builder };
        let hub = builder.start().await;
        let request = if is_told_late { poll(&hub, "a").bearer_auth(pass()) } else { hub.get("/healthz") };
        let response = within(DEADLINE, "an answer", request.send()).await.unwrap();
        assert_eq!(response.status(), 500, "{name} {value}");
        let answer: Value = response.json().await.unwrap();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("the setting {name} must be ")), "{message}");
        assert!(!message.contains(&value) || value.len() < 6, "{message}");
    }
}
