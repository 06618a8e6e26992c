//! A listener's connection, read byte by byte if need be: HTTP/1.1 in pieces as small as the reader likes.

use std::io::{Error, ErrorKind, Result};

use httparse::{EMPTY_HEADER, Response, Status, parse_chunk_size};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A response that is being read.
pub(super) struct Wire {
    socket: TcpStream,
    received: Vec<u8>,
    part: Part,
    pub(super) status: u16,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    ChunkHead,
    Chunk(u64),
    ChunkEnd { is_last: bool },
    Plain(u64),
    End,
}

/// What a read brought.
pub(super) struct Piece {
    /// How many bytes came over the wire.
    pub(super) raw: usize,
    pub(super) body: Vec<u8>,
    pub(super) ended: bool,
}

impl Wire {
    /// Asks for a path. `window` is how much the kernel is to buffer, if not what it likes.
    pub(super) async fn get(address: &str, path: &str, headers: &str, window: Option<u32>) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(window) = window {
            socket.set_recv_buffer_size(window)?;
        }
        let mut socket = socket.connect(address.parse().map_err(Error::other)?).await?;
        socket.write_all(format!("GET {path} HTTP/1.1\r\nHost: hub\r\n{headers}\r\n").as_bytes()).await?;
        Ok(Self { socket, received: Vec::new(), part: Part::Head, status: 0 })
    }

    /// Reads at most `limit` bytes. Nothing is lost when this is given up while it waits.
    pub(super) async fn read(&mut self, limit: usize) -> Result<Piece> {
        let mut buffer = [0; 16 * 1024];
        let room = limit.clamp(1, buffer.len());
        let raw = self.socket.read(&mut buffer[..room]).await?;
        self.received.extend_from_slice(&buffer[..raw]);
        let mut body = Vec::new();
        while self.decode(&mut body)? {}
        Ok(Piece { raw, body, ended: raw == 0 || self.part == Part::End })
    }

    /// Ends the connection by RST.
    pub(super) fn reset(self) {
        let _ = self.socket.set_zero_linger();
    }

    /// Decodes one part, as far as it has come; `false` when more has to come first.
    fn decode(&mut self, body: &mut Vec<u8>) -> Result<bool> {
        let invalid = |error| Error::new(ErrorKind::InvalidData, error);
        match self.part {
            Part::Head => self.decode_head(),
            Part::ChunkHead => {
                let size = parse_chunk_size(&self.received);
                let Status::Complete((head, size)) = size.map_err(|_| invalid("no chunk size"))? else {
                    return Ok(false);
                };
                self.received.drain(..head);
                self.part = if size == 0 { Part::ChunkEnd { is_last: true } } else { Part::Chunk(size) };
                Ok(true)
            }
            Part::Chunk(left) => Ok(self.take(left, body, Part::Chunk, Part::ChunkEnd { is_last: false })),
            Part::Plain(left) => Ok(self.take(left, body, Part::Plain, Part::End)),
            Part::ChunkEnd { is_last } => {
                if self.received.len() < 2 {
                    return Ok(false);
                }
                self.received.drain(..2);
                self.part = if is_last { Part::End } else { Part::ChunkHead };
                Ok(!is_last)
            }
            Part::End => Ok(false),
        }
    }

    fn decode_head(&mut self) -> Result<bool> {
        let mut headers = [EMPTY_HEADER; 32];
        let mut response = Response::new(&mut headers);
        let Status::Complete(end) = response.parse(&self.received).map_err(Error::other)? else { return Ok(false) };
        self.status = response.code.unwrap_or(0);
        let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        self.part = match length {
            Some(length) => {
                let length = std::str::from_utf8(length.value).ok().and_then(|length| length.parse().ok());
                Part::Plain(length.ok_or_else(|| Error::other("an invalid Content-Length"))?)
            }
            None => Part::ChunkHead,
        };
        self.received.drain(..end);
        Ok(true)
    }

    fn take(&mut self, left: u64, body: &mut Vec<u8>, goes_on: impl Fn(u64) -> Part, then: Part) -> bool {
        let count = self.received.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        body.extend(self.received.drain(..count));
        let left = left - count as u64;
        self.part = if left == 0 { then } else { goes_on(left) };
        left == 0
    }
}
