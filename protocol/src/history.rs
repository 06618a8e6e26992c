//! Which piece of a channel's history a reader asks for.

use core::fmt;

use crate::{ChannelName, InvalidChannelName, MessageId, NotUtf8, form::pairs, number::whole_number};

/// The query of `GET /history`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Whose history.
    pub channel: ChannelName,
    /// The position after which the messages come; ids are milliseconds since the Unix epoch, so it is a time as well.
    /// `None` asks for the last messages.
    pub since: Option<MessageId>,
    /// The most messages: 1 to [`Self::MAX_LIMIT`].
    pub limit: u64,
}

impl HistoryQuery {
    /// How many messages come where the query does not say.
    pub const DEFAULT_LIMIT: u64 = 100;
    /// The most messages that can be asked for at once.
    pub const MAX_LIMIT: u64 = 1_000;

    /// Reads a URL-encoded query: `channel`, `since`, `limit`. Other fields are ignored.
    ///
    /// # Errors
    /// Says which field is missing, repeated or wrong.
    pub fn parse(query: &[u8]) -> Result<Self, InvalidHistoryQuery> {
        let (mut channel, mut since, mut limit) = (None, None, None);
        for pair in pairs(query) {
            let (field, name) = match pair.name.as_str() {
                "channel" => (&mut channel, "channel"),
                "since" => (&mut since, "since"),
                "limit" => (&mut limit, "limit"),
                _ => continue,
            };
            if field.replace(pair.value()?).is_some() {
                return Err(InvalidHistoryQuery::Repeated(name));
            }
        }
        let channel = ChannelName::new(channel.ok_or(InvalidHistoryQuery::NoChannel)?)?;
        let since = since.map(|since| parse_since(&since)).transpose()?;
        let limit = limit.map_or(Ok(Self::DEFAULT_LIMIT), |limit| parse_limit(&limit))?;
        Ok(Self { channel, since, limit })
    }
}

fn parse_since(text: &str) -> Result<MessageId, InvalidHistoryQuery> {
    whole_number(text).and_then(MessageId::new).ok_or(InvalidHistoryQuery::Since)
}

fn parse_limit(text: &str) -> Result<u64, InvalidHistoryQuery> {
    let limit = whole_number(text).filter(|limit| (1..=HistoryQuery::MAX_LIMIT).contains(limit));
    limit.ok_or(InvalidHistoryQuery::Limit)
}

/// Why a query asks for no history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidHistoryQuery {
    /// It names no channel.
    NoChannel,
    /// The channel has no valid name.
    Channel(InvalidChannelName),
    /// This field may be given once.
    Repeated(&'static str),
    /// The position is none.
    Since,
    /// The number of messages is none, or too large.
    Limit,
    /// A field is not UTF-8.
    NotUtf8(NotUtf8),
}

impl From<InvalidChannelName> for InvalidHistoryQuery {
    fn from(why: InvalidChannelName) -> Self {
        Self::Channel(why)
    }
}

impl From<NotUtf8> for InvalidHistoryQuery {
    fn from(why: NotUtf8) -> Self {
        Self::NotUtf8(why)
    }
}

impl fmt::Display for InvalidHistoryQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChannel => f.write_str("name the channel"),
            Self::Channel(why) => why.fmt(f),
            Self::Repeated(field) => write!(f, "the field `{field}` is given more than once"),
            Self::Since => write!(f, "`since` is the id of a message: a whole number from 0 to {}", MessageId::MAX),
            Self::Limit => write!(f, "`limit` is a whole number from 1 to {}", HistoryQuery::MAX_LIMIT),
            Self::NotUtf8(why) => why.fmt(f),
        }
    }
}

impl core::error::Error for InvalidHistoryQuery {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Channel(why) => Some(why),
            Self::NotUtf8(why) => Some(why),
            _ => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_channel_and_may_say_since_when_and_how_much() {
        let query = |query: &str| HistoryQuery::parse(query.as_bytes());
        let channel = ChannelName::new("a b").unwrap();
        let expected = HistoryQuery { channel, since: None, limit: 100 };
        assert_eq!(query("channel=a+b&_=1"), Ok(expected.clone()));
        let since = MessageId::new(1_795_242_991_119);
        assert_eq!(
            query("limit=1000&since=1795242991119&channel=a%20b"),
            Ok(HistoryQuery { since, limit: 1_000, ..expected })
        );
    }

    #[test]
    fn each_bad_query_is_named() {
        use InvalidHistoryQuery as Why;
        for (query, why) in [
            ("", Why::NoChannel),
            ("channels=a", Why::NoChannel),
            ("channel=", Why::Channel(InvalidChannelName::Empty)),
            ("channel=a,b", Why::Channel(InvalidChannelName::Comma)),
            ("channel=a&channel=b", Why::Repeated("channel")),
            ("channel=a&since=1&since=1", Why::Repeated("since")),
            ("channel=%ff", Why::NotUtf8(NotUtf8)),
            ("channel=a&since=", Why::Since),
            ("channel=a&since=-1", Why::Since),
            ("channel=a&since=9007199254740992", Why::Since),
            ("channel=a&since=1:2.3", Why::Since),
            ("channel=a&limit=0", Why::Limit),
            ("channel=a&limit=1001", Why::Limit),
            ("channel=a&limit=ten", Why::Limit),
        ] {
            assert_eq!(HistoryQuery::parse(query.as_bytes()), Err(why), "{query:?}");
        }
    }
}
