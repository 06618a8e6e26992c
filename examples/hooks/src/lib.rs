//! Run it with `npm start examples/hooks`: a hub with rules of its own.
//!
//! Channels that begin with `private-` are for those who know the token, listeners and publishers alike; smileys become
//! emoji; nobody shouts. A route that the hub does not have tells these rules.
//!
//! ```sh
//! curl http://127.0.0.1:8787/rules
//! curl -N 'http://127.0.0.1:8787/?channels=private-team'                  # refused with 403
//! curl -N 'http://127.0.0.1:8787/?channels=private-team&token=dev-token'  # listens
//! curl -H 'X-Token: dev-token' -d key=dev-key -d channel=private-team -d 'message=well done :-)' http://127.0.0.1:8787/publish
//! curl -d key=dev-key -d channel=lobby -d message=HELLO http://127.0.0.1:8787/publish  # refused with 422
//! ```

use cyclone_edge::{App, Error, Hooks, Publication, protocol::ChannelSet};
use serde_json::json;
use subtle::ConstantTimeEq;
use worker::{Context, Env, Request, Response, event};

// The runtime looks for the objects of wrangler.toml among the exports of this crate.
pub use cyclone_edge::{Channel, Directory, Relay, SockJsSession};

const PRIVATE: &str = "private-";

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    match request.path().as_str() {
        "/rules" => Response::from_json(&json!({ "private": PRIVATE, "smileys": true, "shouting": false })),
        _ => App::new(HouseRules::of(&env)).handle(request, &env).await,
    }
}

/// The rules of this hub.
struct HouseRules {
    /// What opens the private channels; without it they stay closed.
    token: Option<String>,
}

impl HouseRules {
    fn of(env: &Env) -> Self {
        let token = env.secret("PRIVATE_TOKEN").ok().map(|token| token.to_string());
        Self { token: token.filter(|token| !token.is_empty()) }
    }

    /// An `EventSource` cannot send headers, so a listener may show its token in the query.
    fn admit(&self, request: &Request, channels: &ChannelSet) -> Result<(), Error> {
        if !channels.iter().any(|channel| channel.as_str().starts_with(PRIVATE)) {
            return Ok(());
        }
        let header = request.headers().get("X-Token")?;
        let query = request.url()?.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
        match (header.or(query), &self.token) {
            (Some(shown), Some(token)) if shown.as_bytes().ct_eq(token.as_bytes()).into() => Ok(()),
            _ => Err(Error::refused(403, "private_channel", "a private channel takes the token")),
        }
    }
}

impl Hooks for HouseRules {
    async fn authorize_subscriber(&self, request: &Request, channels: &ChannelSet) -> Result<(), Error> {
        self.admit(request, channels)
    }

    /// The hub has checked the key before it asks.
    async fn authorize_publisher(&self, request: &Request, channels: &ChannelSet) -> Result<(), Error> {
        self.admit(request, channels)
    }

    async fn inspect(&self, mut publication: Publication) -> Result<Publication, Error> {
        let message = &mut publication.message;
        if message.contains(char::is_uppercase) && !message.contains(char::is_lowercase) {
            return Err(Error::refused(422, "shouting", "nobody shouts here"));
        }
        *message = message.replace(":-)", "🙂");
        Ok(publication)
    }
}
