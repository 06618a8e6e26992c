//! What a listener has to show.

use cyclone_edge_protocol::{ChannelSet, Token};
use worker::Request;

use super::{acceptance::accept, credential, require_cover};
use crate::{
    config::{Config, TokenSettings},
    error::Error,
};

/// The token that a listener's request shows, where one is needed.
pub(crate) fn shown_by_subscriber(request: &Request, config: &Config) -> Result<Option<String>, Error> {
    match needed(config) {
        Some(tokens) => credential::token(request, tokens.cookie.as_deref(), &config.cors),
        None => Ok(None),
    }
}

fn needed(config: &Config) -> Option<&TokenSettings> {
    config.tokens.as_ref().filter(|tokens| tokens.are_for_subscribers)
}

/// Checks the token of a listener, where one is needed. Returns when the listener's time is over, in milliseconds since
/// the Unix epoch; `None` for never.
///
/// # Errors
/// 401 without a token that counts, 403 where it is not good for a channel.
pub(crate) async fn authorize_subscriber(
    shown: Option<&str>,
    channels: &ChannelSet,
    config: &Config,
) -> Result<Option<u64>, Error> {
    let Some(tokens) = needed(config) else { return Ok(None) };
    let Some(shown) = shown else {
        return Err(Error::refused(401, "missing_token", "a token is needed to listen"));
    };
    let (claims, ends_at_ms) = accept(&Token::parse(shown)?, tokens).await?;
    require_cover(&claims.subscribe, channels)?;
    Ok(Some(ends_at_ms))
}
