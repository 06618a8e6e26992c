//! What a scripted server answers: a head, and then bytes, waits and an end, one after the other.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Something that an answer waits for, until the test opens it.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

/// An answer. One that is not told to end goes on until its client leaves.
#[derive(Clone, Debug)]
pub struct Answer {
    head: Head,
    framing: Framing,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Head {
    Parts { status: u16, headers: Vec<(String, String)> },
    Bytes(Vec<u8>),
}

/// How the body says where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Chunked,
    /// By what the head says, or by the end of the connection.
    Plain,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(Gate),
    /// The answer has ended, and the connection takes the next request.
    End,
    /// The connection ends by FIN.
    Cut,
    /// The connection ends by RST.
    Reset,
}

impl Gate {
    /// A gate that is shut.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets everybody through, from now on.
    pub fn open(&self) {
        self.0.close();
    }

    pub(crate) async fn opened(&self) {
        let _ = self.0.acquire().await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Answer {
    /// An event stream, chunked.
    pub fn stream() -> Self {
        Self::body("text/event-stream")
    }

    /// A 200 with a body of this type, chunked.
    pub fn body(content_type: &str) -> Self {
        Self::new(200, Framing::Chunked).header("Transfer-Encoding", "chunked").header("Content-Type", content_type)
    }

    /// An event stream of as many bytes as the head says.
    pub fn stream_of_length(length: usize) -> Self {
        let answer = Self::new(200, Framing::Plain).header("Content-Type", "text/event-stream");
        answer.header("Content-Length", &length.to_string())
    }

    /// An event stream that ends with its connection, as in HTTP/1.0.
    pub fn stream_until_cut() -> Self {
        let answer = Self::new(200, Framing::Plain).header("Content-Type", "text/event-stream");
        answer.header("Connection", "close")
    }

    /// An answer with this status and nothing else.
    pub fn status(status: u16) -> Self {
        let answer = Self::new(status, Framing::Plain);
        // RFC 9110, section 8.6: no Content-Length in a 204.
        let answer = if status == 204 { answer } else { answer.header("Content-Length", "0") };
        answer.end()
    }

    /// A redirect; `status` is 301, 302, 303, 307 or 308.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("Location", location)
    }

    /// A head as it goes over the wire, empty line included; the pieces that follow are sent as they are too.
    pub fn raw(head: impl Into<Vec<u8>>) -> Self {
        Self { head: Head::Bytes(head.into()), framing: Framing::Plain, steps: Vec::new() }
    }

    fn new(status: u16, framing: Framing) -> Self {
        Self { head: Head::Parts { status, headers: Vec::new() }, framing, steps: Vec::new() }
    }

    /// Sets a header, in place of one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Head::Parts { headers, .. } = &mut self.head {
            headers.retain(|(found, _)| !found.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        if let Head::Parts { headers, .. } = &mut self.head {
            headers.retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        }
        self
    }

    /// Lets pages of this origin read the answer, also with credentials.
    pub fn for_origin(self, origin: &str) -> Self {
        self.header("Access-Control-Allow-Origin", origin).header("Access-Control-Allow-Credentials", "true")
    }

    /// Sends bytes of the body: one chunk, one write. No bytes are no piece: an empty chunk would end the body.
    pub fn piece(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return self;
        }
        let sent = match self.framing {
            Framing::Chunked => [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
            Framing::Plain => bytes.to_vec(),
        };
        self.step(Step::Send(sent))
    }

    /// Sends several pieces, one after the other.
    pub fn pieces<B: AsRef<[u8]>>(self, pieces: impl IntoIterator<Item = B>) -> Self {
        pieces.into_iter().fold(self, Self::piece)
    }

    pub fn wait(self, gate: &Gate) -> Self {
        self.step(Step::Wait(gate.clone()))
    }

    /// Ends the body as it should end.
    pub fn end(self) -> Self {
        match self.framing {
            Framing::Chunked => self.step(Step::Send(b"0\r\n\r\n".to_vec())).step(Step::End),
            Framing::Plain => self.step(Step::End),
        }
    }

    /// Ends the connection here, by FIN.
    pub fn cut(self) -> Self {
        self.step(Step::Cut)
    }

    /// Ends the connection here, by RST.
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    /// Sends the beginning of a chunk that is announced with a length of a hundred bytes more, and ends the connection.
    pub fn truncate(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let sent = [format!("{:x}\r\n", bytes.len() + 100).as_bytes(), bytes].concat();
        self.step(Step::Send(sent)).step(Step::Cut)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The head as it goes over the wire, and what comes then.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Vec<Step>) {
        let head = match self.head {
            Head::Bytes(bytes) => bytes,
            Head::Parts { status, headers } => write_head(status, &headers),
        };
        (head, self.steps)
    }
}

pub(crate) fn write_head(status: u16, headers: &[(String, String)]) -> Vec<u8> {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    // RFC 9112, section 4: the reason may be empty.
    format!("HTTP/1.1 {status} \r\n{lines}\r\n").into_bytes()
}
