//! Where a hub is, and what it says when it refuses.

use reqwest::{Response, StatusCode};
use serde::Deserialize;

/// The most bytes of a refusal that are printed.
const MAX_REFUSAL_BYTES: usize = 1_000;

/// The address of a hub.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Hub {
    /// The address of the hub.
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
}

impl Hub {
    /// The address of a path of the hub.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.trim_end_matches('/'))
    }
}

/// An answer other than a 2xx.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    message: String,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize)]
struct ErrorDetail {
    code: String,
    message: String,
}

impl Refusal {
    /// Reads what a server says of why it refuses: the hub's JSON, or whatever another server answers.
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status();
        let body = response.text().await.unwrap_or_default();
        let message = match serde_json::from_str::<ErrorBody>(&body) {
            Ok(ErrorBody { error }) => format!("{}: {}", error.code, error.message),
            Err(_) => body.trim().chars().take(MAX_REFUSAL_BYTES).collect(),
        };
        Self { status, message }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the server answers {}", self.status)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

impl std::error::Error for Refusal {}
