//! Which part of the protocol a path below a service's prefix names ("Static URLs", "Session URLs").

use core::fmt;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// The prefix alone, with a slash or without.
    Greeting,
    /// The page for transports that cannot cross domains.
    Iframe,
    /// What the server can do.
    Info,
    /// A WebSocket without framing.
    RawWebSocket,
    /// A transport of a session.
    Session(SessionName<'a>, Transport),
}

/// The name that a client gave its session. The name of the server, for load balancers, is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionName<'a>(&'a str);

/// How messages travel, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names are those of the protocol")]
pub enum Transport {
    WebSocket,
    Xhr,
    XhrSend,
    XhrStreaming,
    EventSource,
    HtmlFile,
    Jsonp,
    JsonpSend,
}

impl<'a> Endpoint<'a> {
    /// The endpoint of a path below the prefix, as it is in the address: slashes count, and nothing is decoded.
    pub fn of(path: &'a str) -> Option<Self> {
        match path {
            "" | "/" => return Some(Self::Greeting),
            "/info" => return Some(Self::Info),
            "/websocket" => return Some(Self::RawWebSocket),
            _ => {}
        }
        let path = path.strip_prefix('/')?;
        if is_iframe(path) {
            return Some(Self::Iframe);
        }
        let mut segments = path.split('/');
        let (server, session, transport) = (segments.next()?, segments.next()?, segments.next()?);
        if segments.next().is_some() || !is_name(server) {
            return None;
        }
        Some(Self::Session(SessionName::new(session)?, Transport::of(transport)?))
    }
}

/// `iframe[0-9-.a-z_]*.html`
fn is_iframe(path: &str) -> bool {
    let version = path.strip_prefix("iframe").and_then(|path| path.strip_suffix(".html"));
    version.is_some_and(|version| {
        version.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.' | b'a'..=b'z' | b'_'))
    })
}

impl<'a> SessionName<'a> {
    /// A longer name names nothing.
    pub const MAX_BYTES: usize = 256;

    /// A segment of a path that is not empty and has no dots.
    pub fn new(segment: &'a str) -> Option<Self> {
        is_name(segment).then_some(Self(segment))
    }

    /// The segment.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for SessionName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

fn is_name(segment: &str) -> bool {
    (1..=SessionName::MAX_BYTES).contains(&segment.len()) && !segment.contains(['.', '/'])
}

impl Transport {
    const ALL: [Self; 8] = [
        Self::WebSocket,
        Self::Xhr,
        Self::XhrSend,
        Self::XhrStreaming,
        Self::EventSource,
        Self::HtmlFile,
        Self::Jsonp,
        Self::JsonpSend,
    ];

    /// The transport of the last segment of a path.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.name() == name)
    }

    /// As paths and settings name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Xhr => "xhr",
            Self::XhrSend => "xhr_send",
            Self::XhrStreaming => "xhr_streaming",
            Self::EventSource => "eventsource",
            Self::HtmlFile => "htmlfile",
            Self::Jsonp => "jsonp",
            Self::JsonpSend => "jsonp_send",
        }
    }

    /// The method that it takes, besides OPTIONS where it [is for other origins](Self::is_for_other_origins).
    pub fn method(self) -> &'static str {
        match self {
            Self::WebSocket | Self::EventSource | Self::HtmlFile | Self::Jsonp => "GET",
            Self::Xhr | Self::XhrSend | Self::XhrStreaming | Self::JsonpSend => "POST",
        }
    }

    /// Whether pages of other origins use it by CORS.
    pub fn is_for_other_origins(self) -> bool {
        matches!(self, Self::Xhr | Self::XhrSend | Self::XhrStreaming)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_paths_are_told_apart() {
        for (path, endpoint) in [
            ("", Endpoint::Greeting),
            ("/", Endpoint::Greeting),
            ("/info", Endpoint::Info),
            ("/websocket", Endpoint::RawWebSocket),
            ("/iframe.html", Endpoint::Iframe),
            ("/iframe-a.html", Endpoint::Iframe),
            ("/iframe-.html", Endpoint::Iframe),
            ("/iframe-0.1.2abc-dirty.2144.html", Endpoint::Iframe),
        ] {
            assert_eq!(Endpoint::of(path), Some(endpoint), "{path}");
        }
    }

    #[test]
    fn a_session_is_named_by_its_second_segment() {
        for server in ["000", "a", "_", "abcdefgh_i-j%20"] {
            let path = std::format!("/{server}/abc%20/xhr");
            assert_eq!(Endpoint::of(&path), Some(Endpoint::Session(SessionName("abc%20"), Transport::Xhr)));
        }
        for transport in Transport::ALL {
            let path = std::format!("/a/b/{}", transport.name());
            assert_eq!(Endpoint::of(&path), Some(Endpoint::Session(SessionName("b"), transport)));
        }
    }

    #[test]
    fn malformed_paths_name_nothing() {
        for path in [
            "//",
            "///",
            "/a",
            "/a/a",
            "/a/",
            "/a/a/",
            "/a.html",
            "//a",
            "a",
            "/info/",
            "/iframe",
            "/iframe.htm",
            "/IFRAME.HTML",
            "/iframe.HTML",
            "/iframe.xml",
            "/iframe-/.html",
            "///xhr",
            "/a./a/xhr",
            "/a/a./xhr",
            "/././xhr",
            "//xhr",
            "////xhr",
            "/a/a/xhr/",
            "/a/a/a/xhr",
            "/a/a/XHR",
            "/a/a/unknown",
            "//a/xhr",
            "/a//xhr",
        ] {
            assert_eq!(Endpoint::of(path), None, "{path}");
        }
        let long = std::format!("/a/{}/xhr", "a".repeat(SessionName::MAX_BYTES + 1));
        assert_eq!(Endpoint::of(&long), None);
    }
}
