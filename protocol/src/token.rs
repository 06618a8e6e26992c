//! The outside of a token: a JSON Web Token (RFC 7519) as a signed JWS in compact form (RFC 7515).
//!
//! What is read here is not to be believed yet. Signatures are the platform's to check; what a token says of its own
//! algorithm only chooses among the keys that are for that algorithm (RFC 8725, section 3.1). Encrypted tokens, those
//! that are not signed, and those with critical extensions are refused.

use alloc::{string::String, vec::Vec};
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use crate::Claims;

/// How a token is signed (RFC 7518, section 3.1; RFC 8037; RFC 9864).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `HS256`: HMAC with SHA-256.
    Hs256,
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// `ES256`: ECDSA with P-256 and SHA-256.
    Es256,
    /// `EdDSA` with Ed25519, also called `Ed25519`.
    EdDsa,
}

impl Algorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A token whose signature nobody has checked.
pub struct Token<'a> {
    /// The only algorithm whose keys may be tried.
    pub algorithm: Algorithm,
    /// The name of the key that it says it was signed with.
    pub key_id: Option<String>,
    /// What was signed.
    pub signed: &'a str,
    /// The signature.
    pub signature: Vec<u8>,
    payload: &'a str,
}

impl fmt::Debug for Token<'_> {
    /// Leaves out what makes it a token: it is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> Token<'a> {
    /// The longest token, in bytes. A header or cookie of that size passes everywhere.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// Reads a token's header and signature.
    ///
    /// # Errors
    /// When it is too long, no token, or signed in a way that is not supported.
    pub fn parse(text: &'a str) -> Result<Self, InvalidToken> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidToken::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(InvalidToken::Malformed)?;
        // An encrypted token has five parts.
        if payload.contains('.') {
            return Err(InvalidToken::Malformed);
        }
        let header: Header = json_object(&decode(header)?).ok_or(InvalidToken::Malformed)?;
        // RFC 7515, section 4.1.11: whoever does not know a critical extension must not accept.
        if header.crit {
            return Err(InvalidToken::CriticalHeader);
        }
        let algorithm = Algorithm::parse(&header.alg).ok_or(InvalidToken::Algorithm)?;
        Ok(Self { algorithm, key_id: header.kid, signed, signature: decode(signature)?, payload })
    }

    /// What the token says: to be asked when its signature was found to be right.
    ///
    /// # Errors
    /// When the claims are not what they must be.
    pub fn claims(&self) -> Result<Claims, InvalidToken> {
        Claims::parse(&decode(self.payload)?)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, InvalidToken> {
    Base64UrlUnpadded::decode_vec(part).map_err(|_| InvalidToken::Malformed)
}

/// Reads an object; serde would also take an array for one, by the order of its fields.
pub(crate) fn json_object<T: serde::de::DeserializeOwned>(json: &[u8]) -> Option<T> {
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    if is_object { serde_json::from_slice(json).ok() } else { None }
}

/// Why a token is not accepted. None of this repeats any of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidToken {
    /// It is longer than [`Token::MAX_BYTES`].
    TooLong,
    /// It is no signed token in compact form.
    Malformed,
    /// It is not signed, or in a way that is not supported.
    Algorithm,
    /// It has the header `crit`.
    CriticalHeader,
    /// No key that may be used has made its signature.
    Signature,
    /// Its claims are no JSON object, or one of those that count is not of its type.
    Claims,
    /// It has no `exp`.
    NoExpiry,
    /// Its `exp` has passed.
    Expired,
    /// Its `nbf` has not come.
    NotYetValid,
    /// It is for another audience.
    Audience,
    /// It is by another issuer.
    Issuer,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a token has at most {} bytes", Token::MAX_BYTES),
            Self::Malformed => f.write_str("the token is no signed JSON Web Token"),
            Self::Algorithm => f.write_str("the token is not signed with HS256, RS256, ES256 or EdDSA"),
            Self::CriticalHeader => f.write_str("the token has the header `crit`, of which no extension is known"),
            Self::Signature => f.write_str("the token's signature is wrong"),
            Self::Claims => f.write_str("the token's claims cannot be read"),
            Self::NoExpiry => f.write_str("the token has no `exp`"),
            Self::Expired => f.write_str("the token has expired"),
            Self::NotYetValid => f.write_str("the token is not valid yet"),
            Self::Audience => f.write_str("the token is for another audience"),
            Self::Issuer => f.write_str("the token is by another issuer"),
        }
    }
}

impl core::error::Error for InvalidToken {}

/// Writes a token with a signature of these bytes.
#[cfg(test)]
pub(crate) fn write(header: &str, payload: &str, signature: &[u8]) -> String {
    let parts = [header.as_bytes(), payload.as_bytes(), signature].map(Base64UrlUnpadded::encode_string);
    parts.join(".")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(header: &str) -> Option<InvalidToken> {
        Token::parse(&write(header, "{}", b"s")).err()
    }

    #[test]
    fn the_example_of_rfc_7515_is_read() {
        let text = concat!(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        );
        let token = Token::parse(text).unwrap();
        assert_eq!((token.algorithm, token.key_id.as_deref(), token.signature.len()), (Algorithm::Hs256, None, 32));
        assert_eq!(token.signed, text.rsplit_once('.').unwrap().0);
        assert_eq!(token.claims(), Claims::parse(br#"{"iss":"joe","exp":1300819380}"#));
    }

    #[test]
    fn what_chooses_the_key_is_read() {
        for (name, algorithm) in [
            ("HS256", Algorithm::Hs256),
            ("RS256", Algorithm::Rs256),
            ("ES256", Algorithm::Es256),
            ("EdDSA", Algorithm::EdDsa),
            ("Ed25519", Algorithm::EdDsa),
        ] {
            let text = write(&format!(r#"{{"alg":"{name}","kid":"k","typ":"at+jwt"}}"#), "{}", &[255, 0]);
            let token = Token::parse(&text).unwrap();
            assert_eq!((token.algorithm, token.key_id.as_deref()), (algorithm, Some("k")));
            assert_eq!(token.signature, [255, 0]);
        }
    }

    #[test]
    fn a_header_that_cannot_be_trusted_is_refused() {
        use InvalidToken as Why;
        let cases = [
            (r#"{"alg":"none"}"#, Why::Algorithm),
            (r#"{"alg":"None"}"#, Why::Algorithm),
            (r#"{"alg":"hs256"}"#, Why::Algorithm),
            (r#"{"alg":"HS512"}"#, Why::Algorithm),
            (r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#, Why::Algorithm),
            (r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, Why::CriticalHeader),
            (r#"{"alg":"HS256","crit":null}"#, Why::CriticalHeader),
            (r#"{"alg":"HS256","alg":"none"}"#, Why::Malformed),
            (r#"{"alg":["HS256"]}"#, Why::Malformed),
            (r#"{"alg":"HS256","kid":1}"#, Why::Malformed),
            (r#"["HS256", null, false]"#, Why::Malformed),
            (r#"{"typ":"JWT"}"#, Why::Malformed),
            (r#"{"alg":"HS256"} x"#, Why::Malformed),
            ("", Why::Malformed),
        ];
        for (header, why) in cases {
            assert_eq!(refusal(header), Some(why), "{header}");
        }
    }

    #[test]
    fn what_has_not_three_parts_of_base64url_is_no_token() {
        let good = write(r#"{"alg":"HS256"}"#, "{}", b"sign");
        assert!(Token::parse(&good).is_ok());
        let (head, _) = good.split_once('.').unwrap();
        let cases = [
            String::new(),
            "dev-key".to_owned(),
            "a.b".to_owned(),
            "..".to_owned(),
            format!("{good}="),
            format!("{good}."),
            format!(".{good}"),
            format!("{good} "),
            format!("{head}.{good}"),
            good.replace("{}", "é"),
            format!("{head}.e30.+/+/"),
            format!("{head}.e30.AB"),
        ];
        for text in cases.iter().filter(|text| **text != good) {
            let refused = Token::parse(text).map(|token| token.claims().is_ok());
            assert!(matches!(refused, Err(InvalidToken::Malformed) | Ok(false)), "{text:?} {refused:?}");
        }
    }

    #[test]
    fn a_token_has_eight_kibibytes_at_most() {
        let long = |bytes: usize| write(r#"{"alg":"HS256"}"#, &"x".repeat(bytes), b"");
        assert_eq!(Token::parse(&long(6_150)).err(), Some(InvalidToken::TooLong));
        assert!(Token::parse(&long(6_100)).is_ok());
    }

    #[test]
    fn a_token_does_not_print_itself() {
        let text = write(r#"{"alg":"HS256","kid":"k"}"#, r#"{"sub":"me"}"#, b"sign");
        let printed = format!("{:?}", Token::parse(&text).unwrap());
        assert!(text.split('.').all(|part| !printed.contains(part)), "{printed}");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(kid in any::<String>(), payload in ".{0,40}", signature in any::<Vec<u8>>()) {
            let header = serde_json::json!({ "alg": "ES256", "kid": kid }).to_string();
            let text = write(&header, &payload, &signature);
            prop_assume!(text.len() <= Token::MAX_BYTES);
            let token = Token::parse(&text).unwrap();
            prop_assert_eq!(token.key_id, Some(kid));
            prop_assert_eq!(token.signature, signature);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>(), header in any::<String>(), claims in any::<String>()) {
            let _ = Token::parse(&text);
            let _ = Token::parse(&write(&header, &claims, b"")).map(|token| token.claims());
            let _ = Token::parse(&write(r#"{"alg":"HS256"}"#, &claims, b"")).map(|token| token.claims());
        }
    }
}
