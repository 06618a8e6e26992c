//! The settings, read once into a typed value.
//!
//! They come as wrangler `[vars]` and secrets, or as text bindings of `workerd`. A bad setting is named, with what was
//! expected, and every request says so until it is mended: there is no silent default for a value that is wrong.

mod legs;
mod publish_keys;
mod setting;
mod tokens;

use std::{cell::OnceCell, rc::Rc};

use cyclone_edge_protocol::{Rate, Retention};
use worker::{Env, Url};

pub(crate) use legs::Legs;
pub(crate) use publish_keys::PublishKeys;
pub(crate) use setting::InvalidSetting;
use setting::{parse_number, read_binding};
pub(crate) use tokens::TokenSettings;

/// The most listeners that an object can hold: the runtime takes 32,768 hibernatable sockets, and ends the isolate at the
/// next; sockets that are about to close count there and not here.
const MAX_LISTENERS: usize = 32_000;

/// The settings of a hub.
pub(crate) struct Config {
    pub(crate) publish: PublishAccess,
    /// Tokens, where they count: for publishers, and for listeners where these need one.
    pub(crate) tokens: Option<TokenSettings>,
    /// The time between two keep-alives of a stream, and the longest wait of a long-poll.
    pub(crate) keep_alive_ms: u32,
    pub(crate) retry: Retry,
    pub(crate) retention: Retention,
    pub(crate) max_message_bytes: usize,
    /// How often may be published to one channel; `None` as often as it can take.
    pub(crate) channel_publish_rate: Option<Rate>,
    /// How often may be published with one key.
    pub(crate) key_publish_rate: Option<Rate>,
    /// The most listeners of one object.
    pub(crate) max_listeners: usize,
    /// How objects reach their listeners.
    pub(crate) legs: Legs,
    /// How many relays share the listeners of a place.
    pub(crate) relays_per_place: u32,
    pub(crate) cors: CorsOrigins,
    /// How long a listener count is believed before `/stats` asks for it again.
    pub(crate) stats_confirm_ms: u64,
}

/// The reconnection time that streams ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retry {
    shortest_ms: u64,
}

impl Retry {
    /// Up to half as long again, so that listeners that were cut off together do not come back together.
    pub(crate) fn jittered_ms(self) -> u64 {
        self.shortest_ms + (js_sys::Math::random() * (self.shortest_ms / 2) as f64) as u64
    }
}

/// Who may publish without a token.
pub(crate) enum PublishAccess {
    /// Everybody: the setting says so.
    Open,
    /// Who has one of these keys; there may be none.
    Keys(PublishKeys),
}

/// Which pages may read answers of the hub.
pub(crate) enum CorsOrigins {
    /// All, without credentials.
    Any,
    /// These, with credentials.
    Listed(Vec<String>),
}

thread_local! {
    /// Settings change only with a new version of the worker, which comes with a new isolate.
    static CONFIG: OnceCell<Result<Rc<Config>, InvalidSetting>> = const { OnceCell::new() };
}

impl Config {
    /// The settings of this isolate.
    ///
    /// # Errors
    /// Names the first bad setting.
    pub(crate) fn of(env: &Env) -> Result<Rc<Self>, InvalidSetting> {
        let read = |name: &str| read_binding(env, name);
        CONFIG.with(|config| config.get_or_init(|| Self::parse(read).map(Rc::new)).clone())
    }

    /// Reads the settings through `read`, which gives the text of a setting where there is one.
    ///
    /// # Errors
    /// Names the first bad setting.
    fn parse(read: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let read = |name: &str| read(name).filter(|value| !value.is_empty());
        let number = |name, default, range| parse_number(name, read(name), default, range);
        let rate = |name| {
            let per_second = parse_number(name, read(name), 0, 0..=Rate::MAX_PER_SECOND)?;
            Ok((per_second > 0).then(|| Rate::per_second(per_second)))
        };
        let keep_alive_seconds = parse_number("KEEPALIVE_SECONDS", read("KEEPALIVE_SECONDS"), 30_u32, 1..=300)?;
        // Below two keep-alives, within which a listener that went away is forgotten.
        let confirm_seconds = u64::from(keep_alive_seconds) * 3 / 2;
        let cors = parse_cors_origins(read("CORS_ORIGINS"))?;
        let keys = PublishKeys::parse(read("PUBLISH_KEY"), read("PUBLISH_KEYS"))?;
        Ok(Self {
            publish: parse_publish_access(keys, read("PUBLISH_OPEN").as_deref())?,
            tokens: TokenSettings::parse(&read, matches!(cors, CorsOrigins::Listed(_)))?,
            keep_alive_ms: 1_000 * keep_alive_seconds,
            retry: Retry { shortest_ms: number("RETRY_MS", 2_000, 100..=3_600_000)? },
            retention: Retention {
                max_messages: number("HISTORY_MESSAGES", 10_000, 1..=1_000_000)?,
                max_age_ms: 1_000 * number("HISTORY_SECONDS", 86_400, 1..=31_536_000)?,
            },
            max_message_bytes: parse_number("MAX_MESSAGE_BYTES", read("MAX_MESSAGE_BYTES"), 65_536, 1..=1_048_576)?,
            channel_publish_rate: rate("CHANNEL_PUBLISHES_PER_SECOND")?,
            key_publish_rate: rate("KEY_PUBLISHES_PER_SECOND")?,
            max_listeners: parse_number("MAX_LISTENERS", read("MAX_LISTENERS"), MAX_LISTENERS, 1..=MAX_LISTENERS)?,
            legs: Legs::parse(read)?,
            relays_per_place: parse_number("RELAYS_PER_PLACE", read("RELAYS_PER_PLACE"), 4, 1..=1_000)?,
            cors,
            stats_confirm_ms: 1_000 * number("STATS_CONFIRM_SECONDS", confirm_seconds, 1..=86_400)?,
        })
    }
}

fn parse_publish_access(keys: PublishKeys, open: Option<&str>) -> Result<PublishAccess, InvalidSetting> {
    match open {
        None | Some("false") => Ok(PublishAccess::Keys(keys)),
        Some("true") if keys.is_empty() => Ok(PublishAccess::Open),
        Some("true") => Err(InvalidSetting::new("PUBLISH_OPEN", "`false`, since PUBLISH_KEY or PUBLISH_KEYS is set")),
        Some(_) => Err(InvalidSetting::new("PUBLISH_OPEN", "`true` or `false`")),
    }
}

fn parse_cors_origins(text: Option<String>) -> Result<CorsOrigins, InvalidSetting> {
    let Some(text) = text.filter(|text| text != "*") else { return Ok(CorsOrigins::Any) };
    let is_origin = |text: &str| Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text);
    let origins: Vec<String> = text.split(',').map(|origin| origin.trim().to_owned()).collect();
    if origins.iter().all(|origin| is_origin(origin)) {
        Ok(CorsOrigins::Listed(origins))
    } else {
        let expected = "`*`, or origins such as `https://example.com` separated by commas";
        Err(InvalidSetting::new("CORS_ORIGINS", expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(settings: &[(&str, &str)]) -> Result<Config, String> {
        let read = |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::parse(read).map_err(|why| why.to_string())
    }

    #[test]
    fn without_settings_there_are_sane_ones_and_nobody_may_publish() {
        let config = parse(&[]).unwrap_or_else(|why| unreachable!("{why}"));
        assert_eq!((config.keep_alive_ms, config.stats_confirm_ms, config.max_message_bytes), (30_000, 45_000, 65_536));
        assert_eq!(config.retention, Retention { max_messages: 10_000, max_age_ms: 86_400_000 });
        assert_eq!(config.retry, Retry { shortest_ms: 2_000 });
        assert_eq!((config.channel_publish_rate, config.key_publish_rate), (None, None));
        assert!(matches!(config.publish, PublishAccess::Keys(keys) if keys.is_empty()));
        assert!(config.tokens.is_none());
        assert!(matches!(config.cors, CorsOrigins::Any));
    }

    #[test]
    fn a_bad_setting_is_named_with_what_was_expected() {
        let cases = [
            (vec![("KEEPALIVE_SECONDS", "0")], "the setting KEEPALIVE_SECONDS must be a whole number from 1 to 300"),
            (vec![("RETRY_MS", "2s")], "the setting RETRY_MS must be a whole number from 100 to 3600000"),
            (vec![("HISTORY_MESSAGES", "-1")], "the setting HISTORY_MESSAGES must be a whole number from 1 to 1000000"),
            (vec![("PUBLISH_OPEN", "yes")], "the setting PUBLISH_OPEN must be `true` or `false`"),
            (
                vec![("PUBLISH_OPEN", "true"), ("PUBLISH_KEY", "hush")],
                "the setting PUBLISH_OPEN must be `false`, since PUBLISH_KEY or PUBLISH_KEYS is set",
            ),
            (
                vec![("CORS_ORIGINS", "https://a.example/path")],
                "the setting CORS_ORIGINS must be `*`, or origins such as `https://example.com` separated by commas",
            ),
        ];
        for (settings, message) in cases {
            assert_eq!(parse(&settings).err().as_deref(), Some(message));
        }
    }
}
