//! The app: the table of routes, around it what holds for every request.

use worker::{Env, Request, Response};

use crate::{
    clock::now_ms,
    config::Config,
    error::Error,
    history::history,
    hooks::{Hooks, NoHooks},
    http::{allow_origin, preflight},
    media,
    publish::publish,
    stats::stats,
    subscribe::{Subscription, subscribe},
};

/// A hub, with the decisions that its user takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct App<H = NoHooks> {
    hooks: H,
}

impl<H: Hooks> App<H> {
    /// A hub that asks these hooks.
    pub fn new(hooks: H) -> Self {
        Self { hooks }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// Only when the runtime cannot make a response; everything else is an answer.
    pub async fn handle(&self, mut request: Request, env: &Env) -> worker::Result<Response> {
        let config = match Config::of(env) {
            Ok(config) => config,
            Err(why) => return Error::from(why).into_response(),
        };
        let answer = self.route(&mut request, env, &config).await;
        let mut response = answer.or_else(Error::into_response)?;
        allow_origin(&mut response, &config.cors, &request)?;
        Ok(response)
    }

    /// The table of routes.
    async fn route(&self, request: &mut Request, env: &Env, config: &Config) -> Result<Response, Error> {
        // Not `Request::method`, which takes every method that it does not know for a GET.
        let method = request.inner().method();
        let path = request.path();
        match (method.as_str(), path.as_str()) {
            ("OPTIONS", _) => preflight(),
            ("GET" | "HEAD", "/") if wants_page(request)? => media::page(env).await,
            ("GET", "/" | "/sse" | "/sse/") => {
                subscribe(Subscription::of(request, now_ms())?, request, env, config, &self.hooks).await
            }
            ("POST", "/publish") => publish(request, env, config, &self.hooks).await,
            ("GET" | "HEAD", "/history") => history(request, env, &self.hooks).await,
            ("GET" | "HEAD", "/stats") => stats(env).await,
            ("GET" | "HEAD", "/healthz") => Ok(Response::from_json(&serde_json::json!({ "status": "ok" }))?),
            ("GET" | "HEAD", path) if let Some(path) = path.strip_prefix("/media/") => media::file(env, path).await,
            (_, "/" | "/sse" | "/sse/" | "/history" | "/stats" | "/healthz") => Err(Error::method_not_allowed("GET")),
            (_, "/publish") => Err(Error::method_not_allowed("POST")),
            (_, path) if path.starts_with("/media/") => Err(Error::method_not_allowed("GET")),
            _ => Err(Error::refused(404, "not_found", "there is nothing at this path")),
        }
    }
}

/// A browser that opens the address, as against one that listens to it.
fn wants_page(request: &Request) -> Result<bool, Error> {
    let accepts_html = request.headers().get("Accept")?.is_some_and(|accept| accept.contains("text/html"));
    Ok(accepts_html && !Subscription::is_wanted(request)?)
}
