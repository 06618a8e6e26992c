//! What is published: a message is told by its number, which says what it has to look like when it arrives.

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) number: u32,
    /// How many bytes are added to make it large.
    pub(super) padding: usize,
}

impl Message {
    pub(super) fn text(self) -> String {
        format!("{} {} {}", self.number, self.padding, "x".repeat(self.padding))
    }

    /// Some messages are of a type of their own.
    pub(super) fn event(self) -> Option<&'static str> {
        self.number.is_multiple_of(5).then_some("tick")
    }

    /// Reads a message that arrived; `None` when it is not one as it was published.
    pub(super) fn parse(event: &str, text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let message = Self { number: parts.next()?.parse().ok()?, padding: parts.next()?.parse().ok()? };
        let is_whole = message.text() == text && message.event().unwrap_or("message") == event;
        is_whole.then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_recognised_and_one_that_was_changed_is_not() {
        let message = Message { number: 7, padding: 3 };
        assert_eq!(Message::parse("message", &message.text()), Some(message));
        assert_eq!(Message::parse("tick", &message.text()), None);
        for text in ["", "7", "7 3 xx", "7 3 xxxx", "7 3 xxy", "07 3 xxx"] {
            assert_eq!(Message::parse("message", text), None, "{text}");
        }
    }
}
