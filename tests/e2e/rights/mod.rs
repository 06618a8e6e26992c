//! Who may do what: publish keys, tokens, where they may come from, and what happens when their time is over.
//!
//! Tokens are made by a library of others, with keys that Node makes.

mod cookies;
mod expiry;
mod issuer;
mod key_sets;
mod publishers;
mod secrecy;
mod subscribers;

use std::time::{SystemTime, UNIX_EPOCH};

use harness::{DEADLINE, Hub, HubBuilder, within};
use jsonwebtoken::Algorithm;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use issuer::Issuer;

const SECRET: &str = "a secret of thirty-two bytes, or so";

/// A hub to which listeners have to bring tokens, signed with the secret.
fn guarded() -> HubBuilder {
    Hub::builder().setting("SUBSCRIBE_AUTH", "jwt").setting("JWT_SECRET", SECRET)
}

/// Seconds since the Unix epoch.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// A token signed with the secret.
fn token(claims: &Value) -> String {
    Issuer::with_secret(SECRET).sign(claims)
}

/// A token that is good for listening to everything, for a while.
fn pass() -> String {
    token(&json!({ "exp": now() + 60.0, "subscribe": "*" }))
}

/// A poll that is answered at once when it is let in.
fn poll(hub: &Hub, channels: &str) -> RequestBuilder {
    hub.get(&format!("/?channels={channels}&transport=longpoll&greeting=event"))
}

/// The status of an answer, its code if it is an error, and how it says what to show.
async fn outcome(request: RequestBuilder) -> (u16, String, String) {
    let response = within(DEADLINE, "an answer", request.send()).await.unwrap();
    let challenge = response.headers().get("www-authenticate").map_or("", |value| value.to_str().unwrap()).to_owned();
    let status = response.status().as_u16();
    let text = within(DEADLINE, "the answer to end", response.text()).await.unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned(), challenge)
}

/// The answers to those who may not.
fn invalid_token() -> (u16, String, String) {
    (401, "invalid_token".to_owned(), "Bearer error=\"invalid_token\"".to_owned())
}

fn missing_token() -> (u16, String, String) {
    (401, "missing_token".to_owned(), "Bearer".to_owned())
}

fn forbidden_channel() -> (u16, String, String) {
    (403, "forbidden_channel".to_owned(), "Bearer error=\"insufficient_scope\"".to_owned())
}

/// One who signs in each way that there is.
fn issuers() -> Vec<Issuer> {
    [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA].into_iter().map(Issuer::with_new_key).collect()
}
