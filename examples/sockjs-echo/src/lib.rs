//! Run it with `npm start examples/sockjs-echo`: the services that tests of SockJS clients and servers expect, on port 8081.
//!
//! ```sh
//! curl http://127.0.0.1:8081/echo/info
//! curl -X POST http://127.0.0.1:8081/echo/000/my-session/xhr                        # o
//! curl -d '["hello"]' http://127.0.0.1:8081/echo/000/my-session/xhr_send
//! curl -X POST http://127.0.0.1:8081/echo/000/my-session/xhr                        # a["hello"]
//! ```

use std::time::Duration;

use cyclone_edge_sockjs::{
    Connection, ConnectionInfo, Jsessionid, Message, Mounts, Recipients, Refusal, Service, Settings, Transport,
};
use worker::{Context, Env, Headers, Request, Response, console_error, event};

cyclone_edge_sockjs::objects!(mounts);

/// To try the services with, at http://127.0.0.1:8081.
const PAGE: &str = include_str!("../index.html");
const SOCKJS: &str = include_str!("../../../node_modules/sockjs-client/dist/sockjs.min.js");

fn mounts(env: &Env) -> Mounts {
    let mut plain = Settings { jsessionid: Jsessionid::Off, ..Settings::default() };
    // For networks without the public one.
    if let Ok(address) = env.var("SOCKJS_URL") {
        plain.sockjs_url = address.to_string();
    }
    let echo = Settings { response_limit: 4096, ..plain.clone() };
    let disabled_websocket = Settings { disabled_transports: vec![Transport::WebSocket], ..echo.clone() };
    let cookie_needed = Settings { jsessionid: Jsessionid::On, ..echo.clone() };
    Mounts::new()
        .mount("/echo", echo, Echo)
        .mount("/disabled_websocket_echo", disabled_websocket, Echo)
        .mount("/cookie_needed_echo", cookie_needed, Echo)
        .mount("/close", plain.clone(), Close)
        .mount("/ticker", plain.clone(), Ticker)
        .mount("/amplify", plain.clone(), Amplify)
        .mount("/broadcast", plain, Broadcast)
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    if let Some(response) = mounts(&env).handle(&request, &env).await? {
        return Ok(response);
    }
    match request.path().as_str() {
        "/" => file("text/html; charset=utf-8", PAGE),
        "/sockjs.min.js" => file("text/javascript; charset=utf-8", SOCKJS),
        _ => Response::error("Not Found", 404),
    }
}

fn file(content_type: &str, text: &str) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("Content-Type", content_type)?;
    headers.set("X-Content-Type-Options", "nosniff")?;
    Ok(Response::builder().with_headers(headers).fixed(text.as_bytes().to_vec()))
}

/// Sends everything back.
struct Echo;

impl Service for Echo {
    async fn message_received(&self, connection: &Connection, message: &Message) {
        connection.send(message);
    }

    fn broadcasts(&self) -> bool {
        false
    }
}

/// Closes every connection.
struct Close;

impl Service for Close {
    async fn connection_made(&self, connection: &Connection, _: &ConnectionInfo) -> Result<(), Refusal> {
        connection.close(3000, "Go away!");
        Ok(())
    }

    fn broadcasts(&self) -> bool {
        false
    }
}

/// Says something every second.
struct Ticker;

const TICK: Duration = Duration::from_secs(1);

impl Service for Ticker {
    async fn connection_made(&self, connection: &Connection, _: &ConnectionInfo) -> Result<(), Refusal> {
        connection.wake_after(TICK);
        Ok(())
    }

    async fn woken(&self, connection: &Connection) {
        connection.send("tick!");
        connection.wake_after(TICK);
    }

    fn broadcasts(&self) -> bool {
        false
    }
}

/// Answers a number with as many characters as that power of two has, 19 at most.
struct Amplify;

impl Service for Amplify {
    async fn message_received(&self, connection: &Connection, message: &Message) {
        let power = message.trim().parse::<f64>().map_or(1, |number| number.floor() as u32);
        let power = if (1..20).contains(&power) { power } else { 1 };
        connection.send("x".repeat(1 << power));
    }

    fn broadcasts(&self) -> bool {
        false
    }
}

/// Sends everything to everybody.
struct Broadcast;

impl Service for Broadcast {
    async fn message_received(&self, connection: &Connection, message: &Message) {
        if let Err(error) = connection.broadcast(Recipients::All, message).await {
            console_error!("a broadcast failed: {error}");
        }
    }
}
