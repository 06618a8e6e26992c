//! Whether a token counts (RFC 7519, section 7.2; RFC 8725).

use std::{cell::OnceCell, rc::Rc};

use cyclone_edge_protocol::{Algorithm, Claims, InvalidToken, Token};

use super::{key_set, verifier::Verifier};
use crate::{
    clock::now_ms,
    config::{InvalidSetting, TokenSettings},
    error::Error,
};

thread_local! {
    /// The keys of the settings, which are those of the isolate.
    static OWN: OnceCell<Rc<[Verifier]>> = const { OnceCell::new() };
}

/// What an accepted token says, and until when it counts, in milliseconds since the Unix epoch.
///
/// # Errors
/// 401 when it does not count, 503 when there are no keys yet to tell.
pub(super) async fn accept(token: &Token<'_>, settings: &TokenSettings) -> Result<(Claims, u64), Error> {
    if !is_signed(token, settings).await? {
        return Err(InvalidToken::Signature.into());
    }
    let claims = token.claims()?;
    let ends_at_ms = claims.check(&settings.expected, now_ms())?;
    Ok((claims, ends_at_ms))
}

async fn is_signed(token: &Token<'_>, settings: &TokenSettings) -> Result<bool, Error> {
    if has_signed(&own(settings).await?, token).await {
        return Ok(true);
    }
    match &settings.key_set_url {
        // Nobody publishes the secret that it takes.
        Some(url) if token.algorithm != Algorithm::Hs256 => {
            Ok(has_signed(&key_set::published(url, token.key_id.as_deref()).await?, token).await)
        }
        _ => Ok(false),
    }
}

async fn has_signed(keys: &[Verifier], token: &Token<'_>) -> bool {
    for key in keys.iter().filter(|key| key.may_have_signed(token)) {
        if key.has_signed(token).await {
            return true;
        }
    }
    false
}

/// The keys of the settings, ready for use from the first token on.
async fn own(settings: &TokenSettings) -> Result<Rc<[Verifier]>, Error> {
    if let Some(own) = OWN.with(|own| own.get().cloned()) {
        return Ok(own);
    }
    let mut keys = Vec::new();
    if let Some(secret) = &settings.secret {
        keys.push(Verifier::of_secret(secret.as_bytes()).await?);
    }
    for key in &settings.public_keys {
        let expected = "public keys for RS256 (of 2048 bits or more), ES256 (P-256) or EdDSA (Ed25519)";
        let verifier = Verifier::of_public_key(key).await;
        keys.push(verifier.ok_or_else(|| InvalidSetting::new("JWT_PUBLIC_KEY", expected))?);
    }
    let keys: Rc<[Verifier]> = keys.into();
    Ok(OWN.with(|own| own.get_or_init(|| keys).clone()))
}
