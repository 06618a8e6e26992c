//! `GET /stats`: `[["base", 946], ...]`, each channel that anybody listens to with its number of listeners.

use worker::{Env, Headers, Response};

use crate::{error::Error, objects::DirectoryStub};

/// Answers with the counts of the directory.
pub(crate) async fn stats(env: &Env) -> Result<Response, Error> {
    let counts = DirectoryStub::of(env)?.stats().await?;
    let headers = Headers::new();
    headers.set("Cache-Control", "no-store")?;
    Ok(Response::builder().with_headers(headers).from_json(&counts)?)
}
