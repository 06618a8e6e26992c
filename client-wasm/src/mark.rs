//! What one marked element wants to hear, as its attributes say.
//!
//! ```html
//! <ul class="sse" data-sse-channels="cats, night owls" data-sse-events="message price"></ul>
//! ```

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use cyclone_edge_protocol::{ChannelName, InvalidChannelName};

/// The channels and the types of events that one element wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// At least one.
    channels: Vec<ChannelName>,
    /// None means all types.
    types: Vec<String>,
}

impl Mark {
    /// Reads both attributes: channels are separated by commas, and spaces around a name do not count; types are
    /// separated by commas or spaces, and without any the element gets all. One that names no channel is none of ours.
    ///
    /// # Errors
    /// When a name breaks a rule of [`ChannelName`].
    pub(crate) fn parse(channels: &str, types: &str) -> Result<Option<Self>, InvalidChannelName> {
        if channels.trim_ascii().is_empty() {
            return Ok(None);
        }
        let channels = channels.split(',').map(|name| ChannelName::new(name.trim_ascii())).collect::<Result<_, _>>()?;
        let types = types
            .split(|separator: char| separator == ',' || separator.is_ascii_whitespace())
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        Ok(Some(Self { channels, types }))
    }

    pub(crate) fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// The types that the element names; none if it wants all.
    pub(crate) fn types(&self) -> &[String] {
        &self.types
    }

    /// Whether the element gets an event of this type from this channel; an event from nowhere in particular goes to all.
    pub(crate) fn wants(&self, channel: Option<&ChannelName>, event_type: &str) -> bool {
        channel.is_none_or(|channel| self.channels.contains(channel))
            && (self.types.is_empty() || self.types.iter().any(|wanted| wanted == event_type))
    }

    /// Whether messages missing from these channels are missing here.
    pub(crate) fn misses(&self, channels: &[String]) -> bool {
        self.channels.iter().any(|own| channels.iter().any(|name| name == own.as_str()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn mark(channels: &str, types: &str) -> Mark {
        Mark::parse(channels, types).unwrap().unwrap()
    }

    fn name(name: &str) -> ChannelName {
        ChannelName::new(name).unwrap()
    }

    #[test]
    fn spaces_around_channel_names_are_dropped_and_those_inside_stay() {
        let cases: [(&str, &[&str]); 4] = [
            ("cats", &["cats"]),
            (" cats ,\n\tdogs ", &["cats", "dogs"]),
            ("night owls, Новости", &["night owls", "Новости"]),
            ("b,a,b", &["b", "a", "b"]),
        ];
        for (attribute, names) in cases {
            let read: Vec<_> = mark(attribute, "").channels().iter().map(|name| name.as_str().to_owned()).collect();
            assert_eq!(read, names, "{attribute:?}");
        }
    }

    #[test]
    fn an_element_without_channels_is_not_marked() {
        for attribute in ["", " ", "\n\t"] {
            assert_eq!(Mark::parse(attribute, "message"), Ok(None), "{attribute:?}");
        }
    }

    #[test]
    fn a_bad_channel_name_is_named_and_not_skipped() {
        assert_eq!(Mark::parse("a,,b", ""), Err(InvalidChannelName::Empty));
        assert_eq!(Mark::parse("a,", ""), Err(InvalidChannelName::Empty));
        assert_eq!(Mark::parse("news.*", ""), Err(InvalidChannelName::Pattern));
        assert_eq!(Mark::parse("a\nb", ""), Err(InvalidChannelName::ControlCharacter));
    }

    #[test]
    fn types_are_separated_by_commas_or_spaces() {
        for attribute in ["message price", "message,price", " message , price ", "message\n  price"] {
            assert_eq!(mark("a", attribute).types(), ["message", "price"], "{attribute:?}");
        }
    }

    #[test]
    fn an_element_gets_the_types_it_names_from_the_channels_it_names() {
        let picky = mark("a, b", "price");
        assert!(picky.wants(Some(&name("a")), "price"));
        assert!(picky.wants(Some(&name("b")), "price"));
        assert!(!picky.wants(Some(&name("c")), "price"));
        assert!(!picky.wants(Some(&name("a")), "message"));
        assert!(picky.wants(None, "price"));
        assert!(mark("a", " , ").wants(Some(&name("a")), "anything"));
    }

    #[test]
    fn a_gap_concerns_elements_with_one_of_its_channels() {
        let gap = ["b".to_owned(), "c".to_owned()];
        assert!(mark("a, b", "price").misses(&gap));
        assert!(!mark("a", "").misses(&gap));
    }
}
