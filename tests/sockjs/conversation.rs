//! A session over the transports that are HTTP.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use harness::SockjsApp;

use crate::wire::{Ask, Head, Wire};

static SESSIONS: AtomicUsize = AtomicUsize::new(0);

/// A session, known by its name only.
#[derive(Clone, Debug)]
pub(crate) struct Session<'a> {
    pub(crate) app: &'a SockjsApp,
    service: &'static str,
    name: String,
}

/// The transports that answer with many frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streaming {
    Xhr,
    EventSource,
    HtmlFile,
}

/// An answer with many frames.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) kind: Streaming,
    pub(crate) head: Head,
    pub(crate) wire: Wire,
}

impl<'a> Session<'a> {
    /// A session that the server does not know yet, of a service such as `echo`.
    pub(crate) fn of(app: &'a SockjsApp, service: &'static str) -> Self {
        let number = SESSIONS.fetch_add(1, Relaxed);
        Self { app, service, name: format!("session-{number}") }
    }

    /// One that has been opened by polling.
    pub(crate) async fn open(app: &'a SockjsApp, service: &'static str) -> Self {
        let session = Self::of(app, service);
        assert_eq!(session.poll().await, "o\n");
        session
    }

    /// The name that the client gave it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The id of its connection.
    pub(crate) fn id(&self) -> String {
        format!("/{}/{}", self.service, self.name)
    }

    pub(crate) fn path(&self, transport: &str) -> String {
        self.path_by("000", transport)
    }

    pub(crate) fn path_by(&self, server: &str, transport: &str) -> String {
        format!("/{}/{server}/{}/{transport}", self.service, self.name)
    }

    /// The next frames, by polling.
    pub(crate) async fn poll(&self) -> String {
        let reply = Ask::post(self.path("xhr")).reply(self.app).await;
        assert_eq!(reply.head.status, 200, "{reply:?}");
        reply.body
    }

    /// A poll whose answer is not waited for.
    pub(crate) async fn begin_poll(&self) -> Wire {
        let mut wire = Wire::open(self.app).await;
        wire.ask(self.app, &Ask::post(self.path("xhr"))).await;
        wire
    }

    /// Sends a JSON array of messages.
    pub(crate) async fn send(&self, payload: &str) {
        let reply = Ask::post(self.path("xhr_send")).body(payload).reply(self.app).await;
        assert_eq!((reply.head.status, reply.body.as_str()), (204, ""), "{reply:?}");
    }

    pub(crate) async fn stream(&self, kind: Streaming) -> Stream {
        let (head, wire) = kind.ask(self).begin(self.app).await;
        assert_eq!(head.status, 200, "{head:?}");
        Stream { kind, head, wire }
    }

    /// A stream whose prelude has been read.
    pub(crate) async fn begin_stream(&self, kind: Streaming) -> Stream {
        let mut stream = self.stream(kind).await;
        let prelude = stream.wire.chunk().await.unwrap();
        assert!(kind.is_prelude(&prelude), "{prelude:?}");
        stream
    }
}

impl Streaming {
    pub(crate) const ALL: [Self; 3] = [Self::Xhr, Self::EventSource, Self::HtmlFile];

    pub(crate) fn ask(self, session: &Session<'_>) -> Ask {
        match self {
            Self::Xhr => Ask::post(session.path("xhr_streaming")),
            Self::EventSource => Ask::get(session.path("eventsource")),
            Self::HtmlFile => Ask::get(session.path("htmlfile?c=callback")),
        }
    }

    fn is_prelude(self, chunk: &str) -> bool {
        match self {
            Self::Xhr => chunk == "h".repeat(2_048) + "\n",
            Self::EventSource => chunk == "\r\n",
            Self::HtmlFile => chunk.len() > 1_024 && chunk.starts_with("<!doctype html>"),
        }
    }

    /// How a frame looks on the wire.
    pub(crate) fn wrap(self, frame: &str) -> String {
        match self {
            Self::Xhr => format!("{frame}\n"),
            Self::EventSource => format!("data: {frame}\r\n\r\n"),
            Self::HtmlFile => format!("<script>\np({});\n</script>\r\n", serde_json::to_string(frame).unwrap()),
        }
    }
}

impl Stream {
    /// The next chunk is exactly this frame.
    pub(crate) async fn says(&mut self, frame: &str) {
        let chunk = self.wire.chunk().await;
        assert_eq!(chunk.as_deref(), Some(self.kind.wrap(frame).as_str()), "{:?}", self.kind);
    }

    /// The next frame other than a heartbeat is this: by heartbeats a server finds out whether somebody still receives.
    pub(crate) async fn says_soon(&mut self, frame: &str) {
        let heartbeat = self.kind.wrap("h");
        let chunk = loop {
            let chunk = self.wire.chunk().await;
            if chunk.as_ref() != Some(&heartbeat) {
                break chunk;
            }
        };
        assert_eq!(chunk, Some(self.kind.wrap(frame)), "{:?}", self.kind);
    }

    /// The next frames are these, whatever chunks they come in.
    pub(crate) async fn says_all(&mut self, frames: &[&str]) {
        let mut said = Vec::new();
        while said.len() < frames.len() {
            let chunk = self.wire.chunk().await.unwrap_or_else(|| panic!("the end after {said:?}"));
            said.extend(self.unwrap(&chunk));
        }
        // More may have come in the same chunk.
        said.truncate(frames.len());
        assert_eq!(said, frames, "{:?}", self.kind);
    }

    /// The answer ends as it should, by the empty chunk.
    pub(crate) async fn ends(&mut self) {
        assert_eq!(self.wire.chunk().await, None, "{:?}", self.kind);
    }

    /// The messages of the next `a` frames; `None` when the answer ends instead. A busy runtime joins what it has not sent yet
    /// into one chunk.
    pub(crate) async fn messages(&mut self) -> Option<Vec<String>> {
        let chunk = self.wire.chunk().await?;
        Some(self.unwrap(&chunk).iter().flat_map(|frame| messages(frame)).collect())
    }

    fn unwrap(&self, chunk: &str) -> Vec<String> {
        let (before, after) = match self.kind {
            Streaming::Xhr => ("", "\n"),
            Streaming::EventSource => ("data: ", "\r\n\r\n"),
            Streaming::HtmlFile => ("<script>\np(", ");\n</script>\r\n"),
        };
        let frames = chunk.strip_suffix(after).unwrap().split(after);
        let frames = frames.map(|frame| frame.strip_prefix(before).unwrap());
        match self.kind {
            Streaming::HtmlFile => frames.map(|frame| serde_json::from_str(frame).unwrap()).collect(),
            _ => frames.map(str::to_owned).collect(),
        }
    }
}

/// The messages of a frame `a[...]`.
#[track_caller]
pub(crate) fn messages(frame: &str) -> Vec<String> {
    let array = frame.trim_end().strip_prefix('a').unwrap_or_else(|| panic!("no messages: {frame:?}"));
    serde_json::from_str(array).unwrap()
}
