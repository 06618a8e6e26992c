//! How a whole number is read.

/// The number that a text of nothing but ASCII digits is; `str::parse` alone would also take a sign.
pub(crate) fn whole_number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_a_number() {
        for (text, number) in [("0", Some(0)), ("007", Some(7)), ("18446744073709551615", Some(u64::MAX))] {
            assert_eq!(whole_number(text), number, "{text:?}");
        }
        for text in ["", "+1", "-1", " 1", "1.0", "1e3", "\u{663}", "18446744073709551616"] {
            assert_eq!(whole_number(text), None, "{text:?}");
        }
    }
}
