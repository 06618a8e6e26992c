//! The shell of a session: what the runtime brings to the object.

use std::{cell::OnceCell, rc::Rc};

use cyclone_edge_platform::{BROKEN_OFF, answer_close};
use cyclone_edge_protocol::sockjs::{Message, parse_body, parse_form, parse_frame};
use worker::{Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, WebSocketPair};

use super::{
    Opening, Session,
    jobs::{Job, Jobs},
    leg::{Leg, Standing},
    store::Store,
};
use crate::{
    Connection, Mounts,
    call::{header, path},
    transport::Kind,
};

/// The code of a leg that ended in good order.
const IN_ORDER: usize = 1000;

/// The object behind `SockJsSession`.
pub struct SessionObject {
    state: Rc<State>,
    env: Env,
    mounts: fn(&Env) -> Mounts,
    /// Made from what is stored when an event needs it, and tried again at the next as long as that fails.
    session: OnceCell<Rc<Session>>,
}

impl SessionObject {
    /// The object, as the runtime makes it.
    pub fn new(state: State, env: Env, mounts: fn(&Env) -> Mounts) -> Self {
        Self { state: Rc::new(state), env, mounts, session: OnceCell::new() }
    }

    fn session(&self) -> worker::Result<&Rc<Session>> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let session = Rc::new(self.wake()?);
        session.take_up_jobs();
        session.see_to_lost_stream();
        Ok(self.session.get_or_init(|| session))
    }

    fn wake(&self) -> worker::Result<Session> {
        let fail = |why: &str| worker::Error::RustError(why.to_owned());
        let id = self.state.id().name().ok_or_else(|| fail("a session has no name"))?;
        let prefix = id.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        let mount = (self.mounts)(&self.env).named(prefix).ok_or_else(|| fail("nothing is mounted for a session"))?;
        let (store, kept) = Store::open(&self.state)?;
        worker::console_debug!("a session woke");
        Ok(Session {
            state: self.state.clone(),
            env: self.env.clone(),
            id,
            mount,
            store,
            kept: kept.into(),
            outbox: Default::default(),
            outbox_bytes: Default::default(),
            jobs: Jobs::default(),
            expires_at_ms: Default::default(),
            rings_at_ms: Default::default(),
        })
    }

    /// Has something done with the connection, if it is open, at once: beside the calls to its service, which are made one after
    /// another and may be waiting for something. What is sent goes out when it is done.
    ///
    /// # Errors
    /// When the storage cannot be read.
    pub async fn act<T>(&self, act: impl FnOnce(&Connection) -> T) -> worker::Result<Option<T>> {
        let session = self.session()?;
        let acted = session.is_open().then(|| act(&Connection(session.clone())));
        session.flush();
        session.settle().await;
        Ok(acted)
    }

    /// What workers and other objects ask of it.
    pub async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let session = self.session()?;
        let response = match request.path().as_str() {
            path::RECEIVE => return receive(session, &request),
            path::SEND => send(session, &mut request).await,
            path::TELL => {
                let what = serde_json::from_str(&request.text().await?)?;
                hear(session, Job::Told(what)).await
            }
            path::DELIVER if session.is_open() => {
                session.send(&request.text().await?);
                session.flush();
                Response::empty()
            }
            _ => Response::error("", 404),
        };
        session.settle().await;
        response
    }

    /// The time has come for something.
    pub async fn alarm(&self) -> worker::Result<Response> {
        self.session()?.ring().await;
        Response::empty()
    }

    /// A worker says something over a leg.
    pub async fn message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> worker::Result<()> {
        let session = self.session()?;
        let (Some(mut leg), WebSocketIncomingMessage::String(message)) = (Leg::of(socket), message) else {
            return Ok(());
        };
        match message.split_at_checked(1) {
            Some(("n", _)) if leg.standing() == Standing::Live => {
                leg.has_room();
                session.flush();
            }
            Some(("!", _)) => session.stay(),
            Some(("m", payload)) if leg.standing() == Standing::Live => hear_socket(session, &mut leg, payload),
            _ => {}
        }
        session.settle().await;
        Ok(())
    }

    /// A leg broke off.
    pub async fn broke_off(&self, socket: WebSocket) -> worker::Result<()> {
        self.closed(socket, BROKEN_OFF).await
    }

    /// A leg has ended.
    pub async fn closed(&self, socket: WebSocket, code: usize) -> worker::Result<()> {
        let session = self.session()?;
        if let Some(leg) = Leg::of(socket.clone()) {
            session.leave(leg, code == IN_ORDER);
        }
        answer_close(&socket, code);
        session.settle().await;
        Ok(())
    }
}

fn receive(session: &Rc<Session>, request: &Request) -> worker::Result<Response> {
    let opening = request.headers().get(header::OPENING)?.unwrap_or_default();
    let opening: Opening = serde_json::from_str(&opening)?;
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    session.state.accept_web_socket(&server);
    session.admit(Leg::open(server, opening.kind, Standing::Spent), opening.info);
    let settling = session.clone();
    // The answer does not wait for the service.
    session.state.wait_until(async move { settling.settle().await });
    Response::from_websocket(client)
}

async fn send(session: &Rc<Session>, request: &mut Request) -> worker::Result<Response> {
    let get = |name: &str| request.headers().get(name).ok().flatten().unwrap_or_default();
    let (address, kind) = (get(header::ADDRESS), get(header::KIND));
    let body = request.bytes().await?;
    let messages = match kind.strip_prefix("jsonp ") {
        Some(content_type) => parse_form(&body, content_type),
        None => parse_body(&body),
    };
    let messages = match messages {
        Ok(messages) => messages,
        Err(why) => return Response::error(why.to_string(), 500),
    };
    if !session.is_from_its_client(&address) {
        return Response::error("", 404);
    }
    if !session.kept.borrow().is_known && session.kept.borrow().phase != super::Phase::New {
        return Response::empty();
    }
    hear(session, Job::Messages(messages)).await
}

/// Has the service hear something, and answers when it has.
async fn hear(session: &Rc<Session>, job: Job) -> worker::Result<Response> {
    if session.kept.borrow().phase == super::Phase::New {
        return Response::error("", 404);
    }
    if session.jobs.is_full() {
        return Response::error("", 503);
    }
    let heard = session.jobs.push_and_hear(job);
    session.run_jobs().await;
    let _ = heard.await;
    Response::empty()
}

/// A WebSocket client sent something. ("Server must ignore empty messages"; "when user sends broken data the server must
/// abruptly terminate the ws connection")
fn hear_socket(session: &Rc<Session>, leg: &mut Leg, payload: &str) {
    let messages = match leg.kind() {
        Kind::Raw => Ok(vec![Message::from(payload)]),
        _ => parse_frame(payload),
    };
    match messages {
        Ok(_) if session.jobs.is_full() => session.close(1008, "Too many messages are waiting"),
        Ok(messages) if messages.is_empty() => {}
        Ok(messages) => session.jobs.push(Job::Messages(messages)),
        Err(_) => {
            leg.close(1002, "Broken framing.");
            session.end(1002, "Broken framing.");
        }
    }
}
