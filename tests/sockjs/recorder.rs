//! The app of `tests/recorder`, and what its services have written down.

use std::ops::Deref;

use harness::{SockjsApp, eventually};

use crate::{conversation::Session, wire::Ask};

/// The running app.
pub(crate) struct Recorder(SockjsApp);

impl Recorder {
    pub(crate) async fn start() -> Self {
        Self(SockjsApp::start_in("tests/recorder").await)
    }

    /// Ends the whole runtime with SIGKILL, and starts it again.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.0.kill().await;
        self.0.restart().await;
    }

    /// The lines of one connection of a service, without its id.
    pub(crate) async fn lines(&self, service: &str, connection: &str) -> Vec<String> {
        let reply = Ask::get(format!("/journal/{service}")).reply(&self.0).await;
        let lines: Vec<String> = serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("no lines: {reply:?}"));
        let before = format!("{connection} ");
        lines.iter().filter_map(|line| line.strip_prefix(&before).map(str::to_owned)).collect()
    }

    /// The same, once there are as many as expected, which these have to be.
    pub(crate) async fn has_lines(&self, service: &str, connection: &str, expected: &[&str]) {
        let lines = async || self.lines(service, connection).await;
        eventually(&format!("{expected:?}"), lines, |lines| lines.len() >= expected.len()).await;
        assert_eq!(lines().await, expected, "{service} {connection}");
    }

    /// Waits until a session is over, without keeping it.
    pub(crate) async fn is_over(&self, session: &Session<'_>) {
        eventually("the session to be over", async || self.knows(session).await, |knows| !knows).await;
    }

    /// Whether a session is there. Asking does not keep it.
    pub(crate) async fn knows(&self, session: &Session<'_>) -> bool {
        Ask::post(session.path("xhr_send")).body("[]").reply(&self.0).await.head.status == 204
    }
}

impl Deref for Recorder {
    type Target = SockjsApp;

    fn deref(&self) -> &SockjsApp {
        &self.0
    }
}
