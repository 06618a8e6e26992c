//! What the transports add to the address of a stream.

use alloc::{borrow::ToOwned, string::String};

/// The address with one more parameter, whose value is encoded already. What names a part of a document is left out: no
/// server gets it.
pub(crate) fn with_parameter(url: &str, name: &str, encoded: &str) -> String {
    let mut address = url.split_once('#').map_or(url, |(address, _)| address).to_owned();
    address.push(if address.contains('?') { '&' } else { '?' });
    for part in [name, "=", encoded] {
        address.push_str(part);
    }
    address
}

/// Whether the query of an address has this parameter.
pub(crate) fn has_parameter(url: &str, name: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| pair.split_once('=').map_or(pair, |(name, _)| name) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_at_the_end_of_the_query() {
        for (url, expected) in [
            ("http://a/sse", "http://a/sse?x=1"),
            ("http://a/sse?", "http://a/sse?&x=1"),
            ("http://a/sse?b=%26", "http://a/sse?b=%26&x=1"),
            ("http://a/sse#there", "http://a/sse?x=1"),
            ("http://a/sse?b#?there", "http://a/sse?b&x=1"),
        ] {
            assert_eq!(with_parameter(url, "x", "1"), expected);
        }
    }

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        for (url, found) in
            [("http://a/?x=1", true), ("http://a/?b&x", true), ("http://a/?b=x&xx=1", false), ("http://a/x", false)]
        {
            assert_eq!(has_parameter(url, "x"), found, "{url}");
        }
    }
}
