//! How a request says where its body ends, rightly and wrongly.

use proptest::{prelude::*, sample::select};

/// The headers that say so, and the body as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) enum Framing {
    /// `Content-Length`, and nothing without a body.
    Length,
    /// In chunks of this size.
    Chunked(usize),
    /// As `gzip, chunked`, which the hub does not unpack.
    Coded,
    /// Both ways at once: the chunks count (RFC 9112, section 6.3).
    Both,
    /// The body is so many bytes shorter than the length says.
    TooShort(usize),
    /// The body goes on for so many bytes more: the next request on the connection, which is none.
    TooLong(usize),
    /// Chunks without an end.
    NoLastChunk,
    /// These bytes stand where a chunk should.
    NoChunk(&'static str),
    /// A length that is none.
    NoLength(&'static str),
    /// A body that no header speaks of: the next request on the connection, which is none.
    Unannounced,
}

impl Framing {
    pub(super) fn headers(&self, body: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let length = |length: usize| (b"Content-Length".to_vec(), length.to_string().into_bytes());
        let coding = |coding: &str| (b"Transfer-Encoding".to_vec(), coding.as_bytes().to_vec());
        match self {
            Self::Length if body.is_empty() => Vec::new(),
            Self::Length | Self::TooLong(_) => vec![length(body.len())],
            Self::TooShort(missing) => vec![length(body.len() + missing)],
            Self::Chunked(_) | Self::NoLastChunk | Self::NoChunk(_) => vec![coding("chunked")],
            Self::Coded => vec![coding("gzip, chunked")],
            Self::Both => vec![length(body.len() / 2), coding("chunked")],
            Self::NoLength(text) => vec![(b"Content-Length".to_vec(), text.as_bytes().to_vec())],
            Self::Unannounced => Vec::new(),
        }
    }

    pub(super) fn body(&self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::Chunked(size) => [chunks(body, *size), b"0\r\n\r\n".to_vec()].concat(),
            Self::Coded | Self::Both => [chunks(body, 16), b"0\r\n\r\n".to_vec()].concat(),
            Self::NoLastChunk => chunks(body, 16),
            Self::NoChunk(bytes) => [chunks(body, 16), bytes.as_bytes().to_vec()].concat(),
            Self::TooLong(more) => [body, &vec![b'x'; *more]].concat(),
            _ => body.to_vec(),
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(
            self,
            Self::Length | Self::Chunked(_) | Self::Coded | Self::Both | Self::TooLong(_) | Self::Unannounced
        )
    }
}

fn chunks(body: &[u8], size: usize) -> Vec<u8> {
    body.chunks(size).flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()).collect()
}

pub(super) fn framing() -> impl Strategy<Value = Framing> {
    let no_chunk =
        select(vec!["zz\r\n", "-1\r\nx\r\n", "ffffffffffffffffff\r\nx", "5\r\nabc", "1\r\nabXX0\r\n\r\n", "\r\n\r\n"]);
    let no_length = select(vec!["-1", "", "x", "1, 2", "1e3", "0x10", "99999999999999999999", " 5 "]);
    prop_oneof![
        20 => Just(Framing::Length),
        4 => (1..50_usize).prop_map(Framing::Chunked),
        1 => Just(Framing::Coded),
        1 => Just(Framing::Both),
        1 => (1..100_usize).prop_map(Framing::TooShort),
        1 => (1..100_usize).prop_map(Framing::TooLong),
        1 => Just(Framing::NoLastChunk),
        1 => no_chunk.prop_map(Framing::NoChunk),
        1 => no_length.prop_map(Framing::NoLength),
        1 => Just(Framing::Unannounced),
    ]
}
