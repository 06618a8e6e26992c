//! HTTP/1.1 as bytes on a socket, so that no client hides a fault of the server.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::{DEADLINE, Hub, within};

/// A response as it came, and the connection that it came on.
#[derive(Debug)]
pub struct RawResponse {
    pub connection: TcpStream,
    received: Vec<u8>,
}

/// Sends bytes on a new connection.
pub async fn raw_request(hub: &Hub, request: impl AsRef<[u8]>) -> RawResponse {
    send(connect(hub, |_| Ok(())).await, request).await
}

/// Sends bytes on a new connection whose kernel keeps few bytes for a client that does not read.
pub async fn raw_request_with_little_room(hub: &Hub, request: impl AsRef<[u8]>) -> RawResponse {
    // The least that Linux grants.
    send(connect(hub, |socket| socket.set_recv_buffer_size(2_304)).await, request).await
}

async fn send(mut connection: TcpStream, request: impl AsRef<[u8]>) -> RawResponse {
    connection.write_all(request.as_ref()).await.unwrap();
    RawResponse { connection, received: Vec::new() }
}

/// A new connection of a socket that is set up so.
pub(crate) async fn connect(hub: &Hub, set_up: impl FnOnce(&TcpSocket) -> io::Result<()>) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    set_up(&socket).unwrap();
    socket.connect(hub.address().parse().unwrap()).await.unwrap()
}

impl RawResponse {
    /// Reads until what came satisfies, and returns all that came.
    pub async fn read_until(&mut self, what: &str, satisfies: impl Fn(&str) -> bool) -> String {
        within(DEADLINE, what, async {
            let mut buffer = vec![0; 64 * 1024];
            while !satisfies(&self.text()) {
                let count = self.connection.read(&mut buffer).await.unwrap();
                assert!(count > 0, "the connection ended before {what}: {:?}", self.text());
                self.received.extend_from_slice(&buffer[..count]);
            }
        })
        .await;
        self.text()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}
