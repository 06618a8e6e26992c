//! Keys, and the signatures that they have made: the platform's Web Crypto does the work.
//!
//! What a key is for is decided when it is imported, and the platform holds to that: a token's header only chooses among
//! the keys for its algorithm. So a public key never serves as a secret (RFC 8725, section 2.1).

use cyclone_edge_protocol::{Algorithm, KeyMaterial, PublicKey, Token};
use js_sys::{Array, JSON, Object, Reflect, Uint8Array, futures::JsFuture};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};

use crate::error::Error;

/// RFC 7518, section 3.3.
const MIN_RSA_BITS: f64 = 2048.0;

/// A key that can check signatures.
#[derive(Clone)]
pub(super) struct Verifier {
    id: Option<String>,
    algorithm: Algorithm,
    key: CryptoKey,
}

impl Verifier {
    /// A secret for HS256.
    pub(super) async fn of_secret(secret: &[u8]) -> Result<Self, Error> {
        let algorithm = Algorithm::Hs256;
        let key = import("raw", &Uint8Array::from(secret), algorithm).await.map_err(worker::Error::from)?;
        Ok(Self { id: None, algorithm, key })
    }

    /// `None` where the platform cannot use a key.
    pub(super) async fn of_public_key(key: &PublicKey) -> Option<Self> {
        let verifier = |algorithm, imported| Self { id: key.id.clone(), algorithm, key: imported };
        match &key.material {
            KeyMaterial::Jwk(algorithm, json) => {
                let json: Object = JSON::parse(json).ok()?.dyn_into().ok()?;
                Some(verifier(*algorithm, import_public("jwk", &json, *algorithm).await?))
            }
            KeyMaterial::Spki(algorithm, der) => {
                let der = Uint8Array::from(der.as_slice());
                Some(verifier(*algorithm, import_public("spki", &der, *algorithm).await?))
            }
        }
    }

    /// Whether tokens may call this key so. A key without a name may be any.
    pub(super) fn may_be(&self, id: Option<&str>) -> bool {
        match (self.id.as_deref(), id) {
            (Some(own), Some(id)) => own == id,
            (None, _) | (_, None) => true,
        }
    }

    /// Whether it is worth trying.
    pub(super) fn may_have_signed(&self, token: &Token<'_>) -> bool {
        self.algorithm == token.algorithm && self.may_be(token.key_id.as_deref())
    }

    /// Whether it has. A signature that the platform cannot even read is wrong.
    pub(super) async fn has_signed(&self, token: &Token<'_>) -> bool {
        let verified = async {
            let signature = Uint8Array::from(token.signature.as_slice());
            let signed = Uint8Array::from(token.signed.as_bytes());
            let parameters = parameters(self.algorithm)?;
            let verify = subtle()?.verify_with_object_and_js_u8_array_and_js_u8_array(
                &parameters,
                &self.key,
                &signature,
                &signed,
            )?;
            JsFuture::from(verify).await
        };
        verified.await.is_ok_and(|answer| answer.is_truthy())
    }
}

async fn import_public(format: &str, data: &Object, algorithm: Algorithm) -> Option<CryptoKey> {
    let key = import(format, data, algorithm).await.ok()?;
    (algorithm != Algorithm::Rs256 || has_enough_bits(&key)).then_some(key)
}

async fn import(format: &str, data: &Object, algorithm: Algorithm) -> Result<CryptoKey, JsValue> {
    let usages = Array::of1(&"verify".into());
    let import = subtle()?.import_key_with_object(format, data, &parameters(algorithm)?, false, &usages)?;
    Ok(JsFuture::from(import).await?.unchecked_into())
}

fn has_enough_bits(key: &CryptoKey) -> bool {
    let field = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).ok();
    let bits = field(key, "algorithm").and_then(|algorithm| field(&algorithm, "modulusLength"));
    bits.and_then(|bits| bits.as_f64()).is_some_and(|bits| bits >= MIN_RSA_BITS)
}

/// What Web Crypto calls the algorithm, for importing and for checking.
fn parameters(algorithm: Algorithm) -> Result<Object, JsValue> {
    let json = match algorithm {
        Algorithm::Hs256 => r#"{"name":"HMAC","hash":"SHA-256"}"#,
        Algorithm::Rs256 => r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}"#,
        Algorithm::Es256 => r#"{"name":"ECDSA","namedCurve":"P-256","hash":"SHA-256"}"#,
        Algorithm::EdDsa => r#"{"name":"Ed25519"}"#,
    };
    JSON::parse(json)?.dyn_into()
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(scope.crypto()?.subtle())
}
