//! Which channels a listener wants, or a message goes to.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{ChannelName, InvalidChannelName};

/// One to a hundred different channels, sorted by the bytes of their names.
///
/// The order is part of the wire contract: the positions in a [`Cursor`](crate::Cursor) follow it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelSet(Vec<ChannelName>);

impl ChannelSet {
    /// The most channels that one listener follows or one publish reaches.
    pub const MAX_CHANNELS: usize = 100;

    /// Sorts the names and drops repeated ones.
    ///
    /// # Errors
    /// With no name, or more than [`Self::MAX_CHANNELS`] different ones.
    pub fn new(names: impl IntoIterator<Item = ChannelName>) -> Result<Self, InvalidChannelSet> {
        // Not a `BTreeSet`: a page would load 2 KB more, and a set is small.
        let mut set = Vec::new();
        for name in names {
            let Err(place) = set.binary_search(&name) else { continue };
            if set.len() == Self::MAX_CHANNELS {
                return Err(InvalidChannelSet::TooMany);
            }
            set.insert(place, name);
        }
        if set.is_empty() {
            return Err(InvalidChannelSet::Empty);
        }
        Ok(Self(set))
    }

    /// Reads names from texts of which each is one name or several separated by commas.
    ///
    /// An empty text counts as no name.
    ///
    /// # Errors
    /// As [`Self::new`], or when a name breaks a rule of [`ChannelName`].
    pub fn parse<'a>(lists: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidChannelSet> {
        let mut names = Vec::new();
        for list in lists.into_iter().filter(|list| !list.is_empty()) {
            for name in list.split(',') {
                names.push(ChannelName::new(name)?);
            }
        }
        Self::new(names)
    }

    /// The names, sorted.
    pub fn iter(&self) -> core::slice::Iter<'_, ChannelName> {
        self.0.iter()
    }

    /// How many channels there are: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The only channel of a set of one.
    #[must_use]
    pub fn single(&self) -> Option<&ChannelName> {
        match self.0.as_slice() {
            [name] => Some(name),
            _ => None,
        }
    }

    /// The channel at a place in the order.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&ChannelName> {
        self.0.get(index)
    }

    /// The place of a channel in the order.
    #[must_use]
    pub fn index_of(&self, name: &ChannelName) -> Option<usize> {
        self.0.binary_search(name).ok()
    }

    /// The names as one text, separated by commas: what [`Self::parse`] reads back.
    #[must_use]
    pub fn to_list(&self) -> String {
        let names: Vec<&str> = self.iter().map(ChannelName::as_str).collect();
        names.join(",")
    }
}

impl<'a> IntoIterator for &'a ChannelSet {
    type Item = &'a ChannelName;
    type IntoIter = core::slice::Iter<'a, ChannelName>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Why some channels are no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidChannelSet {
    /// None was named.
    Empty,
    /// More than [`ChannelSet::MAX_CHANNELS`] were named.
    TooMany,
    /// One of them has no valid name.
    Name(InvalidChannelName),
}

impl From<InvalidChannelName> for InvalidChannelSet {
    fn from(why: InvalidChannelName) -> Self {
        Self::Name(why)
    }
}

impl fmt::Display for InvalidChannelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("name at least one channel"),
            Self::TooMany => write!(f, "name at most {} channels", ChannelSet::MAX_CHANNELS),
            Self::Name(why) => why.fmt(f),
        }
    }
}

impl core::error::Error for InvalidChannelSet {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Name(why) => Some(why),
            Self::Empty | Self::TooMany => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_bytes_however_the_names_came() {
        let one = ChannelSet::parse(["b,a", "Z", "a", "ä"]).unwrap();
        let other = ChannelSet::parse(["ä", "a", "Z,b,b"]).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.to_list(), "Z,a,b,ä");
        assert_eq!(one.index_of(&ChannelName::new("b").unwrap()), Some(2));
        assert_eq!(one.single(), None);
    }

    #[test]
    fn a_list_reads_back_as_itself() {
        let set = ChannelSet::parse(["base", "with space", "ä"]).unwrap();
        assert_eq!(ChannelSet::parse([set.to_list().as_str()]), Ok(set));
    }

    #[test]
    fn a_hundred_different_channels_are_the_most() {
        let names = |count: usize| (0..count).map(|n| ChannelName::new(format!("c{n}")).unwrap());
        assert_eq!(ChannelSet::new(names(100)).map(|set| set.len()), Ok(100));
        assert_eq!(ChannelSet::new(names(101)), Err(InvalidChannelSet::TooMany));
        assert_eq!(ChannelSet::new(names(100).chain(names(100))).map(|set| set.len()), Ok(100));
    }

    #[test]
    fn no_name_and_a_bad_name_are_told_apart() {
        assert_eq!(ChannelSet::parse([]), Err(InvalidChannelSet::Empty));
        assert_eq!(ChannelSet::parse([""]), Err(InvalidChannelSet::Empty));
        assert_eq!(ChannelSet::parse(["a,,b"]), Err(InvalidChannelSet::Name(InvalidChannelName::Empty)));
    }
}
