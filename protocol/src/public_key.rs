//! The public keys of tokens, as they are written down: a JSON Web Key or a set of them (RFC 7517), or PEM (RFC 7468).
//!
//! Nothing is computed with them here. Of a JSON Web Key only what makes it that key is kept, so that what else it says
//! of itself cannot change what it is used for. Secret keys are not taken: what is public is no place for them.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use base64ct::{Base64, Encoding};
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
    /// A SubjectPublicKeyInfo in DER, and the only algorithm that it is for.
    Spki(Algorithm, Vec<u8>),
}

/// How the AlgorithmIdentifier in a SubjectPublicKeyInfo looks in DER (RFC 5280, section 4.1.2.7), for each kind of key: an
/// RSA key for anything (RFC 3279, section 2.3.1), one on the curve P-256 (RFC 5480, section 2.1.1), an Ed25519 key (RFC 8410,
/// section 3).
const ALGORITHM_IDENTIFIERS: [(Algorithm, &[u8]); 3] = [
    (Algorithm::Rs256, b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"),
    (Algorithm::Es256, b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"),
    (Algorithm::EdDsa, b"\x30\x05\x06\x03\x2b\x65\x70"),
];

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
        if keys.iter().any(is_secret) {
            return Err(InvalidPublicKey::Secret);
        }
        usable(&keys)
    }

    /// Reads a set of keys that somebody publishes. Those that are not for this are left out, as RFC 7517, section 5, has
    /// it.
    ///
    /// # Errors
    /// When it is no set, or has too many keys.
    pub fn parse_set(json: &[u8]) -> Result<Vec<Self>, InvalidPublicKey> {
        let keys = match json_object::<Value>(json).and_then(|mut set| set.get_mut("keys").map(Value::take)) {
            Some(Value::Array(keys)) => keys,
            _ => return Err(InvalidPublicKey::Malformed),
        };
        match usable(&keys) {
            Err(InvalidPublicKey::None) => Ok(Vec::new()),
            keys => keys,
        }
    }
}

fn usable(keys: &[Value]) -> Result<Vec<PublicKey>, InvalidPublicKey> {
    if keys.len() > PublicKey::MAX_KEYS {
        return Err(InvalidPublicKey::TooMany);
    }
    let keys: Vec<PublicKey> = keys.iter().filter_map(read_jwk).collect();
    if keys.is_empty() { Err(InvalidPublicKey::None) } else { Ok(keys) }
}

/// `None` where a key is not for checking the signatures of tokens in one of the algorithms. Read by hand: what serde
/// derives takes much more WebAssembly.
fn read_jwk(jwk: &Value) -> Option<PublicKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let (algorithm, key) = match (text("kty")?, text("crv")) {
        ("RSA", _) => (Algorithm::Rs256, json!({ "kty": "RSA", "n": text("n")?, "e": text("e")? })),
        ("EC", Some("P-256")) => {
            (Algorithm::Es256, json!({ "kty": "EC", "crv": "P-256", "x": text("x")?, "y": text("y")? }))
        }
        ("OKP", Some("Ed25519")) => (Algorithm::EdDsa, json!({ "kty": "OKP", "crv": "Ed25519", "x": text("x")? })),
        _ => return None,
    };
    let is_for = |name: &str, suits: &dyn Fn(&Value) -> bool| jwk.get(name).is_none_or(suits);
    let is_usable = !is_secret(jwk)
        && is_for("alg", &|name| name.as_str().and_then(Algorithm::parse) == Some(algorithm))
        && is_for("use", &|purpose| purpose == "sig")
        && is_for("key_ops", &|operations| {
            operations.as_array().is_some_and(|all| all.iter().any(|one| one == "verify"))
        });
    let id = text("kid").map(ToOwned::to_owned);
    is_usable.then(|| PublicKey { id, material: KeyMaterial::Jwk(algorithm, key.to_string()) })
}

/// `d` is the secret half of a pair, `k` a secret that is no pair.
fn is_secret(jwk: &Value) -> bool {
    ["d", "k"].iter().any(|secret| jwk.get(secret).is_some())
}

/// Line breaks may have become spaces, or `\n` in two characters, on the way into a setting.
fn parse_pem(text: &str) -> Result<Vec<PublicKey>, InvalidPublicKey> {
    let mut keys = Vec::new();
    for block in text.split(BEGIN).skip(1) {
        let body = block.strip_prefix(LABEL).ok_or(InvalidPublicKey::Secret)?;
        let (body, _) = body.split_once(END).ok_or(InvalidPublicKey::Malformed)?;
        let body: String = body.replace("\\n", "").split_whitespace().collect();
        let der = Base64::decode_vec(&body).map_err(|_| InvalidPublicKey::Malformed)?;
        let algorithm = algorithm_of(&der).ok_or(InvalidPublicKey::None)?;
        keys.push(PublicKey { id: None, material: KeyMaterial::Spki(algorithm, der) });
    }
    if keys.len() > PublicKey::MAX_KEYS { Err(InvalidPublicKey::TooMany) } else { Ok(keys) }
}

/// What a SubjectPublicKeyInfo is for. Whether the rest is right is for whoever imports it to find out; what it is for is
/// not: the runtime also imports a key for what it is not for.
fn algorithm_of(der: &[u8]) -> Option<Algorithm> {
    let header_bytes = match der {
        [0x30, 0x81, ..] => 3,
        [0x30, 0x82, ..] => 4,
        [0x30, ..] => 2,
        _ => return None,
    };
    let content = der.get(header_bytes..)?;
    ALGORITHM_IDENTIFIERS.into_iter().find_map(|(algorithm, bytes)| content.starts_with(bytes).then_some(algorithm))
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
            KeyMaterial::Spki(..) => None,
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
        let mut der = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".to_vec();
        der.extend([7; 32]);
        let spki = PublicKey { id: None, material: KeyMaterial::Spki(Algorithm::EdDsa, der) };
        // The key is of no use, but has the form of one.
        let body = "MCowBQYDK2VwAyEABwcHBwcHBwcHBwcHBwcH\nBwcHBwcHBwcHBwcHBwcHBwc=";
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        for text in [pem.clone(), pem.replace('\n', "\r\n"), pem.replace('\n', " "), pem.replace('\n', "\\n")] {
            assert_eq!(PublicKey::parse_all(&text), Ok(vec![spki.clone()]), "{text:?}");
        }
        assert_eq!(PublicKey::parse_all(&pem.repeat(2)), Ok(vec![spki.clone(), spki]));
    }

    #[test]
    fn a_key_is_for_what_its_identifier_says() {
        let of = |hex: &str| {
            let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
            let byte = |pair: &[u8]| pair.iter().fold(0, |byte, digit| byte << 4 | digit);
            algorithm_of(&digits.chunks(2).map(byte).collect::<Vec<_>>())
        };
        assert_eq!(of("30820122 300d06092a864886f70d0101010500 0382010f00"), Some(Algorithm::Rs256));
        assert_eq!(of("30819f 300d06092a864886f70d0101010500 03818d00"), Some(Algorithm::Rs256));
        assert_eq!(of("3059 301306072a8648ce3d020106082a8648ce3d030107 034200"), Some(Algorithm::Es256));
        assert_eq!(of("302a 300506032b6570 032100"), Some(Algorithm::EdDsa));
        for other in [
            "",
            "30",
            "3082",
            // On the curve P-384, X25519, and RSA for RSASSA-PSS only.
            "3076 301006072a8648ce3d020106052b81040022 036200",
            "302a 300506032b656e 032100",
            "30820122 300b06092a864886f70d01010a 0382010f00",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
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
