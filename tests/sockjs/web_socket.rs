//! The transports that are WebSockets, by a client that shows each frame and how the connection ends.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use harness::{DEADLINE, SockjsApp, within};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, protocol::frame::CloseFrame},
};

/// A connection.
#[derive(Debug)]
pub(crate) struct WebSocket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Text(String),
    /// A close frame, with code and reason where it has them.
    Closed(Option<(u16, String)>),
    /// The end of the connection without a close frame.
    Cut,
}

impl WebSocket {
    pub(crate) async fn connect(app: &SockjsApp, path: &str) -> Self {
        let url = format!("ws://{}{path}", app.address());
        let (socket, _) = within(DEADLINE, "a WebSocket", connect_async(url)).await.unwrap();
        Self(socket)
    }

    /// One that has got its open frame.
    pub(crate) async fn open(app: &SockjsApp, path: &str) -> Self {
        let mut socket = Self::connect(app, path).await;
        socket.says("o").await;
        socket
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// Sends what may be refused before it has been taken.
    pub(crate) async fn try_send(&mut self, text: &str) {
        let _ = self.0.send(Message::text(text)).await;
    }

    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.0.close(Some(frame)).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Heard {
        self.next_within(DEADLINE).await
    }

    pub(crate) async fn next_within(&mut self, limit: Duration) -> Heard {
        within(limit, "a frame of the WebSocket", async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Heard::Text(text.to_string()),
                    Some(Ok(Message::Close(frame))) => {
                        return Heard::Closed(frame.map(|frame| (frame.code.into(), frame.reason.to_string())));
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(other)) => panic!("{other:?}"),
                    Some(Err(_)) | None => return Heard::Cut,
                }
            }
        })
        .await
    }

    /// The next frame is exactly this text.
    pub(crate) async fn says(&mut self, text: &str) {
        assert_eq!(self.next().await, Heard::Text(text.to_owned()));
    }

    /// Nothing more is said.
    pub(crate) async fn ends(&mut self) {
        let heard = self.next().await;
        assert!(!matches!(heard, Heard::Text(_)), "{heard:?}");
    }
}
