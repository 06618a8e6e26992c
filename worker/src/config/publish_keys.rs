//! The keys that open publishing.

use cyclone_edge_protocol::ChannelPatterns;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use super::setting::{InvalidSetting, text};

/// The most keys that may be set.
const MAX_KEYS: usize = 100;
/// The longest name of a key, in bytes.
const MAX_NAME_BYTES: usize = 64;

const EXPECTED: &str = r#"a JSON array such as `[{"name": "backend", "key": "...", "channels": ["news.*"]}]`, where name and channels may be left out"#;

/// Keys, as digests: none of them is kept.
pub(crate) struct PublishKeys(Vec<PublishKey>);

/// A key, and what it is good for.
pub(crate) struct PublishKey {
    /// What publishers with this key are called: by the key's name, or by its place among the keys.
    pub(crate) publisher: String,
    pub(crate) channels: ChannelPatterns,
    digest: [u8; 32],
}

/// An item of `PUBLISH_KEYS`. A field that is misspelt must not open more than was meant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    key: String,
    name: Option<String>,
    #[serde(default = "ChannelPatterns::all")]
    channels: ChannelPatterns,
}

impl PublishKeys {
    /// Reads the key of `PUBLISH_KEY`, which is good for every channel, and those of `PUBLISH_KEYS`.
    ///
    /// # Errors
    /// When one cannot be read, or a key or a name is there twice.
    pub(super) fn parse(key: Option<String>, keys: Option<String>) -> Result<Self, InvalidSetting> {
        let one = text("PUBLISH_KEY", key)?.map(|key| Item { key, name: None, channels: ChannelPatterns::all() });
        let more: Vec<Item> = match keys {
            None => Vec::new(),
            Some(keys) => serde_json::from_str(&keys).map_err(|_| InvalidSetting::new("PUBLISH_KEYS", EXPECTED))?,
        };
        let items: Vec<Item> = one.into_iter().chain(more).collect();
        if items.len() > MAX_KEYS {
            return Err(InvalidSetting::new("PUBLISH_KEYS", format!("{MAX_KEYS} keys at most")));
        }
        let mut keys: Vec<PublishKey> = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            let key = PublishKey::of(item, place)?;
            if keys.iter().any(|other| other.digest == key.digest || other.publisher == key.publisher) {
                return Err(InvalidSetting::new("PUBLISH_KEYS", "keys and names that differ, also from PUBLISH_KEY"));
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that somebody shows. All are compared, whichever it is: the time tells neither where two differ, nor how
    /// long one is, nor which of them it was.
    pub(crate) fn find(&self, shown: &str) -> Option<&PublishKey> {
        let digest = digest(shown);
        let mut found = u32::MAX;
        for (place, key) in (0_u32..).zip(&self.0) {
            found.conditional_assign(&place, key.digest.ct_eq(&digest));
        }
        self.0.get(usize::try_from(found).ok()?)
    }
}

impl PublishKey {
    fn of(item: Item, place: usize) -> Result<Self, InvalidSetting> {
        if item.key.is_empty() {
            return Err(InvalidSetting::new("PUBLISH_KEYS", "keys that are not empty"));
        }
        let publisher = match item.name {
            None => format!("key {place}"),
            Some(name) if is_name(&name) => format!("key {name:?}"),
            Some(_) => {
                let expected = format!("names of 1 to {MAX_NAME_BYTES} bytes without control characters");
                return Err(InvalidSetting::new("PUBLISH_KEYS", expected));
            }
        };
        Ok(Self { publisher, channels: item.channels, digest: digest(&item.key) })
    }
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control)
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cyclone_edge_protocol::ChannelSet;

    fn parse(key: Option<&str>, keys: Option<&str>) -> Result<PublishKeys, String> {
        PublishKeys::parse(key.map(str::to_owned), keys.map(str::to_owned)).map_err(|why| why.to_string())
    }

    fn read(key: Option<&str>, keys: Option<&str>) -> PublishKeys {
        parse(key, keys).unwrap_or_else(|why| unreachable!("{why}"))
    }

    #[test]
    fn only_a_whole_key_is_a_key_and_it_says_whose_it_is() {
        let keys = r#"[{"key":"second"},{"key":"third","name":"third","channels":["news.*"]}]"#;
        let keys = read(Some("first"), Some(keys));
        let publisher = |shown: &str| keys.find(shown).map(|key| key.publisher.as_str());
        assert_eq!(publisher("first"), Some("key 0"));
        assert_eq!(publisher("second"), Some("key 1"));
        assert_eq!(publisher("third"), Some(r#"key "third""#));
        for wrong in ["", "firs", "first ", "FIRST", "firstsecond", "0"] {
            assert!(keys.find(wrong).is_none(), "{wrong:?}");
        }
        assert!(read(None, None).find("").is_none());
    }

    #[test]
    fn a_key_without_channels_is_good_for_all_and_one_with_an_empty_list_for_none() {
        let keys = r#"[{"key":"a"},{"key":"b","channels":["news.*","sport"]},{"key":"c","channels":[]}]"#;
        let keys = read(None, Some(keys));
        let covers = |shown: &str, channels: &str| {
            let channels = ChannelSet::parse([channels]).ok();
            keys.find(shown).zip(channels).is_some_and(|(key, channels)| key.channels.cover(&channels))
        };
        assert!(covers("a", "anything"));
        assert!(covers("b", "sport,news.world"));
        assert!(!covers("b", "sport,other"));
        assert!(!covers("c", "anything"));
    }

    #[test]
    fn keys_that_cannot_be_meant_are_refused_without_being_repeated() {
        let long_name = format!(r#"[{{"key":"hush","name":"{}"}}]"#, "x".repeat(65));
        for keys in [
            "hush",
            r#"{"key":"hush"}"#,
            r#"["hush"]"#,
            r#"[{"key":""}]"#,
            r#"[{"key":"hush"},{"key":"hush"}]"#,
            r#"[{"key":"hush","name":"n"},{"key":"other","name":"n"}]"#,
            r#"[{"key":"hush","name":""}]"#,
            r#"[{"key":"hush","channel":["a"]}]"#,
            r#"[{"key":"hush","channels":null}]"#,
            r#"[{"key":"hush","channels":["a*b"]}]"#,
            r#"[{"key":"dev"}]"#,
            &long_name,
        ] {
            let why = parse(Some("dev"), Some(keys)).err();
            let is_named = |why: &String| why.starts_with("the setting PUBLISH_KEYS must be ") && !why.contains("hush");
            assert!(why.as_ref().is_some_and(is_named), "{keys} {why:?}");
        }
    }
}
