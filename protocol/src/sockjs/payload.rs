//! What a client sends: messages as JSON, and what a server answers where it is none ("Framing accepted by the server").

use alloc::vec::Vec;
use core::fmt;

use serde_json::value::RawValue;

use super::Message;
use crate::pairs;

/// Why a payload was not taken; it is answered with 500 and this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidPayload {
    /// There is none.
    Missing,
    /// It is no JSON, or no list of strings.
    Broken,
}

impl fmt::Display for InvalidPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Payload expected.",
            Self::Broken => "Broken JSON encoding.",
        })
    }
}

impl core::error::Error for InvalidPayload {}

/// Reads a body of `/xhr_send`: a list of strings, whatever its type is said to be.
pub fn parse_body(body: &[u8]) -> Result<Vec<Message>, InvalidPayload> {
    if body.is_empty() {
        return Err(InvalidPayload::Missing);
    }
    let body = str::from_utf8(body).map_err(|_| InvalidPayload::Broken)?;
    let json = parse_json(body)?;
    // As the reference server has it: JSON that is no list is no payload.
    if !json.starts_with('[') {
        return Err(InvalidPayload::Missing);
    }
    serde_json::from_str(json).map_err(|_| InvalidPayload::Broken)
}

/// The text where it is JSON. Messages read themselves from bytes, in which serde_json lets control characters pass.
fn parse_json(text: &str) -> Result<&str, InvalidPayload> {
    serde_json::from_str(text).map(RawValue::get).map_err(|_| InvalidPayload::Broken)
}

/// Reads a body of `/jsonp_send`: the field `d` of a form, or the list as it is where the type says that it is a text.
pub fn parse_form(body: &[u8], content_type: &str) -> Result<Vec<Message>, InvalidPayload> {
    let is_form = content_type.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded");
    if !is_form && !body.starts_with(b"d=") {
        return parse_body(body);
    }
    let field = pairs(body).find(|pair| pair.name == "d").ok_or(InvalidPayload::Missing)?;
    parse_body(field.value().map_err(|_| InvalidPayload::Broken)?.as_bytes())
}

/// Reads what came over a WebSocket: a list of strings, one string, or nothing.
pub fn parse_frame(frame: &str) -> Result<Vec<Message>, InvalidPayload> {
    if frame.is_empty() {
        return Ok(Vec::new());
    }
    let json = parse_json(frame)?;
    let one = || serde_json::from_str::<Message>(json).map(|message| Vec::from([message]));
    serde_json::from_str(json).or_else(|_| one()).map_err(|_| InvalidPayload::Broken)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use InvalidPayload::{Broken, Missing};

    use super::*;

    fn texts(read: Result<Vec<Message>, InvalidPayload>) -> Result<Vec<String>, InvalidPayload> {
        read.map(|messages| messages.into_iter().map(Message::into_string).collect())
    }

    #[test]
    fn a_body_is_a_list_of_strings() {
        for (body, messages) in [("[]", &[][..]), (r#"["a"]"#, &["a"]), ("[\"a\" , \"\\u0062\\n\"] \n", &["a", "b\n"])]
        {
            assert_eq!(texts(parse_body(body.as_bytes())).unwrap(), messages);
        }
    }

    #[test]
    fn no_payload_and_no_json_are_told_apart() {
        let bodies = [
            ("", Missing),
            ("1", Missing),
            ("null", Missing),
            ("\"a\"", Missing),
            ("{}", Missing),
            ("[\"x", Broken),
            ("x", Broken),
            ("[1]", Broken),
            ("[[\"a\"]]", Broken),
            ("[\"a\"] x", Broken),
            ("[\"a\",]", Broken),
            ("[\"a\nb\"]", Broken),
        ];
        for (body, why) in bodies {
            assert_eq!(parse_body(body.as_bytes()), Err(why), "{body}");
        }
        assert_eq!(parse_body(b"[\"\xff\"]"), Err(Broken));
    }

    #[test]
    fn a_form_has_the_list_in_its_field() {
        let form = "application/x-www-form-urlencoded; charset=UTF-8";
        assert_eq!(texts(parse_form(b"d=%5B%22x%22%5D", form)).unwrap(), ["x"]);
        assert_eq!(texts(parse_form(b"t=1&d=[%22a+b%22]", form)).unwrap(), ["a b"]);
        for body in ["", "d=", "p=p", "d"] {
            assert_eq!(parse_form(body.as_bytes(), form), Err(Missing), "{body}");
        }
        assert_eq!(parse_form(b"d=%5B%22x", form), Err(Broken));
        assert_eq!(parse_form(b"d=%ff", form), Err(Broken));
    }

    #[test]
    fn a_text_is_not_percent_decoded() {
        assert_eq!(texts(parse_form(b"[\"%61bc\"]", "text/plain")).unwrap(), ["%61bc"]);
        assert_eq!(parse_form(b"", "text/plain"), Err(Missing));
    }

    #[test]
    fn a_web_socket_may_send_one_string_or_nothing() {
        for (frame, messages) in [("", &[][..]), ("[]", &[]), (r#"["a","b"]"#, &["a", "b"]), (r#""a""#, &["a"])] {
            assert_eq!(texts(parse_frame(frame)).unwrap(), messages);
        }
        for frame in ["[\"a", "x", "1", "{}", "[1]"] {
            assert_eq!(parse_frame(frame), Err(Broken), "{frame}");
        }
    }
}
