//! The page that a case has: the class under test in a browser, and the servers that it talks to.

use std::{cell::Cell, rc::Rc};

use harness::{Answer, Browser, Engine, ScriptedServer, eventually};
use serde_json::{Value, json};

/// A class that is to be what the standard says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The browser's own.
    Native,
    /// The browser package's, with this transport.
    #[allow(dead_code, reason = "SUBJECTS names it or not")]
    Package { transport: &'static str },
}

/// The browsers' own classes, where they are not what the standard says.
pub(super) const CHROMIUM: (Subject, Engine) = (Subject::Native, Engine::Chromium);
pub(super) const FIREFOX: (Subject, Engine) = (Subject::Native, Engine::Firefox);

/// An event stream that has begun: Firefox does not take a head for an answer before a byte of the body has come.
pub(super) fn stream() -> Answer {
    Answer::stream().piece(":\n")
}

/// What all cases of a subject in a browser share.
pub(super) struct Bed {
    pub(super) browser: Rc<Browser>,
    pub(super) engine: Engine,
    pub(super) subject: Subject,
    pub(super) server: ScriptedServer,
    /// Another origin.
    pub(super) elsewhere: ScriptedServer,
}

/// The page as one case sees it: paths and names are its own.
pub(super) struct Page {
    bed: Rc<Bed>,
    case: &'static str,
    sources: Cell<usize>,
}

/// A source in the page.
pub(super) struct Source {
    bed: Rc<Bed>,
    name: String,
}

impl Subject {
    /// Defines `Subject` and `extra` in a page.
    pub(super) fn script(self) -> String {
        match self {
            Self::Native => "window.Subject = window.EventSource; window.extra = undefined;".to_owned(),
            Self::Package { transport } => format!(
                "const {{ default: init, EventSource }} = await import('/media/client/cyclone_edge_client.js');
                 await init();
                 window.Subject = EventSource;
                 window.extra = {{ transport: '{transport}' }};"
            ),
        }
    }
}

impl Bed {
    pub(super) async fn new(browser: &Rc<Browser>, engine: Engine, subject: Subject) -> Self {
        let (server, elsewhere) = (ScriptedServer::start().await, ScriptedServer::start().await);
        browser.open(&server.url("/page")).await;
        let script = format!("{} {} window.isPrepared = true;", subject.script(), include_str!("page.js"));
        browser.add_module(&script).await;
        browser.eventually("the page to be prepared", "window.isPrepared", |prepared| *prepared == true).await;
        Self { browser: browser.clone(), engine, subject, server, elsewhere }
    }
}

impl Page {
    pub(super) fn new(bed: &Rc<Bed>, case: &'static str) -> Self {
        Self { bed: bed.clone(), case, sources: Cell::default() }
    }

    pub(super) fn server(&self) -> &ScriptedServer {
        &self.bed.server
    }

    /// A server of another origin.
    pub(super) fn elsewhere(&self) -> &ScriptedServer {
        &self.bed.elsewhere
    }

    pub(super) fn subject(&self) -> Subject {
        self.bed.subject
    }

    /// A path that only this case uses.
    pub(super) fn path(&self) -> String {
        format!("/{}", self.case)
    }

    /// Another one.
    pub(super) fn other_path(&self, name: &str) -> String {
        format!("/{}/{name}", self.case)
    }

    /// What is expected of this class, where one of the browsers' own classes is known to do something else.
    pub(super) fn differs<T>(&self, standard: T, class: (Subject, Engine), why: &str, instead: T) -> T {
        let (of, engine) = class;
        // The package's class is no better than the browser's own where that does the work.
        let is_native = of == Subject::Native && self.bed.subject == Subject::Package { transport: "native" };
        if engine != self.bed.engine || (of != self.bed.subject && !is_native) {
            return standard;
        }
        println!("{}: {class:?} is not what the standard says: {why}", self.case);
        instead
    }

    /// Answers the requests of this case's path.
    pub(super) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.server().script(&self.path(), answers);
    }

    /// A source at this case's path.
    pub(super) async fn open(&self) -> Source {
        self.open_with(&self.path(), Value::Null, &[]).await
    }

    /// A source at an address, with an `EventSourceInit` or null, that logs events of these types besides its own.
    pub(super) async fn open_with(&self, url: &str, init: Value, types: &[&str]) -> Source {
        let number = self.sources.replace(self.sources.get() + 1);
        let name = format!("{}#{number}", self.case);
        let types = json!([&["open", "error", "message"], types].concat());
        let init = if init.is_null() { "undefined".to_owned() } else { init.to_string() };
        self.run(&format!("watch({}, {}, {init}, {types})", json!(name), json!(url))).await;
        Source { bed: self.bed.clone(), name }
    }

    /// The events that a stream of these pieces makes: type, data and last event ID of each.
    pub(super) async fn interpreted<B: AsRef<[u8]>>(&self, pieces: &[B], types: &[&str]) -> Value {
        let path = self.other_path(&self.sources.get().to_string());
        self.server().script(&path, [Answer::stream().pieces(pieces).piece("event: message\ndata: THE END\n\n")]);
        let source = self.open_with(&path, Value::Null, types).await;
        let is_end = |log: &Value| log.as_array().and_then(|log| log.last()).is_some_and(|last| last[1] == "THE END");
        let log = eventually(&format!("the end of {path}"), || source.log(), is_end).await;
        source.close().await;
        let mut events = log.as_array().unwrap().clone();
        assert_eq!(events.remove(0), json!(["open", 1]));
        events.pop();
        events.into()
    }

    /// Runs the body of a function in the page, and returns what it returns.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.bed.browser.run(script).await
    }

    /// Runs statements as a script of the page's own.
    pub(super) async fn add_script(&self, script: &str) {
        self.bed.browser.add_script(script).await;
    }

    /// Runs the body of an async function in the page, in which `path` is this case's path. Nothing else runs meanwhile.
    pub(super) async fn run_async(&self, script: &str) -> Value {
        let script = format!("const path = {}; {script}", json!(self.path()));
        self.bed.browser.run_async(&script).await
    }

    /// Waits until the value of an expression satisfies.
    pub(super) async fn eventually(&self, what: &str, expression: &str, satisfies: impl Fn(&Value) -> bool) -> Value {
        self.bed.browser.eventually(what, expression, satisfies).await
    }

    /// Waits for as long as it takes another source to be connected, cut off and connected again: what was to follow
    /// from what happened before has followed.
    pub(super) async fn others_have_reconnected(&self) {
        let path = self.other_path("sentinel");
        self.server().script(&path, [stream().piece("retry: 1\n\n").end(), stream()]);
        let sentinel = self.open_with(&path, Value::Null, &[]).await;
        sentinel.fires(json!([["open", 1], ["error", 0], ["open", 1]])).await;
        sentinel.close().await;
    }

    /// Closes what the case has left open.
    pub(super) async fn finish(&self) {
        self.run(&format!("closeAll({})", json!(format!("{}#", self.case)))).await;
    }
}

impl Source {
    /// What it has fired so far.
    pub(super) async fn log(&self) -> Value {
        self.bed.browser.run(&format!("return logs[{}]", json!(self.name))).await
    }

    /// Waits until it has fired as many events, which must be these.
    pub(super) async fn fires(&self, expected: Value) {
        let count = expected.as_array().unwrap().len();
        let what = format!("{} to fire {expected}", self.name);
        let log = eventually(&what, || self.log(), |log| log.as_array().unwrap().len() >= count).await;
        assert_eq!(log, expected, "{what}");
    }

    /// The value of one of its members.
    pub(super) async fn get(&self, member: &str) -> Value {
        self.bed.browser.run(&format!("return sources[{}].{member}", json!(self.name))).await
    }

    pub(super) async fn close(&self) {
        self.get("close()").await;
    }
}
