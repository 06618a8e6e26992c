//! URL-encoded names and values: the query of a subscription and the form of a publish.
//!
//! Implements the parser of `application/x-www-form-urlencoded` in the WHATWG URL standard, but for one thing: bytes
//! that are no UTF-8 are an error and not replaced, so that nobody subscribes or publishes to what nobody named.

use std::{borrow::Cow, fmt};

use percent_encoding::percent_decode;

/// The pairs of a form, in their order.
pub fn pairs(encoded: &[u8]) -> impl Iterator<Item = Result<(String, String), NotUtf8>> {
    encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        Ok((decode(halves.next().unwrap_or_default())?, decode(halves.next().unwrap_or_default())?))
    })
}

fn decode(text: &[u8]) -> Result<String, NotUtf8> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().map(Cow::into_owned).map_err(|_| NotUtf8)
}

/// A name or value decodes to bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUtf8;

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what is URL-encoded is not UTF-8")
    }
}

impl std::error::Error for NotUtf8 {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_in_order_with_empty_ones_left_out() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        let read: Vec<_> = pairs(b"a=1&&b=2=3&c&=d&e=%26+%2B&100%=%zz%4").collect();
        assert_eq!(
            read,
            [pair("a", "1"), pair("b", "2=3"), pair("c", ""), pair("", "d"), pair("e", "& +"), pair("100%", "%zz%4")]
        );
    }

    #[test]
    fn bytes_that_are_no_utf8_are_refused() {
        for form in ["a=%ff", "%C3%28=a", "a=%ED%A0%80"] {
            assert_eq!(pairs(form.as_bytes()).next(), Some(Err(NotUtf8)), "{form}");
        }
    }
}
