//! Settings as texts: where they come from, and how the plain ones are read.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use worker::Env;

/// What stands for a setting that is neither text, number nor truth value: control characters, which no secret has.
const NO_TEXT: &str = "\u{0}";

/// A number or a truth value, as TOML has them without quotes, counts as its text. What is neither has no text: it is
/// given one that no setting takes.
pub(super) fn read_binding(env: &Env, name: &str) -> Option<String> {
    let value = js_sys::Reflect::get(env, &name.into()).ok()?;
    if value.is_undefined() || value.is_null() {
        return None;
    }
    let number = value.as_f64().map(|number| number.to_string());
    let truth = value.as_bool().map(|truth| truth.to_string());
    Some(value.as_string().or(number).or(truth).unwrap_or_else(|| NO_TEXT.to_owned()))
}

pub(super) fn parse_number<T: FromStr + PartialOrd + fmt::Display>(
    name: &'static str,
    text: Option<String>,
    default: T,
    range: RangeInclusive<T>,
) -> Result<T, InvalidSetting> {
    let Some(text) = text else { return Ok(default) };
    let expected = || format!("a whole number from {} to {}", range.start(), range.end());
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| InvalidSetting::new(name, expected()))
}

/// A text that is taken as it is.
pub(super) fn text(name: &'static str, text: Option<String>) -> Result<Option<String>, InvalidSetting> {
    match text.as_deref() {
        Some(NO_TEXT) => Err(InvalidSetting::new(name, "a text")),
        _ => Ok(text),
    }
}

/// A setting that cannot be used. Its value is not repeated: it may be a secret put in the wrong place.
#[derive(Clone, Debug)]
pub(crate) struct InvalidSetting {
    name: &'static str,
    expected: String,
}

impl InvalidSetting {
    pub(crate) fn new(name: &'static str, expected: impl Into<String>) -> Self {
        Self { name, expected: expected.into() }
    }
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the setting {} must be {}", self.name, self.expected)
    }
}

impl std::error::Error for InvalidSetting {}
