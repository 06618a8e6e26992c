//! What keys and tokens are good for, and how they are written down.

use base64ct::{Base64UrlUnpadded, Encoding};
use cyclone_edge_protocol::{
    Algorithm, ChannelName, ChannelPattern, ChannelPatterns, ChannelSet, Claims, Expected, InvalidToken, KeyMaterial,
    PublicKey, Token,
};
use serde_json::{Value, json};

use crate::is_tellable;

/// Two lines: a pattern, and a name that is held against it. What is taken covers what begins with it, or is it.
pub fn channel_pattern(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (text, name) = text.split_once('\n').unwrap_or((text, text));
    let pattern = match ChannelPattern::parse(text) {
        Ok(pattern) => pattern,
        Err(why) => {
            assert!(ChannelPatterns::parse([text]).is_err() && is_tellable(&why));
            return;
        }
    };
    let prefix = text.strip_suffix('*');
    assert!(!prefix.unwrap_or(text).contains('*') && text.len() <= ChannelName::MAX_BYTES + 1);
    let patterns = ChannelPatterns::parse([text]).unwrap();
    assert_eq!(serde_json::from_value::<ChannelPatterns>(json!(text)).unwrap(), patterns);
    assert_eq!(serde_json::from_value::<ChannelPatterns>(json!([text])).unwrap(), patterns);
    if let Ok(name) = ChannelName::new(name) {
        let is_covered = prefix.map_or(name.as_str() == text, |prefix| name.as_str().starts_with(prefix));
        assert_eq!(pattern.matches(&name), is_covered);
        let channels = ChannelSet::new([name]).unwrap();
        assert_eq!(patterns.cover(&channels), is_covered);
        assert!(ChannelPatterns::all().cover(&channels) && !ChannelPatterns::default().cover(&channels));
    }
}

/// A text that is taken is three parts of Base64, of a known algorithm and without critical extensions. The input is tried
/// as it is, and its three lines as the parts before they are encoded.
pub fn token(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    check_token(text);
    let mut lines = text.splitn(3, '\n');
    let mut part = || Base64UrlUnpadded::encode_string(lines.next().unwrap_or_default().as_bytes());
    check_token(&format!("{}.{}.{}", part(), part(), part()));
}

fn check_token(text: &str) {
    let token = match Token::parse(text) {
        Ok(token) => token,
        Err(why) => return assert!(is_tellable(&why)),
    };
    assert!(text.len() <= Token::MAX_BYTES && text.matches('.').count() == 2);
    assert_eq!(text, format!("{}.{}", token.signed, Base64UrlUnpadded::encode_string(&token.signature)));
    let (header, payload) = token.signed.split_once('.').unwrap();
    let header = Base64UrlUnpadded::decode_vec(header).unwrap();
    // What is ignored may be a number that is none for others.
    let Ok(header) = serde_json::from_slice::<Value>(&header) else { return };
    let names: &[&str] = match token.algorithm {
        Algorithm::Hs256 => &["HS256"],
        Algorithm::Rs256 => &["RS256"],
        Algorithm::Es256 => &["ES256"],
        Algorithm::EdDsa => &["EdDSA", "Ed25519"],
    };
    assert!(names.contains(&header["alg"].as_str().unwrap()) && header.get("crit").is_none(), "{header}");
    assert_eq!(token.key_id.as_deref(), header["kid"].as_str());
    match (token.claims(), Base64UrlUnpadded::decode_vec(payload)) {
        (Ok(claims), Ok(payload)) => assert!(Claims::parse(&payload).is_ok_and(|again| again == claims)),
        (claims, _) => assert!(claims.is_err_and(|why| is_tellable(&why))),
    }
}

/// Claims that are taken end, and count only before that, for whom and from whom they say.
pub fn claims(input: &[u8]) {
    let claims = match Claims::parse(input) {
        Ok(claims) => claims,
        Err(why) => return assert!(is_tellable(&why)),
    };
    // What is ignored may be a number that is none for others.
    let Ok(said) = serde_json::from_slice::<Value>(input) else { return };
    assert_eq!(claims.issuer.as_deref(), said["iss"].as_str());
    assert_eq!(claims.subject.as_deref(), said["sub"].as_str());
    let audience = said["aud"].as_str().or(said["aud"][0].as_str()).map(str::to_owned);
    for leeway_ms in [0, 30_000, 600_000] {
        for now_ms in [0, 1_795_242_991_119, u64::MAX] {
            let expected = Expected { audience: audience.clone(), issuer: claims.issuer.clone(), leeway_ms };
            match claims.check(&expected, now_ms) {
                Ok(ends_at_ms) => {
                    assert!(ends_at_ms > now_ms);
                    assert!(claims.check(&expected, ends_at_ms.saturating_add(leeway_ms)).is_err(), "an end is an end");
                    let stranger = Expected { issuer: Some("\0nobody".to_owned()), ..expected };
                    assert!(claims.check(&stranger, now_ms).is_err());
                }
                Err(why) => {
                    assert!(is_tellable(&why));
                    assert_eq!(why == InvalidToken::NoExpiry, said["exp"].is_null());
                }
            }
        }
    }
}

/// Keys that are taken are of a known kind, and hold no more than a public key.
pub fn public_key(input: &[u8]) {
    if let Ok(text) = str::from_utf8(input) {
        match PublicKey::parse_all(text) {
            Ok(keys) => {
                assert!((1..=PublicKey::MAX_KEYS).contains(&keys.len()));
                keys.iter().for_each(check_key);
            }
            Err(why) => assert!(is_tellable(&why)),
        }
    }
    match PublicKey::parse_set(input) {
        Ok(keys) => {
            assert!(keys.len() <= PublicKey::MAX_KEYS);
            keys.iter().for_each(check_key);
        }
        Err(why) => assert!(is_tellable(&why)),
    }
}

fn check_key(key: &PublicKey) {
    let (algorithm, jwk) = match &key.material {
        KeyMaterial::Spki(algorithm, der) => {
            assert!(der.first() == Some(&0x30) && *algorithm != Algorithm::Hs256);
            return;
        }
        KeyMaterial::Jwk(algorithm, jwk) => (algorithm, serde_json::from_str::<Value>(jwk).unwrap()),
    };
    assert_ne!(*algorithm, Algorithm::Hs256, "a secret is no public key");
    assert!(["d", "p", "q", "k", "oth"].iter().all(|secret| jwk.get(secret).is_none()), "{jwk}");
    // It reads back as itself, and is for the same.
    let again = PublicKey::parse_all(&jwk.to_string()).unwrap();
    assert_eq!(again, [PublicKey { id: None, material: key.material.clone() }]);
}
