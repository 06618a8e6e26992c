//! Texts of others in what the hub prints: on one line, and of bounded length.

use std::fmt;

/// The most characters of a text that are printed.
const MAX_CHARS: usize = 500;

/// A text as it is printed. Control characters and others that show nothing, or turn the direction of what follows, are
/// written as escapes, so that nobody writes lines of their own into a log.
pub(crate) struct Printed<'a>(pub(crate) &'a str);

/// A text of at most as many characters as are printed.
pub(crate) fn bounded(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(MAX_CHARS) {
            match character {
                '"' | '\'' | '\\' => write!(f, "{character}")?,
                other => write!(f, "{}", other.escape_debug())?,
            }
        }
        if self.0.chars().nth(MAX_CHARS).is_some() { f.write_str("...") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped_and_what_is_long_is_cut() {
        let print = |text: &str| Printed(text).to_string();
        assert_eq!(print("the field `key` isn't \"Новости\" 🦀 \\"), "the field `key` isn't \"Новости\" 🦀 \\");
        assert_eq!(print("a\r\nb\u{0}\u{1b}[31m\u{202e}\u{2028}"), r"a\r\nb\0\u{1b}[31m\u{202e}\u{2028}");
        assert_eq!(print(&"x".repeat(500)), "x".repeat(500));
        assert_eq!(print(&"é".repeat(501)), format!("{}...", "é".repeat(500)));
        assert_eq!(bounded("é".repeat(500)), "é".repeat(500));
        assert_eq!(bounded("é".repeat(501)), format!("{}...", "é".repeat(500)));
    }
}
