//! Which channels a key or a token is good for.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{ChannelName, ChannelSet, InvalidChannelName, texts::Texts};

/// An exact name, or a prefix of names and `*` at its end: `news`, `news.*`, `*`.
///
/// What comes before the `*` keeps the rules of a [`ChannelName`], but may be empty. There is no way to name a channel
/// that ends with `*`: channels hold none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelPattern(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Exact(ChannelName),
    Prefix(String),
}

impl ChannelPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidChannelPattern> {
        let Some(prefix) = text.strip_suffix('*') else { return Ok(Self(Kind::Exact(checked(text)?))) };
        if !prefix.is_empty() {
            checked(prefix)?;
        }
        Ok(Self(Kind::Prefix(prefix.to_owned())))
    }

    /// Whether the pattern covers a channel. Names are compared byte by byte, as channels are told apart.
    #[must_use]
    pub fn matches(&self, name: &ChannelName) -> bool {
        match &self.0 {
            Kind::Exact(exact) => exact == name,
            Kind::Prefix(prefix) => name.as_str().starts_with(prefix.as_str()),
        }
    }
}

fn checked(name: &str) -> Result<ChannelName, InvalidChannelPattern> {
    ChannelName::new(name).map_err(|why| match why {
        InvalidChannelName::Pattern => InvalidChannelPattern::Asterisk,
        why => InvalidChannelPattern::Name(why),
    })
}

/// Some patterns, which together cover what any of them covers; none cover nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelPatterns(Vec<ChannelPattern>);

impl ChannelPatterns {
    /// The most patterns that a key or a claim may list.
    pub const MAX_PATTERNS: usize = 1_000;

    /// Reads some patterns.
    ///
    /// # Errors
    /// When one is none, or there are more than [`Self::MAX_PATTERNS`].
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidChannelPattern> {
        let mut patterns = Vec::new();
        for text in texts {
            if patterns.len() == Self::MAX_PATTERNS {
                return Err(InvalidChannelPattern::TooMany);
            }
            patterns.push(ChannelPattern::parse(text)?);
        }
        Ok(Self(patterns))
    }

    /// What covers every channel.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![ChannelPattern(Kind::Prefix(String::new()))])
    }

    /// Whether every one of these channels is covered.
    #[must_use]
    pub fn cover(&self, channels: &ChannelSet) -> bool {
        channels.iter().all(|name| self.0.iter().any(|pattern| pattern.matches(name)))
    }
}

/// From JSON: an array of patterns, or a text that is one.
impl<'de> Deserialize<'de> for ChannelPatterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Texts(texts) = Texts::deserialize(deserializer)?;
        Self::parse(texts.iter().map(String::as_str)).map_err(|why| D::Error::custom(why.to_string()))
    }
}

/// Why a text is no channel pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidChannelPattern {
    /// It holds `*` elsewhere than at its end.
    Asterisk,
    /// Apart from its `*` it is no beginning of a channel name.
    Name(InvalidChannelName),
    /// There are more than [`ChannelPatterns::MAX_PATTERNS`].
    TooMany,
}

impl fmt::Display for InvalidChannelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asterisk => f.write_str("a channel pattern has one `*` at most, at its end"),
            Self::Name(why) => why.fmt(f),
            Self::TooMany => write!(f, "list at most {} channel patterns", ChannelPatterns::MAX_PATTERNS),
        }
    }
}

impl core::error::Error for InvalidChannelPattern {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Name(why) => Some(why),
            Self::Asterisk | Self::TooMany => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(name: &str) -> ChannelName {
        ChannelName::new(name).unwrap()
    }

    #[test]
    fn a_pattern_covers_its_exact_name_or_what_begins_with_its_prefix() {
        let cases = [
            ("news", "news", true),
            ("news", "news.world", false),
            ("news", "new", false),
            ("news", "News", false),
            ("news.*", "news.world", true),
            ("news.*", "news.", true),
            ("news.*", "news", false),
            ("news.*", "fake.news.world", false),
            ("*", "anything", true),
            ("é*", "é", true),
            ("e\u{301}*", "é", false),
        ];
        for (pattern, channel, matches) in cases {
            assert_eq!(ChannelPattern::parse(pattern).unwrap().matches(&name(channel)), matches, "{pattern} {channel}");
        }
    }

    #[test]
    fn each_rule_is_named_when_it_is_broken() {
        use InvalidChannelPattern as Why;
        let cases = [
            ("", Why::Name(InvalidChannelName::Empty)),
            ("a*b", Why::Asterisk),
            ("**", Why::Asterisk),
            ("a**", Why::Asterisk),
            ("a,b", Why::Name(InvalidChannelName::Comma)),
            ("a\n*", Why::Name(InvalidChannelName::ControlCharacter)),
            (&format!("{}*", "x".repeat(257)), Why::Name(InvalidChannelName::TooLong)),
        ];
        for (pattern, why) in cases {
            assert_eq!(ChannelPattern::parse(pattern), Err(why), "{pattern:?}");
        }
        assert!(ChannelPattern::parse(&format!("{}*", "x".repeat(256))).is_ok());
        assert_eq!(ChannelPatterns::parse(["a"; 1_001]), Err(Why::TooMany));
    }

    #[test]
    fn every_channel_of_a_set_has_to_be_covered() {
        let patterns = ChannelPatterns::parse(["news.*", "sport"]).unwrap();
        for (channels, covered) in
            [("sport", true), ("news.a,news.b,sport", true), ("news.a,other", false), ("sport.a", false)]
        {
            assert_eq!(patterns.cover(&ChannelSet::parse([channels]).unwrap()), covered, "{channels}");
        }
        let any = ChannelSet::parse(["any"]).unwrap();
        assert!(ChannelPatterns::all().cover(&any));
        assert!(!ChannelPatterns::default().cover(&any), "no pattern is no right");
    }

    #[test]
    fn json_has_one_pattern_or_several_and_nothing_else() {
        let read = |json: &str| serde_json::from_str::<ChannelPatterns>(json).ok();
        assert_eq!(read(r#""a*""#), ChannelPatterns::parse(["a*"]).ok());
        assert_eq!(read(r#"["a*", "b"]"#), ChannelPatterns::parse(["a*", "b"]).ok());
        assert_eq!(read("[]"), Some(ChannelPatterns::default()));
        for json in ["null", "1", r#"["a", 1]"#, r#"["a*b"]"#, r#"{"a": "b"}"#] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_prefix_covers_all_that_continues_it(prefix in "[^\\p{Cc},*]{0,40}", rest in "[^\\p{Cc},*]{1,20}") {
            let pattern = ChannelPattern::parse(&format!("{prefix}*")).unwrap();
            let continued = name(&format!("{prefix}{rest}"));
            prop_assert!(pattern.matches(&continued));
        }

        #[test]
        fn an_exact_name_covers_itself_alone(one in "[ab.]{1,4}", other in "[ab.]{1,4}") {
            let pattern = ChannelPattern::parse(&one).unwrap();
            prop_assert_eq!(pattern.matches(&name(&other)), one == other);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            let _ = ChannelPattern::parse(&text);
            let _ = serde_json::from_str::<ChannelPatterns>(&text);
        }
    }
}
