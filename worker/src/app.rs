//! The app: the table of routes, around it what holds for every request.

use worker::{Env, Request, Response};

use crate::{
    bridge,
    clock::now_ms,
    config::{Config, CorsOrigins},
    error::Error,
    history::history,
    hooks::{Hooks, NoHooks},
    http::{allow_origin, forbid_sniffing, preflight},
    media,
    publish::publish,
    rights::is_of_own_pages,
    stats::stats,
    subscribe::{Subscription, subscribe},
};

/// A hub, with the decisions that its user takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct App<H = NoHooks> {
    hooks: H,
    has_bridge: bool,
}

impl<H: Hooks> App<H> {
    /// A hub that asks these hooks.
    pub fn new(hooks: H) -> Self {
        Self { hooks, has_bridge: false }
    }

    /// Serves channels to clients of SockJS too, at `/sockjs`, by the settings alone: hooks are not asked there. The binding
    /// `SOCKJS_SESSIONS` has to name the class [`SockJsSession`](crate::SockJsSession).
    #[must_use]
    pub fn with_bridge(self) -> Self {
        Self { has_bridge: true, ..self }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// Only when the runtime cannot make a response; everything else is an answer.
    pub async fn handle(&self, mut request: Request, env: &Env) -> worker::Result<Response> {
        let config = match Config::of(env) {
            Ok(config) => config,
            Err(why) => return forbid_sniffing(Error::from(why).into_response()?),
        };
        if self.has_bridge
            && let Some(response) = self.bridge(&request, env, &config).await?
        {
            return forbid_sniffing(response);
        }
        let answer = self.route(&mut request, env, &config).await;
        let mut response = answer.or_else(Error::into_response)?;
        allow_origin(&mut response, &config.cors, &request)?;
        forbid_sniffing(response)
    }

    /// What belongs to the bridge, which answers pages of other origins in SockJS's own way.
    async fn bridge(&self, request: &Request, env: &Env, config: &Config) -> worker::Result<Option<Response>> {
        let path = request.path();
        let is_below = path.strip_prefix(bridge::PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !is_below {
            return Ok(None);
        }
        match may_connect(request, config) {
            Ok(()) => bridge::mounts(env).handle(request, env).await,
            Err(error) => error.into_response().map(Some),
        }
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
                subscribe(Subscription::of(request, now_ms(), config.retention)?, request, env, config, &self.hooks)
                    .await
            }
            ("POST", "/publish") => publish(request, env, config, &self.hooks).await,
            ("GET" | "HEAD", "/history") => history(request, env, config, &self.hooks).await,
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

/// Where pages are listed, others do not connect: SockJS lets any page read what it gets.
fn may_connect(request: &Request, config: &Config) -> Result<(), Error> {
    let CorsOrigins::Listed(listed) = &config.cors else { return Ok(()) };
    let (origin, site) = (request.headers().get("Origin")?, request.headers().get("Sec-Fetch-Site")?);
    if is_of_own_pages(origin.as_deref(), site.as_deref(), &request.inner().url(), listed) {
        Ok(())
    } else {
        Err(Error::refused(403, "forbidden_origin", "pages of this origin may not connect"))
    }
}
