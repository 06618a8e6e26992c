//! URL-encoded names and values: the query of a subscription and the form of a publish.
//!
//! Implements the parser of `application/x-www-form-urlencoded` in the WHATWG URL standard, but for one thing: a value
//! that is no UTF-8 is an error and not replaced, so that nobody subscribes or publishes to what nobody named.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use percent_encoding::percent_decode;

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Its name; bytes that are no UTF-8 are replaced, which makes it a name that nobody knows.
    pub name: String,
    encoded_value: &'a [u8],
}

impl Pair<'_> {
    /// Its value.
    ///
    /// # Errors
    /// When the value is no UTF-8.
    pub fn value(&self) -> Result<String, NotUtf8> {
        let decoded = percent_decode(&spaces(self.encoded_value)).decode_utf8().map(Cow::into_owned);
        decoded.map_err(|_| NotUtf8)
    }
}

/// The fields of a form, in their order.
pub fn pairs(encoded: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = spaces(halves.next().unwrap_or_default());
        let name = percent_decode(&name).decode_utf8_lossy().into_owned();
        Pair { name, encoded_value: halves.next().unwrap_or_default() }
    })
}

fn spaces(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
}

/// A value decodes to bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUtf8;

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what is URL-encoded is not UTF-8")
    }
}

impl core::error::Error for NotUtf8 {}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_in_order_with_empty_ones_left_out() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let read: Vec<_> = pairs(b"a=1&&b=2=3&c&=d&e=%26+%2B&100%=%zz%4")
            .map(|pair| (pair.name.clone(), pair.value().unwrap()))
            .collect();
        assert_eq!(
            read,
            [pair("a", "1"), pair("b", "2=3"), pair("c", ""), pair("", "d"), pair("e", "& +"), pair("100%", "%zz%4")]
        );
    }

    #[test]
    fn a_value_that_is_no_utf8_is_refused() {
        for form in ["a=%ff", "a=%C3%28", "a=%ED%A0%80"] {
            assert_eq!(pairs(form.as_bytes()).next().map(|pair| pair.value()), Some(Err(NotUtf8)), "{form}");
        }
    }

    #[test]
    fn a_name_that_is_no_utf8_is_a_name_that_nobody_knows() {
        assert_eq!(pairs(b"%C3%28=a").next().map(|pair| pair.name), Some("\u{fffd}(".to_owned()));
    }
}
