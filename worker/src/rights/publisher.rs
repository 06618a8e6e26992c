//! What a publisher has to show.

use std::fmt;

use cyclone_edge_protocol::{ChannelSet, Claims, Token};
use sha2::{Digest, Sha256};
use worker::Request;

use super::{acceptance::accept, credential::bearer, require_cover};
use crate::{
    config::{Config, PublishAccess},
    error::Error,
};

/// Who publishes: by the name or the place of the key, or by the subject of the token. It is nothing to be let in by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Publisher {
    /// The same for every request of the same publisher, and short: a key's name has 64 bytes at most.
    id: String,
}

impl Publisher {
    /// A subject may be of any length, and somebody's address: what tells one from the other is enough.
    fn of(claims: &Claims) -> Self {
        let who = Sha256::digest(format!("{:?}", (&claims.issuer, &claims.subject)));
        let who: String = who.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { id: format!("token {who}") }
    }
}

impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// What a request shows in its `Authorization` header or, as Cyclone-SSE has it, in the field `key`. Never a cookie, which a
/// browser sends unasked, nor the query, which ends up in logs.
pub(crate) fn shown_by_publisher(request: &Request, field: Option<&str>) -> Result<String, Error> {
    Ok(bearer(request)?.or_else(|| field.map(str::to_owned)).unwrap_or_default())
}

/// Checks what a publisher shows: a publish key, or else a token.
///
/// # Errors
/// 401 without a key or token that counts, 403 where it is not good for a channel, or where nobody may publish.
pub(crate) async fn authorize_publisher(
    shown: &str,
    channels: &ChannelSet,
    config: &Config,
) -> Result<Publisher, Error> {
    let keys = match &config.publish {
        PublishAccess::Open => return Ok(Publisher { id: "anyone".to_owned() }),
        PublishAccess::Keys(keys) if keys.is_empty() && config.tokens.is_none() => {
            let message = "nobody may publish until PUBLISH_KEY is set";
            return Err(Error::refused(403, "publishing_closed", message));
        }
        PublishAccess::Keys(keys) => keys,
    };
    if let Some(key) = keys.find(shown) {
        require_cover(&key.channels, channels)?;
        return Ok(Publisher { id: key.publisher.clone() });
    }
    let (Some(tokens), Ok(token)) = (&config.tokens, Token::parse(shown)) else {
        return Err(Error::refused(401, "wrong_key", "the publish key is missing or wrong"));
    };
    let (claims, _) = accept(&token, tokens).await?;
    require_cover(&claims.publish, channels)?;
    Ok(Publisher::of(&claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publisher(claims: &str) -> Option<Publisher> {
        Claims::parse(claims.as_bytes()).ok().map(|claims| Publisher::of(&claims))
    }

    #[test]
    fn publishers_with_tokens_are_told_apart_without_being_named() {
        let me = publisher(r#"{"sub":"me@example.com","exp":1}"#);
        assert_eq!(me, publisher(r#"{"sub":"me@example.com","exp":2}"#));
        let id = me.as_ref().map(Publisher::to_string).unwrap_or_default();
        assert!(id.starts_with("token ") && id.len() == 38, "{id}");
        for other in ["{}", r#"{"sub":"you"}"#, r#"{"iss":"me@example.com"}"#, r#"{"iss":"a","sub":"me@example.com"}"#]
        {
            assert_ne!(me, publisher(other), "{other}");
        }
    }
}
