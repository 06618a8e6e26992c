//! The text of a message, by which it is found back: the run, its number, and what fills it up to its size.

use uuid::Uuid;

/// One run of the program, which knows its own messages from those of others.
#[derive(Clone, Debug)]
pub(super) struct Run(String);

/// Which message of the run a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// One to warm up, which does not count.
    WarmUp,
    /// The one with this number, from 0.
    Number(usize),
}

impl Run {
    pub(super) fn new() -> Self {
        let id = Uuid::new_v4().simple().to_string();
        // As many as keep two runs apart, and a message short.
        Self(id.chars().take(12).collect())
    }

    pub(super) fn compose(&self, mark: Mark, bytes: usize) -> String {
        let Self(id) = self;
        let mut text = match mark {
            Mark::WarmUp => format!("{id} w "),
            Mark::Number(number) => format!("{id} {number} "),
        };
        let padding = bytes.saturating_sub(text.len());
        text.extend(std::iter::repeat_n('x', padding));
        text
    }

    /// Finds a message of this run in what an event carries: other servers may have wrapped it.
    pub(super) fn read(&self, data: &str) -> Option<Mark> {
        let rest = data.strip_prefix(&self.0).or_else(|| Some(data.split_once(&self.0)?.1))?.strip_prefix(' ')?;
        let (mark, _) = rest.split_once(' ')?;
        if mark == "w" { Some(Mark::WarmUp) } else { mark.parse().ok().map(Mark::Number) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_asked_for_and_found_back() {
        let run = Run::new();
        for mark in [Mark::WarmUp, Mark::Number(0), Mark::Number(123_456)] {
            let text = run.compose(mark, 100);
            assert_eq!(text.len(), 100);
            assert_eq!(run.read(&text).unwrap(), mark);
            assert_eq!(run.read(&format!("{{\"data\":\"{text}\"}}")).unwrap(), mark);
            assert_eq!(run.read(&run.compose(mark, 0)).unwrap(), mark);
        }
    }

    #[test]
    fn what_others_say_is_no_message_of_the_run() {
        let run = Run::new();
        let other = Run::new().compose(Mark::Number(1), 100);
        for text in ["", "hello", &other, &run.0, &format!("{} x y", run.0)] {
            assert_eq!(run.read(text), None, "{text}");
        }
    }
}
