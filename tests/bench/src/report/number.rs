//! Numbers as people read them.

/// What stands where nothing was measured.
const NOTHING: &str = "not measured";

/// A number with as many decimals as make three digits at least, and commas between thousands.
pub(super) fn number(value: Option<f64>) -> String {
    let Some(value) = value else { return NOTHING.to_owned() };
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    // A zero is one, and nothing that was rounded.
    if value == 0.0 { "0".to_owned() } else { group(&text) }
}

/// A whole number.
pub(super) fn count(value: impl Into<u64>) -> String {
    group(&value.into().to_string())
}

/// So many times as much.
pub(super) fn times(value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| format!("{value:.2} x"))
}

fn group(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, fraction)| (whole, fraction));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_commas() {
        for (value, text) in [
            (0.0, "0"),
            (0.123, "0.12"),
            (9.876, "9.88"),
            (55.55, "55.5"),
            (170.4, "170"),
            (1_234.5, "1,234"),
            (480_000.0, "480,000"),
            (-1_234_567.0, "-1,234,567"),
        ] {
            assert_eq!(number(Some(value)), text);
        }
        assert_eq!(number(None), "not measured");
        assert_eq!((times(Some(2.5)), times(None)), ("2.50 x".to_owned(), "not measured".to_owned()));
        assert_eq!(count(3_600_u32), "3,600");
    }
}
