//! A server that does what a test says, however wrong: it answers each request in turn with a scripted answer, byte for
//! byte, and remembers every request. Two of them are two origins.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    task::JoinSet,
    time::sleep,
};

use crate::{Answer, Request, answer::Step, eventually, project::root, request::gone};

/// Long enough, mostly, for a reader to find a piece alone. No test fails for want of it: it only tests less.
const BETWEEN_PIECES: Duration = Duration::from_millis(2);

/// A page for scripts.
const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href='data:,'><title>Page</title>";

/// A server. It serves besides, without a script, an empty page at `/page`, and the browser package under
/// `/media/client/`; what else has no script left gets a 204.
#[derive(Debug)]
pub struct ScriptedServer {
    port: u16,
    script: Arc<Mutex<Script>>,
    /// Dropping it ends all connections.
    running: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Script {
    answers: HashMap<String, VecDeque<Answer>>,
    preflights: HashMap<String, Answer>,
    requests: Vec<Request>,
    unscripted: Vec<usize>,
}

impl ScriptedServer {
    pub async fn start() -> Self {
        let mut server = Self { port: 0, script: Arc::default(), running: JoinSet::new() };
        server.restart().await;
        server
    }

    /// Stops listening, and ends all connections.
    pub async fn stop(&mut self) {
        self.running.shutdown().await;
    }

    /// Listens again, at the same port.
    pub async fn restart(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        self.running.spawn(serve(listener, self.script.clone()));
    }

    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn url(&self, path: &str) -> String {
        self.origin() + path
    }

    /// Adds answers for the next requests of a path, whatever their method and query.
    pub fn script(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.lock().answers.entry(path.to_owned()).or_default().extend(answers);
    }

    /// Answers preflights of a path with this, instead of a consent to everything.
    pub fn script_preflight(&self, path: &str, answer: Answer) {
        self.lock().preflights.insert(path.to_owned(), answer);
    }

    /// All requests so far of a path, preflights left out.
    pub fn requests(&self, path: &str) -> Vec<Request> {
        let is_asked_for = |request: &&Request| request.path == path && !request.is_preflight();
        self.lock().requests.iter().filter(is_asked_for).cloned().collect()
    }

    /// All preflights so far of a path.
    pub fn preflights(&self, path: &str) -> Vec<Request> {
        let is_asked_for = |request: &&Request| request.path == path && request.is_preflight();
        self.lock().requests.iter().filter(is_asked_for).cloned().collect()
    }

    /// The requests that no test had scripted an answer for, by path.
    pub fn unscripted(&self) -> Vec<String> {
        let script = self.lock();
        script.unscripted.iter().map(|&index| script.requests[index].path.clone()).collect()
    }

    /// Waits until a path was requested this often, and returns all its requests.
    pub async fn requested(&self, path: &str, times: usize) -> Vec<Request> {
        let requests = async || self.requests(path);
        eventually(&format!("request {times} of {path}"), requests, |requests| requests.len() >= times).await
    }

    /// Waits until the client has left the last request of a path.
    pub async fn aborted(&self, path: &str) {
        let requests = async || self.requests(path);
        let is_left = |requests: &Vec<Request>| requests.last().is_some_and(|request| request.aborted);
        eventually(&format!("the client of {path} to go"), requests, is_left).await;
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }
}

impl Script {
    /// Records a request, and says how to answer it.
    fn take(&mut self, request: &Request) -> (usize, Answer) {
        let index = self.requests.len();
        self.requests.push(request.clone());
        if request.is_preflight() {
            let scripted = self.preflights.get(&request.path).cloned();
            return (index, scripted.unwrap_or_else(|| consent(request)));
        }
        let scripted = self.answers.get_mut(&request.path).and_then(VecDeque::pop_front);
        let answer = scripted.or_else(|| file(&request.path)).unwrap_or_else(|| {
            self.unscripted.push(index);
            Answer::status(204)
        });
        (index, answer)
    }
}

/// Lets the page do what it asks for.
fn consent(request: &Request) -> Answer {
    let asked = |name: &str| request.header(name).unwrap_or_default().to_owned();
    Answer::status(204)
        .for_origin(&asked("origin"))
        .header("Access-Control-Allow-Methods", &asked("access-control-request-method"))
        .header("Access-Control-Allow-Headers", &asked("access-control-request-headers"))
        .header("Access-Control-Max-Age", "0")
}

fn file(path: &str) -> Option<Answer> {
    let (content_type, bytes) = match path {
        "/page" => ("text/html", PAGE.as_bytes().to_vec()),
        "/favicon.ico" => return Some(Answer::status(404)),
        _ => {
            let name =
                path.strip_prefix("/media/client/").filter(|name| !name.contains("..") && !name.contains('/'))?;
            let content_type = if name.ends_with(".wasm") { "application/wasm" } else { "text/javascript" };
            (content_type, std::fs::read(root().join("media/client").join(name)).ok()?)
        }
    };
    Some(Answer::body(content_type).piece(bytes).end())
}

async fn serve(listener: TcpListener, script: Arc<Mutex<Script>>) {
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        let script = script.clone();
        connections.spawn(async move { converse(connection, &script).await });
    }
}

/// Answers the requests of a connection, until it ends.
async fn converse(connection: TcpStream, script: &Mutex<Script>) {
    connection.set_nodelay(true).unwrap();
    let (reader, mut writer) = connection.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(request) = Request::read(&mut reader).await {
        let (index, answer) = script.lock().unwrap().take(&request);
        tokio::select! {
            ending = give(answer, &mut writer) => {
                match ending {
                    Step::End => {}
                    Step::Reset => {
                        writer.as_ref().set_zero_linger().unwrap();
                        // Dropped, it would send a FIN first.
                        writer.forget();
                        return;
                    }
                    _ => return,
                }
            }
            () = gone(&mut reader) => {
                script.lock().unwrap().requests[index].aborted = true;
                return;
            }
        }
    }
}

/// Sends an answer, and returns the step that ended it.
async fn give(answer: Answer, writer: &mut OwnedWriteHalf) -> Step {
    let (head, steps) = answer.into_parts();
    send(&head, writer).await;
    for step in steps {
        match step {
            Step::Send(bytes) => {
                send(&bytes, writer).await;
                sleep(BETWEEN_PIECES).await;
            }
            Step::Wait(gate) => gate.opened().await,
            ending => return ending,
        }
    }
    std::future::pending().await
}

/// Never returns when the client has gone, which is for the reader to find out.
async fn send(bytes: &[u8], writer: &mut OwnedWriteHalf) {
    if writer.write_all(bytes).await.is_err() {
        std::future::pending::<()>().await;
    }
}
