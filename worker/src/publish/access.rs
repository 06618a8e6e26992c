//! Who may publish.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use worker::Request;

use crate::{config::PublishAccess, error::Error};

/// Checks the key that a request shows in its `Authorization` header or, as Cyclone-SSE has it, in the field `key`.
///
/// # Errors
/// 401 without the right key, 403 where nobody may publish.
pub(super) fn check(request: &Request, key: Option<&str>, access: &PublishAccess) -> Result<(), Error> {
    let expected = match access {
        PublishAccess::Open => return Ok(()),
        PublishAccess::Closed => {
            let message = "nobody may publish until PUBLISH_KEY is set";
            return Err(Error::refused(403, "publishing_closed", message));
        }
        PublishAccess::Key(expected) => expected,
    };
    let authorization = request.headers().get("Authorization")?;
    let shown = authorization.as_deref().and_then(bearer).or(key).unwrap_or_default();
    if is_same(shown, expected) {
        Ok(())
    } else {
        Err(Error::refused(401, "wrong_key", "the publish key is missing or wrong"))
    }
}

/// RFC 6750, section 2.1; the scheme is compared without regard to case (RFC 9110, section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Compares in a time that tells neither where the keys differ nor how long the right one is.
fn is_same(shown: &str, expected: &str) -> bool {
    Sha256::digest(shown).ct_eq(&Sha256::digest(expected)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_key_is_the_key() {
        assert!(is_same("dev-key", "dev-key"));
        for wrong in ["", "dev-ke", "dev-key ", "DEV-KEY"] {
            assert!(!is_same(wrong, "dev-key"), "{wrong:?}");
        }
    }

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_the_scheme() {
        assert_eq!(bearer("Bearer k"), Some("k"));
        assert_eq!(bearer("bearer  k "), Some("k"));
        assert_eq!(bearer("Basic k"), None);
        assert_eq!(bearer("k"), None);
    }
}
