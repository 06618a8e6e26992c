//! Where a hub is, what it says when it refuses, and when it may take what it has refused.

use std::{collections::BTreeMap, fmt, time::Duration};

use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use serde::Deserialize;

/// The most characters that are shown of a refusal that is not the hub's.
const MAX_REFUSAL: usize = 1_000;

/// The address of a hub.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Hub {
    /// The address of the hub.
    #[arg(long, env = "CYCLONE_URL", default_value = "http://127.0.0.1:8787")]
    url: String,
}

impl Hub {
    /// The address of a path of the hub.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.trim_end_matches('/'))
    }
}

/// An answer that is not the one asked for.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// How long to wait before trying again.
    pub(crate) retry_after: Option<Duration>,
    message: String,
}

/// The hub's JSON, as the README has it.
#[derive(Deserialize)]
struct Body {
    error: Detail,
}

#[derive(Deserialize)]
struct Detail {
    code: String,
    message: String,
    /// Why which channels do not have a message.
    #[serde(default)]
    failed: BTreeMap<String, String>,
}

impl Refusal {
    /// Reads what a server says of why it refuses: the hub's JSON, or whatever another server answers.
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status();
        // In seconds, as the hub says it, and not a date.
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let message = printed(&response.text().await.unwrap_or_default());
        Self { status, retry_after: retry_after.map(Duration::from_secs), message }
    }

    /// Whether the same request may be taken later.
    fn passes(&self) -> bool {
        matches!(self.status.as_u16(), 408 | 429 | 502..=504)
    }
}

/// Whether trying again may help: nothing was answered, or that it should be tried again.
pub(crate) fn passes(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<Refusal>() {
        Some(refusal) => refusal.passes(),
        None => error.downcast_ref::<reqwest::Error>().is_some_and(|error| !error.is_builder() && !error.is_redirect()),
    }
}

fn printed(body: &str) -> String {
    let Ok(Body { error }) = serde_json::from_str(body) else {
        return body.trim().chars().take(MAX_REFUSAL).collect();
    };
    let failed: Vec<String> = error.failed.iter().map(|(channel, why)| format!("{channel}: {why}")).collect();
    let failed = if failed.is_empty() { String::new() } else { format!(" ({})", failed.join(", ")) };
    format!("{}: {}{failed}", error.code, error.message)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answers {}", self.status)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_refusal_is_its_code_its_message_and_the_channels_concerned() {
        for (body, expected) in [
            (r#"{"error": {"code": "wrong_key", "message": "no key"}}"#, "wrong_key: no key"),
            (
                r#"{"error": {"code": "unavailable", "message": "m", "ids": {"a": 1}, "failed": {"b": "unavailable"}}}"#,
                "unavailable: m (b: unavailable)",
            ),
            ("  <html>Bad gateway</html>\n", "<html>Bad gateway</html>"),
            (r#"{"error": "x"}"#, r#"{"error": "x"}"#),
            ("", ""),
        ] {
            assert_eq!(printed(body), expected, "{body}");
        }
        assert_eq!(printed(&"é".repeat(5_000)).chars().count(), MAX_REFUSAL);
    }

    #[test]
    fn the_address_of_a_hub_may_end_with_a_slash() {
        for url in ["https://hub.example.com", "https://hub.example.com/"] {
            assert_eq!(Hub { url: url.to_owned() }.at("/publish"), "https://hub.example.com/publish");
        }
    }
}
