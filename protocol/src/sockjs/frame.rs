//! Frames, which is what a server sends ("Framing accepted by the client" in the protocol), and their escaping ("JSON
//! Unicode Encoding").

use alloc::string::String;
use core::fmt::Write as _;

/// The first frame of a session.
pub const OPEN: &str = "o";
/// A frame that says nothing, so that nobody on the way takes the connection for dead.
pub const HEARTBEAT: &str = "h";

/// The frame of messages that are quoted already.
pub fn messages_frame<'a>(quoted: impl IntoIterator<Item = &'a str>) -> String {
    let mut frame = String::from("a[");
    for (index, message) in quoted.into_iter().enumerate() {
        if index > 0 {
            frame.push(',');
        }
        frame.push_str(message);
    }
    frame.push(']');
    frame
}

/// The frame that ends a session.
pub fn close_frame(code: u16, reason: &str) -> String {
    let mut frame = String::from("c[");
    let _ = write!(frame, "{code},");
    quote_into(&mut frame, reason);
    frame.push(']');
    frame
}

/// A text as a JSON string, with what browsers or proxies mangle escaped.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quote_into(&mut quoted, text);
    quoted
}

fn quote_into(quoted: &mut String, text: &str) {
    quoted.push('"');
    for char in text.chars() {
        push_escaped(quoted, char);
    }
    quoted.push('"');
}

/// One character of a JSON string.
pub(super) fn push_escaped(quoted: &mut String, char: char) {
    match char {
        '"' => quoted.push_str("\\\""),
        '\\' => quoted.push_str("\\\\"),
        '\u{8}' => quoted.push_str("\\b"),
        '\t' => quoted.push_str("\\t"),
        '\n' => quoted.push_str("\\n"),
        '\u{c}' => quoted.push_str("\\f"),
        '\r' => quoted.push_str("\\r"),
        '\0'..='\u{1f}'
        | '\u{200c}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fff0}'..='\u{ffff}' => push_code_unit(quoted, char as u32),
        _ => quoted.push(char),
    }
}

/// A UTF-16 code unit as JSON writes it.
pub(super) fn push_code_unit(quoted: &mut String, unit: u32) {
    let _ = write!(quoted, "\\u{unit:04x}");
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn messages_of_a_frame_are_separated_by_commas_alone() {
        assert_eq!(messages_frame([]), "a[]");
        assert_eq!(messages_frame(["\"x\""]), r#"a["x"]"#);
        assert_eq!(messages_frame(["\"x\"", "\"y\""]), r#"a["x","y"]"#);
    }

    #[test]
    fn a_close_frame_has_a_code_and_a_quoted_reason() {
        assert_eq!(close_frame(3000, "Go away!"), r#"c[3000,"Go away!"]"#);
        assert_eq!(close_frame(1000, "\"\n"), r#"c[1000,"\"\n"]"#);
    }

    #[test]
    fn every_character_of_the_protocols_list_is_escaped_in_lower_case() {
        let listed = [0x200c..=0x200f, 0x2028..=0x202f, 0x2060..=0x206f, 0xfff0..=0xffff];
        for code in listed.into_iter().flatten() {
            let char = char::from_u32(code).unwrap();
            assert_eq!(quote(&String::from(char)), format!("\"\\u{code:04x}\""));
        }
    }

    #[test]
    fn what_is_beside_the_list_stays_as_it_is() {
        for char in ['\u{7f}', '\u{200b}', '\u{2010}', '\u{2027}', '\u{2030}', '\u{205f}', '\u{2070}', '\u{ffef}', '🙂']
        {
            assert_eq!(quote(&String::from(char)), format!("\"{char}\""));
        }
    }

    #[test]
    fn quoted_texts_are_json() {
        for text in ["", "\0\u{1}\u{8}\t\n\u{c}\r\u{1f} \"\\/", "\u{2028}\u{ffff}é🙂"] {
            assert_eq!(serde_json::from_str::<String>(&quote(text)).unwrap(), text);
        }
    }
}
