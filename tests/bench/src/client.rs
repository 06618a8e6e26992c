//! Requests to servers on this machine, over connections that stay open.

use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::BodyExt;
use hyper::{
    Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::timeout;

use crate::hub::KEY;

const ANSWERING: Duration = Duration::from_secs(60);

/// A client. Its clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Client(Pool<HttpConnector, String>);

impl Client {
    pub(crate) fn new() -> Self {
        Self(Pool::builder(TokioExecutor::new()).build_http())
    }

    /// What an address answers.
    pub(crate) async fn get(&self, url: &str) -> anyhow::Result<Vec<u8>> {
        self.send(Request::get(url).body(String::new())?).await.with_context(|| format!("GET {url}"))
    }

    /// Posts with the publish key, for which others than the hub do not care.
    pub(crate) async fn post(&self, url: &str, content_type: &str, body: String) -> anyhow::Result<()> {
        let request = Request::post(url).header(AUTHORIZATION, format!("Bearer {KEY}"));
        let request = request.header(CONTENT_TYPE, content_type).body(body)?;
        self.send(request).await.with_context(|| format!("POST {url}"))?;
        Ok(())
    }

    async fn send(&self, request: Request<String>) -> anyhow::Result<Vec<u8>> {
        let answering = async {
            let response = self.0.request(request).await?;
            let status = response.status();
            // Read to its end, the connection serves the next request.
            anyhow::Ok((status, response.into_body().collect().await?.to_bytes().to_vec()))
        };
        let (status, body) = timeout(ANSWERING, answering).await.context("no answer")??;
        if !status.is_success() {
            bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}
