//! Which tokens count, and how they may come.

use cyclone_edge_protocol::{Expected, PublicKey};
use worker::{Url, url::Host};

use super::setting::{InvalidSetting, parse_number, text};

/// RFC 7518, section 3.2: a secret for HS256 is as long as its hash.
const MIN_SECRET_BYTES: usize = 32;

/// What is needed to check tokens.
pub(crate) struct TokenSettings {
    pub(crate) secret: Option<Secret>,
    pub(crate) public_keys: Vec<PublicKey>,
    /// Where an issuer publishes its keys.
    pub(crate) key_set_url: Option<Url>,
    pub(crate) expected: Expected,
    /// The name of the cookie that may bring a token, where pages of listed origins may send cookies.
    pub(crate) cookie: Option<String>,
    /// Whether listeners need one.
    pub(crate) are_for_subscribers: bool,
}

/// A secret key, which is never printed.
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TokenSettings {
    /// Reads the settings of tokens; `None` where there are no keys to check them with.
    ///
    /// # Errors
    /// Names the first bad setting.
    pub(super) fn parse(
        read: &impl Fn(&str) -> Option<String>,
        takes_cookies: bool,
    ) -> Result<Option<Self>, InvalidSetting> {
        let leeway_seconds: u64 = parse_number("JWT_LEEWAY_SECONDS", read("JWT_LEEWAY_SECONDS"), 30, 0..=600)?;
        let settings = Self {
            secret: parse_secret(read("JWT_SECRET"))?,
            public_keys: parse_public_keys(read("JWT_PUBLIC_KEY"))?,
            key_set_url: parse_key_set_url(read("JWKS_URL"))?,
            expected: Expected {
                audience: text("JWT_AUDIENCE", read("JWT_AUDIENCE"))?,
                issuer: text("JWT_ISSUER", read("JWT_ISSUER"))?,
                leeway_ms: 1_000 * leeway_seconds,
            },
            cookie: parse_cookie(read("JWT_COOKIE"), takes_cookies)?,
            are_for_subscribers: parse_subscribe_auth(read("SUBSCRIBE_AUTH").as_deref())?,
        };
        match settings {
            Self { secret: None, key_set_url: None, are_for_subscribers, ref public_keys, .. }
                if public_keys.is_empty() =>
            {
                let expected = "`open`, unless JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL is set";
                if are_for_subscribers { Err(InvalidSetting::new("SUBSCRIBE_AUTH", expected)) } else { Ok(None) }
            }
            settings => Ok(Some(settings)),
        }
    }
}

fn parse_secret(secret: Option<String>) -> Result<Option<Secret>, InvalidSetting> {
    match secret {
        Some(secret) if secret.len() < MIN_SECRET_BYTES => {
            let expected = format!("a text of at least {MIN_SECRET_BYTES} bytes");
            Err(InvalidSetting::new("JWT_SECRET", expected))
        }
        secret => Ok(secret.map(Secret)),
    }
}

fn parse_public_keys(text: Option<String>) -> Result<Vec<PublicKey>, InvalidSetting> {
    let Some(text) = text else { return Ok(Vec::new()) };
    PublicKey::parse_all(&text).map_err(|why| {
        let expected = format!("a public key or a set of them, as JSON Web Keys or as PEM: this is {why}");
        InvalidSetting::new("JWT_PUBLIC_KEY", expected)
    })
}

fn parse_key_set_url(text: Option<String>) -> Result<Option<Url>, InvalidSetting> {
    let Some(text) = text else { return Ok(None) };
    match Url::parse(&text) {
        Ok(url) if is_trustworthy(&url) => Ok(Some(url)),
        _ => {
            let expected = "an `https:` address without a password (`http:` only within this machine or network)";
            Err(InvalidSetting::new("JWKS_URL", expected))
        }
    }
}

/// Whoever can change the answer can make tokens: it comes encrypted, or from close by, as from another service of the
/// same machine, with a private address or a name without a full stop.
fn is_trustworthy(url: &Url) -> bool {
    let is_close = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unique_local(),
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
        None => false,
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_close);
    is_safe && url.username().is_empty() && url.password().is_none()
}

fn parse_cookie(name: Option<String>, takes_cookies: bool) -> Result<Option<String>, InvalidSetting> {
    match name {
        Some(_) if !takes_cookies => {
            Err(InvalidSetting::new("JWT_COOKIE", "unset, unless CORS_ORIGINS is a list of origins"))
        }
        Some(name) if !is_cookie_name(&name) => {
            Err(InvalidSetting::new("JWT_COOKIE", "the name of a cookie, such as `cyclone_token`"))
        }
        name => Ok(takes_cookies.then(|| name.unwrap_or_else(|| "cyclone_token".to_owned()))),
    }
}

/// RFC 6265, section 4.1.1: a token of HTTP (RFC 9110, section 5.6.2).
fn is_cookie_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn parse_subscribe_auth(text: Option<&str>) -> Result<bool, InvalidSetting> {
    match text {
        None | Some("open") => Ok(false),
        Some("jwt") => Ok(true),
        Some(_) => Err(InvalidSetting::new("SUBSCRIBE_AUTH", "`open` or `jwt`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: (&str, &str) = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");

    fn parse(settings: &[(&str, &str)], takes_cookies: bool) -> Result<Option<TokenSettings>, String> {
        let read = |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        TokenSettings::parse(&read, takes_cookies).map_err(|why| why.to_string())
    }

    fn is_set(settings: &[(&str, &str)]) -> bool {
        matches!(parse(settings, false), Ok(Some(_)))
    }

    #[test]
    fn tokens_count_where_there_is_a_key_to_check_them_with() {
        assert!(matches!(parse(&[], false), Ok(None)));
        assert!(is_set(&[SECRET]));
        assert!(is_set(&[("JWT_PUBLIC_KEY", r#"{"kty":"OKP","crv":"Ed25519","x":"x"}"#)]));
        assert!(is_set(&[("JWKS_URL", "https://issuer.example/keys"), ("SUBSCRIBE_AUTH", "jwt")]));
        let without_keys = parse(&[("SUBSCRIBE_AUTH", "jwt")], false).err();
        let expected =
            "the setting SUBSCRIBE_AUTH must be `open`, unless JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL is set";
        assert_eq!(without_keys.as_deref(), Some(expected));
    }

    #[test]
    fn a_bad_setting_is_named_and_not_repeated() {
        let cases = [
            ("JWT_SECRET", "0123456789abcdef0123456789abcde", "a text of at least 32 bytes"),
            ("JWT_PUBLIC_KEY", "hush-hush", "a public key or a set of them"),
            ("JWT_PUBLIC_KEY", r#"{"kty":"oct","k":"hush-hush"}"#, "a public key or a set of them"),
            ("JWKS_URL", "hush-hush", "an `https:` address"),
            ("JWT_LEEWAY_SECONDS", "601", "a whole number from 0 to 600"),
            ("JWT_COOKIE", "token", "unset, unless CORS_ORIGINS is a list of origins"),
            ("JWT_AUDIENCE", "\u{0}", "a text"),
            ("SUBSCRIBE_AUTH", "token", "`open` or `jwt`"),
        ];
        for (name, value, expected) in cases {
            let why = parse(&[(name, value), SECRET], false).err().unwrap_or_default();
            let is_named = why.starts_with(&format!("the setting {name} must be {expected}"));
            assert!(is_named && !why.contains("hush") && !why.contains("0123"), "{name} {why}");
        }
        assert!(parse(&[SECRET, ("JWT_COOKIE", "a b")], true).is_err());
    }

    #[test]
    fn cookies_count_only_where_origins_are_listed() {
        let cookie = |settings: &[(&str, &str)], takes_cookies| {
            parse(settings, takes_cookies).ok().flatten().and_then(|settings| settings.cookie)
        };
        assert_eq!(cookie(&[SECRET], false), None);
        assert_eq!(cookie(&[SECRET], true).as_deref(), Some("cyclone_token"));
        assert_eq!(cookie(&[SECRET, ("JWT_COOKIE", "__Host-t")], true).as_deref(), Some("__Host-t"));
    }

    #[test]
    fn keys_are_fetched_encrypted_or_from_close_by() {
        let is_taken = |url: &str| is_set(&[("JWKS_URL", url)]);
        for url in [
            "https://issuer.example/.well-known/jwks.json",
            "https://10.0.0.1/keys",
            "http://localhost:8080/keys",
            "http://issuer.localhost/keys",
            "http://keycloak:8080/keys",
            "http://127.0.0.1/keys",
            "http://192.168.1.2/keys",
            "http://[::1]/keys",
            "http://[fd00::1]/keys",
        ] {
            assert!(is_taken(url), "{url}");
        }
        for url in [
            "http://issuer.example/keys",
            "http://8.8.8.8/keys",
            "http://[2001:db8::1]/keys",
            "https://me:hush@issuer.example/keys",
            "file:///keys.json",
            "data:application/json,{}",
            "/keys",
        ] {
            assert!(!is_taken(url), "{url}");
        }
    }
}
