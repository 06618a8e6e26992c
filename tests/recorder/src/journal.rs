//! The object that keeps what a service has written down.

#![allow(missing_docs, reason = "`durable_object` generates methods without documentation")]

use serde::Deserialize;
use worker::{
    DurableObject, Env, Method, Request, RequestInit, Response, State, console_error, durable_object, wasm_bindgen,
};

/// The lines of one service.
#[durable_object]
pub struct Journal {
    state: State,
}

#[derive(Deserialize)]
struct Line {
    line: String,
}

impl DurableObject for Journal {
    fn new(state: State, _: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let sql = self.state.storage().sql();
        sql.exec("CREATE TABLE IF NOT EXISTS lines (id INTEGER PRIMARY KEY, line TEXT NOT NULL)", None)?;
        if request.method() == Method::Post {
            sql.exec("INSERT INTO lines (line) VALUES (?)", vec![request.text().await?.into()])?;
            return Response::empty();
        }
        let lines = sql.exec("SELECT line FROM lines ORDER BY id", None)?.to_array::<Line>()?;
        Response::from_json(&lines.into_iter().map(|line| line.line).collect::<Vec<_>>())
    }
}

/// What the service has written down.
pub(crate) async fn read(env: &Env, service: &str) -> worker::Result<Response> {
    env.durable_object("JOURNALS")?.get_by_name(service)?.fetch_with_str("http://journal").await
}

/// Writes a line down for the service.
pub(crate) async fn note(env: &Env, service: &str, line: &str) {
    let write = async {
        let mut post = RequestInit::new();
        post.with_method(Method::Post).with_body(Some(line.into()));
        let request = Request::new_with_init("http://journal", &post)?;
        env.durable_object("JOURNALS")?.get_by_name(service)?.fetch_with_request(request).await
    };
    if let Err(error) = write.await {
        console_error!("a line is not written down: {error}");
    }
}
