//! HTTP as bytes: a request as it is written, and its answer read to the byte and to the chunk.

use harness::{DEADLINE, SockjsApp, within};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// What "not cached" is, to the byte.
pub(crate) const NOT_CACHED: &str = "no-store, no-cache, no-transform, must-revalidate, max-age=0";

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: &'static str,
    target: String,
    version: &'static str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    says_length: bool,
}

/// The status line and the headers of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) version: String,
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) head: Head,
    pub(crate) body: String,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Ask {
    pub(crate) fn new(method: &'static str, target: impl Into<String>) -> Self {
        let says_length = !["GET", "HEAD", "OPTIONS"].contains(&method);
        Self { method, target: target.into(), version: "1.1", headers: Vec::new(), body: Vec::new(), says_length }
    }

    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// A POST with `Content-Length: 0`.
    pub(crate) fn post(target: impl Into<String>) -> Self {
        Self::new("POST", target)
    }

    pub(crate) fn options(target: impl Into<String>) -> Self {
        Self::new("OPTIONS", target)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn form(self, body: &str) -> Self {
        self.header("Content-Type", "application/x-www-form-urlencoded").body(body)
    }

    pub(crate) fn http_1_0(mut self) -> Self {
        self.version = "1.0";
        self
    }

    /// Leaves `Content-Length` out.
    pub(crate) fn without_length(mut self) -> Self {
        self.says_length = false;
        self
    }

    /// The bytes of the request.
    pub(crate) fn bytes(&self, app: &SockjsApp) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/{}\r\nHost: {}\r\n", self.method, self.target, self.version, app.address());
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.says_length {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }

    /// The answer on a connection of its own.
    pub(crate) async fn reply(&self, app: &SockjsApp) -> Reply {
        let mut wire = Wire::open(app).await;
        wire.ask(app, self).await;
        let head = wire.head().await;
        let body = wire.body(self.method, &head).await;
        Reply { head, body }
    }

    /// The head of an answer that may come before the whole request has been taken.
    pub(crate) async fn refusal(&self, app: &SockjsApp) -> Head {
        let Wire { reader, mut writer } = Wire::open(app).await;
        let bytes = self.bytes(app);
        let writing = tokio::spawn(async move {
            let _ = writer.write_all(&bytes).await;
            // Dropping the writer would end what this side sends.
            std::future::pending::<()>().await;
        });
        let head = read_head(&mut { reader }).await;
        writing.abort();
        head
    }

    /// The head of the answer on a connection of its own, which has more to come.
    pub(crate) async fn begin(&self, app: &SockjsApp) -> (Head, Wire) {
        let mut wire = Wire::open(app).await;
        wire.ask(app, self).await;
        (wire.head().await, wire)
    }
}

impl Head {
    /// The value of the only header of this name, which is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(found, _)| found == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} comes twice: {self:?}");
        value
    }

    /// Whether the header has this value, for which neither case nor spaces count.
    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.header(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// The media type with its parameters; spaces do not count.
    pub(crate) fn content_type(&self) -> Option<String> {
        self.header("content-type").map(|value| value.replace(' ', ""))
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.is("transfer-encoding", "chunked")
    }

    #[track_caller]
    pub(crate) fn is_not_cached(&self) {
        assert_eq!(self.header("cache-control"), Some(NOT_CACHED));
        assert_eq!((self.header("expires"), self.header("last-modified")), (None, None));
    }

    /// Caches may keep it for a year.
    #[track_caller]
    pub(crate) fn is_cached_for_long(&self) {
        let control = self.header("cache-control").unwrap_or_else(|| panic!("no Cache-Control: {self:?}"));
        let age = control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")).unwrap();
        assert!(control.contains("public") && age.parse::<u64>().unwrap() >= 1_000_000, "{control}");
        assert!(self.header("expires").is_some_and(|date| date.ends_with(" GMT")), "{self:?}");
        assert_eq!(self.header("last-modified"), None);
    }

    /// A page of the origin may read it, and send cookies.
    #[track_caller]
    pub(crate) fn is_for_origin(&self, origin: &str) {
        assert_eq!(self.header("access-control-allow-origin"), Some(origin), "{self:?}");
        assert_eq!(self.header("access-control-allow-credentials"), Some("true"), "{self:?}");
    }
}

impl Reply {
    /// A 404 says nothing else that a client could rely on.
    #[track_caller]
    pub(crate) fn is_not_found(&self) {
        assert_eq!(self.head.status, 404, "{self:?}");
    }

    /// A 405 says which methods there are, and nothing else.
    #[track_caller]
    pub(crate) fn is_not_allowed(&self) {
        assert_eq!(self.head.status, 405, "{self:?}");
        assert!(self.head.header("allow").is_some_and(|methods| !methods.is_empty()), "{self:?}");
        assert_eq!((self.head.header("content-type"), self.body.as_str()), (None, ""), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn fails_with(&self, text: &str) {
        assert_eq!((self.head.status, self.body.trim_end()), (500, text), "{self:?}");
    }
}

impl Wire {
    pub(crate) async fn open(app: &SockjsApp) -> Self {
        let stream = TcpStream::connect(app.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(reader), writer }
    }

    pub(crate) async fn ask(&mut self, app: &SockjsApp, ask: &Ask) {
        self.send(ask.bytes(app)).await;
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.writer.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Ends what this side sends (FIN), and goes on reading.
    pub(crate) async fn finish(&mut self) {
        self.writer.shutdown().await.unwrap();
    }

    pub(crate) async fn head(&mut self) -> Head {
        read_head(&mut self.reader).await
    }

    /// The body, whose end the head has to tell.
    pub(crate) async fn body(&mut self, method: &str, head: &Head) -> String {
        if method == "HEAD" || [101, 204, 304].contains(&head.status) {
            assert!(!head.is_chunked(), "{head:?}");
            return String::new();
        }
        if head.is_chunked() {
            let mut body = String::new();
            while let Some(chunk) = self.chunk().await {
                body += &chunk;
            }
            return body;
        }
        if let Some(length) = head.header("content-length") {
            return self.text(length.parse().unwrap()).await;
        }
        if head.is("connection", "close") || head.version == "1.0" {
            return self.rest().await;
        }
        assert!(method == "OPTIONS" && head.status == 200, "nothing says where the body ends: {head:?}");
        String::new()
    }

    /// The next chunk; `None` is the last one, which is empty.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let line = read_line(&mut self.reader, "a chunk").await;
        let length = usize::from_str_radix(line.split(';').next().unwrap().trim(), 16);
        let length = length.unwrap_or_else(|_| panic!("the length of a chunk: {line:?}"));
        let chunk = self.text(length).await;
        assert_eq!(self.text(2).await, "\r\n", "after {chunk:?}");
        (length > 0).then_some(chunk)
    }

    pub(crate) async fn text(&mut self, length: usize) -> String {
        String::from_utf8(self.bytes(length).await).unwrap()
    }

    pub(crate) async fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        within(DEADLINE, &format!("{length} bytes"), self.reader.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// All that comes before the connection ends.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        within(DEADLINE, "the end of the connection", self.reader.read_to_end(&mut bytes)).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// The other side says nothing more and ends the connection.
    pub(crate) async fn ends(&mut self) {
        assert_eq!(self.rest().await, "");
    }

    /// Waits until something has come that nobody has read.
    pub(crate) async fn readable(&mut self) {
        let _ = self.reader.fill_buf().await.unwrap();
    }

    /// The first byte of the next frame of a WebSocket; `None` when the connection ends instead.
    pub(crate) async fn next_frame(&mut self) -> Option<u8> {
        let mut first = [0];
        let count = within(DEADLINE, "a frame or the end", self.reader.read(&mut first)).await.unwrap_or(0);
        (count > 0).then_some(first[0])
    }
}

async fn read_head(reader: &mut BufReader<OwnedReadHalf>) -> Head {
    let line = read_line(reader, "a status line").await;
    let (version, rest) = line.strip_prefix("HTTP/").and_then(|rest| rest.split_once(' ')).expect(&line);
    let status = rest.split(' ').next().unwrap().parse().expect(&line);
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader, "a header").await;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Head { version: version.to_owned(), status, headers }
}

/// A line without its end.
async fn read_line(reader: &mut BufReader<OwnedReadHalf>, what: &str) -> String {
    let mut line = String::new();
    within(DEADLINE, what, reader.read_line(&mut line)).await.unwrap();
    assert!(line.ends_with("\r\n"), "the connection ended in place of {what}: {line:?}");
    line.truncate(line.len() - 2);
    line
}
