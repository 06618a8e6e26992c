//! What a listener has to show.

use cyclone_edge_protocol::{ChannelSet, Token};
use worker::Request;

use super::{acceptance::accept, credential::token, require_cover};
use crate::{config::Config, error::Error};

/// Checks the token of a listener, where one is needed. Returns when the listener's time is over, in milliseconds since
/// the Unix epoch; `None` for never.
///
/// # Errors
/// 401 without a token that counts, 403 where it is not good for a channel.
pub(crate) async fn authorize_subscriber(
    request: &Request,
    channels: &ChannelSet,
    config: &Config,
) -> Result<Option<u64>, Error> {
    let Some(tokens) = config.tokens.as_ref().filter(|tokens| tokens.are_for_subscribers) else { return Ok(None) };
    let Some(shown) = token(request, tokens.cookie.as_deref(), &config.cors)? else {
        return Err(Error::refused(401, "missing_token", "a token is needed to listen"));
    };
    let (claims, ends_at_ms) = accept(&Token::parse(&shown)?, tokens).await?;
    require_cover(&claims.subscribe, channels)?;
    Ok(Some(ends_at_ms))
}
