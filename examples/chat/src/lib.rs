//! Run it with `npm start examples/chat`, and open http://127.0.0.1:8082 in two windows: a room for all who come.
//!
//! A client first says `{"join": NAME}`, and then `{"say": TEXT}`. Everybody hears who came, who left and what was said, as
//! `{"event": "joined" | "left" | "said", "id": ..., "name": ..., "text": ...}`. With `?transport=xhr-polling` in its address
//! the page takes another way.

use cyclone_edge_sockjs::{Connection, ConnectionInfo, Message, Mounts, Recipients, Refusal, Service, Settings};
use serde::{Deserialize, Serialize};
use worker::{Context, Env, Headers, Request, Response, console_error, event};

cyclone_edge_sockjs::objects!(mounts);

const PAGE: &str = include_str!("../index.html");
/// The page's SockJS, which the page of the transports with an iframe has to load too.
const SOCKJS: &str = include_str!("../../../node_modules/sockjs-client/dist/sockjs.min.js");
const SOCKJS_PATH: &str = "/sockjs.min.js";

const MAX_NAME_CHARS: usize = 40;
const MAX_TEXT_CHARS: usize = 2_000;

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
    Mounts::new().mount("/chat", settings, Chat)
}

fn file(content_type: &str, text: &str) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("Content-Type", content_type)?;
    headers.set("X-Content-Type-Options", "nosniff")?;
    Ok(Response::builder().with_headers(headers).fixed(text.as_bytes().to_vec()))
}

/// The room.
struct Chat;

/// What is remembered of a connection: who it is, as far as everybody knows.
#[derive(Default, Serialize, Deserialize)]
struct Guest {
    /// What others know it by. Not the name of the connection, with which they could send in its place.
    id: String,
    name: Option<String>,
}

/// What a client says.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Saying {
    Join(String),
    Say(String),
}

/// What everybody hears.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum News<'a> {
    Welcome { id: &'a str },
    Joined { id: &'a str, name: &'a str },
    Said { id: &'a str, name: &'a str, text: &'a str },
    Left { id: &'a str, name: &'a str },
}

impl Service for Chat {
    async fn connection_made(&self, connection: &Connection, _: &ConnectionInfo) -> Result<(), Refusal> {
        let id = format!("{:x}", (js_sys::Math::random() * (1_u64 << 53) as f64) as u64);
        connection.send(json(&News::Welcome { id: &id }));
        connection.set_state(&Guest { id, name: None });
        Ok(())
    }

    async fn message_received(&self, connection: &Connection, message: &Message) {
        let Guest { id, name } = connection.state();
        match (serde_json::from_str(message), name) {
            (Ok(Saying::Join(name)), None) => join(connection, id, cut(&name, MAX_NAME_CHARS)).await,
            (Ok(Saying::Say(text)), Some(name)) => {
                let text = cut(&text, MAX_TEXT_CHARS);
                tell_all(connection, &News::Said { id: &id, name: &name, text: &text }).await;
            }
            (Ok(_), _) => connection.close(4000, "Join first, and once"),
            (Err(_), _) => connection.close(4001, "Not understood"),
        }
    }

    async fn connection_lost(&self, connection: &Connection) {
        if let Guest { id, name: Some(name) } = connection.state() {
            tell_all(connection, &News::Left { id: &id, name: &name }).await;
        }
    }
}

async fn join(connection: &Connection, id: String, name: String) {
    if name.is_empty() {
        return connection.close(4002, "A name is needed");
    }
    tell_all(connection, &News::Joined { id: &id, name: &name }).await;
    connection.set_state(&Guest { id, name: Some(name) });
}

async fn tell_all(connection: &Connection, news: &News<'_>) {
    if let Err(error) = connection.broadcast(Recipients::All, json(news)).await {
        console_error!("not everybody has heard: {error}");
    }
}

fn cut(text: &str, max_chars: usize) -> String {
    text.trim().chars().take(max_chars).collect()
}

fn json(news: &News<'_>) -> String {
    serde_json::to_string(news).unwrap_or_default()
}
