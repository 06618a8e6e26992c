//! What a token says: when it counts, for whom, by whom, and which channels it is good for (RFC 7519, section 4).

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::Deserialize;

use crate::{ChannelPatterns, InvalidToken, texts::Texts, token::json_object};

/// The claims of a token. Those that mean nothing here are ignored.
#[derive(Clone, PartialEq)]
pub struct Claims {
    /// `iss`: who made the token.
    pub issuer: Option<String>,
    /// `sub`: whom it was made for.
    pub subject: Option<String>,
    /// `subscribe`: what its bearer may listen to.
    pub subscribe: ChannelPatterns,
    /// `publish`: where its bearer may publish.
    pub publish: ChannelPatterns,
    audience: Option<Vec<String>>,
    expires: Option<Seconds>,
    not_before: Option<Seconds>,
}

/// Since the Unix epoch; there may be a fraction (RFC 7519, section 2, "NumericDate").
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
struct Seconds(f64);

impl Seconds {
    /// What is before the epoch counts as the epoch.
    fn to_ms(self) -> u64 {
        (self.0 * 1_000.0) as u64
    }
}

/// What a token has to say to be accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Whom it has to be for. Without one, a token that is for anybody in particular is not for this hub.
    pub audience: Option<String>,
    /// Who has to have made it; without one, whoever holds the key.
    pub issuer: Option<String>,
    /// How far the clocks of issuer and hub may differ.
    pub leeway_ms: u64,
}

/// The claims as JSON has them.
#[derive(Deserialize)]
struct Payload {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Texts>,
    exp: Option<Seconds>,
    nbf: Option<Seconds>,
    #[serde(default)]
    subscribe: ChannelPatterns,
    #[serde(default)]
    publish: ChannelPatterns,
}

impl Claims {
    /// Reads claims.
    ///
    /// # Errors
    /// When they are no JSON object, name a claim twice, or have one of another type.
    pub fn parse(json: &[u8]) -> Result<Self, InvalidToken> {
        let payload: Payload = json_object(json).ok_or(InvalidToken::Claims)?;
        Ok(Self {
            issuer: payload.iss,
            subject: payload.sub,
            subscribe: payload.subscribe,
            publish: payload.publish,
            audience: payload.aud.map(|Texts(named)| named),
            expires: payload.exp,
            not_before: payload.nbf,
        })
    }

    /// Whether the token counts now, and until when it does, in milliseconds since the Unix epoch: its `exp`, or, where
    /// only the leeway lets it count, the end of that.
    ///
    /// # Errors
    /// Says why it does not.
    pub fn check(&self, expected: &Expected, now_ms: u64) -> Result<u64, InvalidToken> {
        let expires_ms = self.expires.ok_or(InvalidToken::NoExpiry)?.to_ms();
        let last_ms = expires_ms.saturating_add(expected.leeway_ms);
        // RFC 7519, section 4.1.4: not accepted on or after it.
        if now_ms >= last_ms {
            return Err(InvalidToken::Expired);
        }
        if self.not_before.is_some_and(|begins| now_ms.saturating_add(expected.leeway_ms) < begins.to_ms()) {
            return Err(InvalidToken::NotYetValid);
        }
        if !self.is_for(expected.audience.as_deref()) {
            return Err(InvalidToken::Audience);
        }
        if expected.issuer.is_some() && expected.issuer != self.issuer {
            return Err(InvalidToken::Issuer);
        }
        Ok(if now_ms < expires_ms { expires_ms } else { last_ms })
    }

    /// RFC 7519, section 4.1.3: whoever is not among the audience of a token that has one must not accept it.
    fn is_for(&self, audience: Option<&str>) -> bool {
        match (&self.audience, audience) {
            (None, None) => true,
            (Some(named), Some(audience)) => named.iter().any(|named| named == audience),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

impl fmt::Debug for Claims {
    /// Leaves out who it is about.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("subscribe", &self.subscribe)
            .field("publish", &self.publish)
            .field("expires", &self.expires)
            .field("not_before", &self.not_before)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn check(claims: &str, expected: &Expected, now_ms: u64) -> Result<u64, InvalidToken> {
        Claims::parse(claims.as_bytes()).and_then(|claims| claims.check(expected, now_ms))
    }

    fn with_leeway(seconds: u64) -> Expected {
        Expected { leeway_ms: 1_000 * seconds, ..Expected::default() }
    }

    #[test]
    fn rights_are_what_the_claims_list() {
        let claims = Claims::parse(br#"{"sub":"me","subscribe":["a","b.*"],"publish":"c"}"#).unwrap();
        assert_eq!(Ok(claims.subscribe), ChannelPatterns::parse(["a", "b.*"]));
        assert_eq!(Ok(claims.publish), ChannelPatterns::parse(["c"]));
        let claims = Claims::parse(b"{}").unwrap();
        assert_eq!((claims.subscribe, claims.publish), Default::default());
    }

    #[test]
    fn a_token_counts_before_its_expiry_and_by_the_leeway_a_little_longer() {
        let claims = r#"{"exp":100}"#;
        assert_eq!(check(claims, &with_leeway(0), 99_999), Ok(100_000));
        assert_eq!(check(claims, &with_leeway(0), 100_000), Err(InvalidToken::Expired));
        assert_eq!(check(claims, &with_leeway(30), 99_999), Ok(100_000), "a stream ends at `exp`");
        assert_eq!(check(claims, &with_leeway(30), 100_000), Ok(130_000));
        assert_eq!(check(claims, &with_leeway(30), 130_000), Err(InvalidToken::Expired));
    }

    #[test]
    fn a_token_does_not_count_before_its_time_but_by_the_leeway() {
        let claims = r#"{"exp":1e9,"nbf":100}"#;
        assert_eq!(check(claims, &with_leeway(0), 99_999), Err(InvalidToken::NotYetValid));
        assert!(check(claims, &with_leeway(0), 100_000).is_ok());
        assert_eq!(check(claims, &with_leeway(30), 69_999), Err(InvalidToken::NotYetValid));
        assert!(check(claims, &with_leeway(30), 70_000).is_ok());
    }

    #[test]
    fn times_are_any_numbers_and_expiry_is_a_must() {
        let at = |exp: &str| check(&format!(r#"{{"exp":{exp}}}"#), &with_leeway(0), 1_000);
        assert_eq!(at("1.5"), Ok(1_500));
        assert_eq!(at("1e300"), Ok(u64::MAX));
        assert_eq!(at("-1"), Err(InvalidToken::Expired));
        assert_eq!(at("-1e300"), Err(InvalidToken::Expired));
        assert_eq!(at("1e999"), Err(InvalidToken::Claims));
        assert_eq!(at(r#""2000000000""#), Err(InvalidToken::Claims));
        assert_eq!(at("null"), Err(InvalidToken::NoExpiry));
        assert_eq!(check("{}", &with_leeway(600), 0), Err(InvalidToken::NoExpiry));
    }

    #[test]
    fn a_token_for_others_is_refused_and_so_is_one_by_others() {
        let expected = |audience: Option<&str>, issuer: Option<&str>| Expected {
            audience: audience.map(str::to_owned),
            issuer: issuer.map(str::to_owned),
            leeway_ms: 0,
        };
        let cases = [
            (r#"{"exp":9}"#, expected(None, None), None),
            (r#"{"exp":9,"aud":"hub"}"#, expected(Some("hub"), None), None),
            (r#"{"exp":9,"aud":["other","hub"]}"#, expected(Some("hub"), None), None),
            (r#"{"exp":9,"aud":["other"]}"#, expected(Some("hub"), None), Some(InvalidToken::Audience)),
            (r#"{"exp":9,"aud":[]}"#, expected(Some("hub"), None), Some(InvalidToken::Audience)),
            (r#"{"exp":9}"#, expected(Some("hub"), None), Some(InvalidToken::Audience)),
            (r#"{"exp":9,"aud":"other"}"#, expected(None, None), Some(InvalidToken::Audience)),
            (r#"{"exp":9,"aud":1}"#, expected(Some("hub"), None), Some(InvalidToken::Claims)),
            (r#"{"exp":9,"iss":"me"}"#, expected(None, None), None),
            (r#"{"exp":9,"iss":"me"}"#, expected(None, Some("me")), None),
            (r#"{"exp":9,"iss":"you"}"#, expected(None, Some("me")), Some(InvalidToken::Issuer)),
            (r#"{"exp":9}"#, expected(None, Some("me")), Some(InvalidToken::Issuer)),
        ];
        for (claims, expected, refusal) in cases {
            assert_eq!(check(claims, &expected, 0).err(), refusal, "{claims} {expected:?}");
        }
    }

    #[test]
    fn claims_that_cannot_be_read_whole_are_refused_whole() {
        for claims in [
            "",
            "null",
            r#"[null, null, null, 9]"#,
            r#"{"exp":9,"exp":10}"#,
            r#"{"exp":9,"subscribe":null}"#,
            r#"{"exp":9,"subscribe":["a*b"]}"#,
            r#"{"exp":9,"publish":[1]}"#,
            r#"{"exp":9,"sub":1}"#,
            "{\"exp\":9,\"sub\":\"\u{0}\"}",
        ] {
            assert_eq!(check(claims, &with_leeway(0), 0), Err(InvalidToken::Claims), "{claims}");
        }
        assert_eq!(Claims::parse(b"{\"sub\":\"\xff\"}"), Err(InvalidToken::Claims));
    }
}
