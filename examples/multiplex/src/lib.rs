//! Run it with `npm start examples/multiplex`, and open http://127.0.0.1:8083: the example that users of websocket-multiplex
//! know, three services over one SockJS connection.

use cyclone_edge_sockjs::{Channel, Mounts, Multiplexer, Settings, TopicService};
use worker::{Context, Env, Headers, Request, Response, event};

cyclone_edge_sockjs::objects!(mounts);

const PAGE: &str = include_str!("../index.html");
/// The page's SockJS, which the page of the transports with an iframe has to load too.
const SOCKJS: &str = include_str!("../../../node_modules/sockjs-client/dist/sockjs.min.js");
const SOCKJS_PATH: &str = "/sockjs.min.js";

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    if let Some(response) = mounts(&env).handle(&request, &env).await? {
        return Ok(response);
    }
    match request.path().as_str() {
        "/" => file("text/html; charset=utf-8", PAGE),
        SOCKJS_PATH => file("text/javascript; charset=utf-8", SOCKJS),
        _ => Response::error("Not Found", 404),
    }
}

fn mounts(_: &Env) -> Mounts {
    let settings = Settings { sockjs_url: SOCKJS_PATH.to_owned(), ..Settings::default() };
    Mounts::new().mount(
        "/multiplex",
        settings,
        Multiplexer::new().topic("ann", Ann).topic("bob", Bob).topic("carl", Carl),
    )
}

fn file(content_type: &str, text: &str) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("Content-Type", content_type)?;
    headers.set("X-Content-Type-Options", "nosniff")?;
    Ok(Response::builder().with_headers(headers).fixed(text.as_bytes().to_vec()))
}

struct Ann;

impl TopicService for Ann {
    async fn subscribed(&self, channel: &Channel<'_>) {
        channel.send("Ann says hi!");
    }

    async fn message_received(&self, channel: &Channel<'_>, message: &str) {
        channel.send(&format!("Ann nods: {message}"));
    }

    fn broadcasts(&self) -> bool {
        false
    }
}

struct Bob;

impl TopicService for Bob {
    async fn subscribed(&self, channel: &Channel<'_>) {
        channel.send("Bob doesn't agree.");
    }

    async fn message_received(&self, channel: &Channel<'_>, message: &str) {
        channel.send(&format!("Bob says no to: {message}"));
    }

    fn broadcasts(&self) -> bool {
        false
    }
}

struct Carl;

impl TopicService for Carl {
    async fn subscribed(&self, channel: &Channel<'_>) {
        channel.send("Carl says goodbye!");
        channel.end();
    }

    fn broadcasts(&self) -> bool {
        false
    }
}
