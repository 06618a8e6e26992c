//! Whoever makes tokens.

use std::process::Command;

use harness::root;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// A key, and who has it.
#[derive(Clone)]
pub(super) struct Issuer {
    algorithm: Algorithm,
    key: EncodingKey,
    id: Option<String>,
    pem: String,
    jwk: Value,
}

/// Makes a pair of keys, and prints them in the forms in which they are needed.
const GENERATE: &str = r#"
    const [kind, options] = JSON.parse(process.argv[1]);
    const { privateKey, publicKey } = require("node:crypto").generateKeyPairSync(kind, options);
    console.log(JSON.stringify({
      secret: privateKey.export({ type: "pkcs8", format: "pem" }),
      pem: publicKey.export({ type: "spki", format: "pem" }),
      jwk: publicKey.export({ format: "jwk" }),
    }));
"#;

impl Issuer {
    /// One who signs with HS256.
    pub(super) fn with_secret(secret: &str) -> Self {
        let key = EncodingKey::from_secret(secret.as_bytes());
        Self { algorithm: Algorithm::HS256, key, id: None, pem: String::new(), jwk: Value::Null }
    }

    /// One who signs with RS256, ES256 or EdDSA, and a key of its own.
    pub(super) fn with_new_key(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::RS256 => Self::with_rsa_key(2048),
            Algorithm::ES256 => Self::generate(algorithm, &json!(["ec", { "namedCurve": "P-256" }])),
            _ => Self::generate(algorithm, &json!(["ed25519", {}])),
        }
    }

    pub(super) fn with_rsa_key(bits: u32) -> Self {
        Self::generate(Algorithm::RS256, &json!(["rsa", { "modulusLength": bits }]))
    }

    fn generate(algorithm: Algorithm, kind: &Value) -> Self {
        let node = Command::new("node").args(["-e", GENERATE, &kind.to_string()]).current_dir(root()).output().unwrap();
        assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
        let made: Value = serde_json::from_slice(&node.stdout).unwrap();
        let secret = made["secret"].as_str().unwrap().as_bytes();
        let key = match algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(secret),
            Algorithm::ES256 => EncodingKey::from_ec_pem(secret),
            _ => EncodingKey::from_ed_pem(secret),
        };
        let (pem, jwk) = (made["pem"].as_str().unwrap().to_owned(), made["jwk"].clone());
        Self { algorithm, key: key.unwrap(), id: None, pem, jwk }
    }

    /// The key has a name from now on, which its tokens give.
    pub(super) fn named(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self.jwk["kid"] = json!(id);
        self
    }

    /// The public key, as PEM.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// The public key, as a JSON Web Key.
    pub(super) fn jwk(&self) -> &Value {
        &self.jwk
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: self.id.clone(), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

/// A set of public keys.
pub(super) fn set<'a>(issuers: impl IntoIterator<Item = &'a Issuer>) -> Value {
    let keys: Vec<&Value> = issuers.into_iter().map(Issuer::jwk).collect();
    json!({ "keys": keys })
}
