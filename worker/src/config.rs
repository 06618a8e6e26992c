//! The settings, read once into a typed value.
//!
//! They come as wrangler `[vars]` and secrets, or as text bindings of `workerd`. A bad setting is named, with what was
//! expected, and every request says so until it is mended: there is no silent default for a value that is wrong.

use std::{cell::OnceCell, fmt, ops::RangeInclusive, rc::Rc, str::FromStr};

use cyclone_edge_protocol::{Rate, Retention};
use worker::{Env, Url};

/// What stands for a setting that is neither text, number nor truth value: control characters, which no secret has.
const NO_TEXT: &str = "\u{0}";

/// The most listeners that an object can hold: the runtime takes 32,768 hibernatable sockets, and ends the isolate at the
/// next; sockets that are about to close count there and not here.
const MAX_LISTENERS: usize = 32_000;

/// The settings of a hub.
pub(crate) struct Config {
    pub(crate) publish: PublishAccess,
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

/// Who may publish.
pub(crate) enum PublishAccess {
    /// Nobody: no key is set.
    Closed,
    /// Everybody: the setting says so.
    Open,
    /// Who has this key.
    Key(String),
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
        let read = |name| read(name).filter(|value| !value.is_empty());
        let number = |name, default, range| parse_number(name, read(name), default, range);
        let rate = |name| {
            let per_second = parse_number(name, read(name), 0, 0..=Rate::MAX_PER_SECOND)?;
            Ok((per_second > 0).then(|| Rate::per_second(per_second)))
        };
        let keep_alive_seconds = parse_number("KEEPALIVE_SECONDS", read("KEEPALIVE_SECONDS"), 30_u32, 1..=300)?;
        // Below two keep-alives, within which a listener that went away is forgotten.
        let confirm_seconds = u64::from(keep_alive_seconds) * 3 / 2;
        Ok(Self {
            publish: parse_publish_access(read("PUBLISH_KEY"), read("PUBLISH_OPEN").as_deref())?,
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
            cors: parse_cors_origins(read("CORS_ORIGINS"))?,
            stats_confirm_ms: 1_000 * number("STATS_CONFIRM_SECONDS", confirm_seconds, 1..=86_400)?,
        })
    }
}

/// A number or a truth value, as TOML has them without quotes, counts as its text. What is neither has no text: it is
/// given one that no setting takes.
fn read_binding(env: &Env, name: &str) -> Option<String> {
    let value = js_sys::Reflect::get(env, &name.into()).ok()?;
    if value.is_undefined() || value.is_null() {
        return None;
    }
    let number = value.as_f64().map(|number| number.to_string());
    let truth = value.as_bool().map(|truth| truth.to_string());
    Some(value.as_string().or(number).or(truth).unwrap_or_else(|| NO_TEXT.to_owned()))
}

fn parse_number<T: FromStr + PartialOrd + fmt::Display>(
    name: &'static str,
    text: Option<String>,
    default: T,
    range: RangeInclusive<T>,
) -> Result<T, InvalidSetting> {
    let Some(text) = text else { return Ok(default) };
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| InvalidSetting {
        name,
        expected: format!("a whole number from {} to {}", range.start(), range.end()),
    })
}

fn parse_publish_access(key: Option<String>, open: Option<&str>) -> Result<PublishAccess, InvalidSetting> {
    let open = match open {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(InvalidSetting { name: "PUBLISH_OPEN", expected: "`true` or `false`".to_owned() }),
    };
    if key.as_deref() == Some(NO_TEXT) {
        return Err(InvalidSetting { name: "PUBLISH_KEY", expected: "a text".to_owned() });
    }
    match (key, open) {
        (None, false) => Ok(PublishAccess::Closed),
        (None, true) => Ok(PublishAccess::Open),
        (Some(key), false) => Ok(PublishAccess::Key(key)),
        (Some(_), true) => {
            Err(InvalidSetting { name: "PUBLISH_OPEN", expected: "`false`, since PUBLISH_KEY is set".to_owned() })
        }
    }
}

fn parse_cors_origins(text: Option<String>) -> Result<CorsOrigins, InvalidSetting> {
    let Some(text) = text.filter(|text| text != "*") else { return Ok(CorsOrigins::Any) };
    let is_origin = |text: &str| Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text);
    let origins: Vec<String> = text.split(',').map(|origin| origin.trim().to_owned()).collect();
    if origins.iter().all(|origin| is_origin(origin)) {
        Ok(CorsOrigins::Listed(origins))
    } else {
        let expected = "`*`, or origins such as `https://example.com` separated by commas".to_owned();
        Err(InvalidSetting { name: "CORS_ORIGINS", expected })
    }
}

/// A setting that cannot be used. Its value is not repeated: it may be a secret put in the wrong place.
#[derive(Clone, Debug)]
pub(crate) struct InvalidSetting {
    name: &'static str,
    expected: String,
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the setting {} must be {}", self.name, self.expected)
    }
}

impl std::error::Error for InvalidSetting {}

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
        assert!(matches!(config.publish, PublishAccess::Closed));
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
                "the setting PUBLISH_OPEN must be `false`, since PUBLISH_KEY is set",
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
