//! The public keys of tokens, as they are written down: a JSON Web Key or a set of them (RFC 7517), or PEM (RFC 7468).
//!
//! Nothing is computed with them here. Of a JSON Web Key only what makes it that key is kept, so that what else it says
//! of itself cannot change what it is used for. Secret keys are not taken: what is public is no place for them.

use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use base64ct::{Base64, Encoding};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Algorithm, token::json_object};

/// A public key, which nobody has looked at closely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// `kid`: what tokens call it.
    pub id: Option<String>,
    /// The key itself.
    pub material: KeyMaterial,
}

/// A key in one of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyMaterial {
    /// A JSON Web Key with no more than its key, and the only algorithm that it is for.
    Jwk(Algorithm, String),
    /// A SubjectPublicKeyInfo in DER, which says itself what it is for.
    Spki(Vec<u8>),
}

/// What a JSON Web Key may say, as far as it counts here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The secret half of a pair.
    d: Option<Value>,
    /// A secret that is no pair.
    k: Option<Value>,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

const BEGIN: &str = "-----BEGIN ";
const LABEL: &str = "PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

impl PublicKey {
    /// The most keys of a set.
    pub const MAX_KEYS: usize = 100;

    /// Reads what somebody wrote into a setting: a key or a set of keys as JSON, or one or more keys as PEM.
    ///
    /// # Errors
    /// When there is no key that can be used, or a secret one.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, InvalidPublicKey> {
        if text.trim_start().starts_with(BEGIN) {
            return parse_pem(text);
        }
        let value: Value = json_object(text.as_bytes()).ok_or(InvalidPublicKey::Malformed)?;
        let keys = match value.get("keys") {
            Some(Value::Array(keys)) => keys.clone(),
            Some(_) => return Err(InvalidPublicKey::Malformed),
            None => vec![value],
        };
        if keys.iter().any(|key| ["d", "k"].iter().any(|secret| key.get(secret).is_some())) {
            return Err(InvalidPublicKey::Secret);
        }
        usable(keys)
    }

    /// Reads a set of keys that somebody publishes. Those that are not for this are left out, as RFC 7517, section 5, has
    /// it.
    ///
    /// # Errors
    /// When it is no set, or has too many keys.
    pub fn parse_set(json: &[u8]) -> Result<Vec<Self>, InvalidPublicKey> {
        let set: JwkSet = json_object(json).ok_or(InvalidPublicKey::Malformed)?;
        match usable(set.keys) {
            Err(InvalidPublicKey::None) => Ok(Vec::new()),
            keys => keys,
        }
    }
}

fn usable(keys: Vec<Value>) -> Result<Vec<PublicKey>, InvalidPublicKey> {
    if keys.len() > PublicKey::MAX_KEYS {
        return Err(InvalidPublicKey::TooMany);
    }
    let keys: Vec<PublicKey> =
        keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()?.into_key()).collect();
    if keys.is_empty() { Err(InvalidPublicKey::None) } else { Ok(keys) }
}

impl Jwk {
    /// `None` where it is not for checking the signatures of tokens in one of the algorithms.
    fn into_key(self) -> Option<PublicKey> {
        let is_secret = self.d.is_some() || self.k.is_some();
        let is_for_else = self.purpose.as_deref().is_some_and(|purpose| purpose != "sig")
            || self.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|one| one == "verify"));
        if is_secret || is_for_else {
            return None;
        }
        let (algorithm, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => (Algorithm::Rs256, json!({ "kty": "RSA", "n": self.n?, "e": self.e? })),
            ("EC", Some("P-256")) => {
                (Algorithm::Es256, json!({ "kty": "EC", "crv": "P-256", "x": self.x?, "y": self.y? }))
            }
            ("OKP", Some("Ed25519")) => (Algorithm::EdDsa, json!({ "kty": "OKP", "crv": "Ed25519", "x": self.x? })),
            _ => return None,
        };
        if self.alg.is_some_and(|name| Algorithm::parse(&name) != Some(algorithm)) {
            return None;
        }
        Some(PublicKey { id: self.kid, material: KeyMaterial::Jwk(algorithm, key.to_string()) })
    }
}

/// Line breaks may have become spaces, or `\n` in two characters, on the way into a setting.
fn parse_pem(text: &str) -> Result<Vec<PublicKey>, InvalidPublicKey> {
    let mut keys = Vec::new();
    for block in text.split(BEGIN).skip(1) {
        let body = block.strip_prefix(LABEL).ok_or(InvalidPublicKey::Secret)?;
        let (body, _) = body.split_once(END).ok_or(InvalidPublicKey::Malformed)?;
        let body: String = body.replace("\\n", "").split_whitespace().collect();
        let der = Base64::decode_vec(&body).map_err(|_| InvalidPublicKey::Malformed)?;
        keys.push(PublicKey { id: None, material: KeyMaterial::Spki(der) });
    }
    if keys.len() > PublicKey::MAX_KEYS { Err(InvalidPublicKey::TooMany) } else { Ok(keys) }
}

/// Why some text holds no public keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidPublicKey {
    /// It is neither JSON nor PEM of the right form.
    Malformed,
    /// It holds a key that is no public key.
    Secret,
    /// None of its keys is for one of the algorithms.
    None,
    /// It has more than [`PublicKey::MAX_KEYS`].
    TooMany,
}

impl fmt::Display for InvalidPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("neither JSON Web Keys nor PEM"),
            Self::Secret => f.write_str("a key that is not public"),
            Self::None => f.write_str("no key for RS256, ES256 or EdDSA"),
            Self::TooMany => write!(f, "more than {} keys", PublicKey::MAX_KEYS),
        }
    }
}

impl core::error::Error for InvalidPublicKey {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"x","y":"y","kid":"one","use":"sig","alg":"ES256"}"#;
    const RSA: &str = r#"{"kty":"RSA","n":"n","e":"AQAB","key_ops":["verify"]}"#;
    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"x","alg":"EdDSA"}"#;

    fn set(keys: &[&str]) -> String {
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    fn algorithms(keys: &[PublicKey]) -> Vec<Algorithm> {
        let algorithm = |key: &PublicKey| match key.material {
            KeyMaterial::Jwk(algorithm, _) => Some(algorithm),
            KeyMaterial::Spki(_) => None,
        };
        keys.iter().filter_map(algorithm).collect()
    }

    #[test]
    fn a_key_or_a_set_of_keys_is_read_and_what_each_is_for() {
        let one = PublicKey::parse_all(EC).unwrap();
        let json = r#"{"crv":"P-256","kty":"EC","x":"x","y":"y"}"#.to_owned();
        assert_eq!(one, [PublicKey { id: Some("one".to_owned()), material: KeyMaterial::Jwk(Algorithm::Es256, json) }]);
        let all = PublicKey::parse_all(&set(&[EC, RSA, ED])).unwrap();
        assert_eq!(algorithms(&all), [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa]);
    }

    #[test]
    fn keys_for_something_else_are_left_out_of_a_set() {
        let others = [
            r#"{"kty":"EC","crv":"P-384","x":"x","y":"y"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"x"}"#,
            r#"{"kty":"RSA","n":"n","e":"AQAB","use":"enc"}"#,
            r#"{"kty":"RSA","n":"n","e":"AQAB","key_ops":["encrypt"]}"#,
            r#"{"kty":"RSA","n":"n","e":"AQAB","alg":"RS512"}"#,
            r#"{"kty":"RSA","n":"n","e":"AQAB","alg":"HS256"}"#,
            r#"{"kty":"OKP","crv":"X25519","x":"x"}"#,
            r#"{"kty":"oct","k":"c2VjcmV0"}"#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"x","d":"d"}"#,
            r#"{"kty":1}"#,
            "null",
        ];
        let mut keys = others.to_vec();
        assert_eq!(PublicKey::parse_set(set(&keys).as_bytes()), Ok(Vec::new()));
        keys.push(ED);
        assert_eq!(algorithms(&PublicKey::parse_set(set(&keys).as_bytes()).unwrap()), [Algorithm::EdDsa]);
    }

    #[test]
    fn a_setting_without_a_key_or_with_a_secret_one_is_refused() {
        use InvalidPublicKey as Why;
        let cases = [
            ("", Why::Malformed),
            ("secret", Why::Malformed),
            ("[]", Why::Malformed),
            (r#"{"keys":{}}"#, Why::Malformed),
            (r#"{"keys":[]}"#, Why::None),
            ("{}", Why::None),
            (r#"{"kty":"oct","k":"c2VjcmV0"}"#, Why::Secret),
            (r#"{"keys":[{"kty":"RSA","n":"n","e":"e","d":"d"}]}"#, Why::Secret),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", Why::Secret),
            ("-----BEGIN PUBLIC KEY-----\nAAAA", Why::Malformed),
            ("-----BEGIN PUBLIC KEY-----\nA-_A\n-----END PUBLIC KEY-----", Why::Malformed),
        ];
        for (text, why) in cases {
            assert_eq!(PublicKey::parse_all(text), Err(why), "{text}");
        }
        let many = set(&[ED; 101]);
        assert_eq!(PublicKey::parse_all(&many), Err(Why::TooMany));
        assert_eq!(PublicKey::parse_set(many.as_bytes()), Err(Why::TooMany));
        assert_eq!(PublicKey::parse_set(ED.as_bytes()), Err(Why::Malformed));
    }

    #[test]
    fn pem_is_read_however_its_lines_came_through() {
        let spki = PublicKey { id: None, material: KeyMaterial::Spki(b"key material".to_vec()) };
        let pem = "-----BEGIN PUBLIC KEY-----\na2V5IG1h\ndGVyaWFs\n-----END PUBLIC KEY-----\n";
        for text in [pem.to_owned(), pem.replace('\n', "\r\n"), pem.replace('\n', " "), pem.replace('\n', "\\n")] {
            assert_eq!(PublicKey::parse_all(&text), Ok(vec![spki.clone()]), "{text:?}");
        }
        assert_eq!(PublicKey::parse_all(&pem.repeat(2)), Ok(vec![spki.clone(), spki]));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in any::<String>(), body in any::<String>()) {
            for text in [&text, &format!("-----BEGIN PUBLIC KEY-----{body}-----END PUBLIC KEY-----"), &format!("{{\"keys\":[{body}]}}")] {
                let _ = PublicKey::parse_all(text);
                let _ = PublicKey::parse_set(text.as_bytes());
            }
        }
    }
}
