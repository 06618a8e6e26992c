//! The object that knows the open sessions of one service: what a broadcast to all of them needs.

use std::rc::Rc;

use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use worker::{Env, Request, Response, SqlStorage, State, console_error};

use crate::call::{self, path};

/// How many sessions are called at a time.
const AT_ONCE: usize = 25;

/// A broadcast, as a session asks for it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Broadcast {
    /// The sessions; `None` for all.
    pub(crate) to: Option<Vec<String>>,
    /// The message as a JSON string.
    pub(crate) message: String,
}

/// The object behind `SockJsService`.
pub struct RegistryObject {
    state: Rc<State>,
    env: Env,
    /// Broadcasts are made one after another, so that all sessions have them in one order.
    turn: futures::lock::Mutex<()>,
}

#[derive(Deserialize)]
struct Row {
    session: String,
}

impl RegistryObject {
    /// The object, as the runtime makes it.
    pub fn new(state: State, env: Env) -> Self {
        Self { state: Rc::new(state), env, turn: futures::lock::Mutex::new(()) }
    }

    /// What sessions ask of it.
    pub async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let body = request.text().await?;
        match request.path().as_str() {
            path::ENTER => {
                let session: String = serde_json::from_str(&body)?;
                self.write("INSERT OR IGNORE INTO sessions (session) VALUES (?)", &session)?;
            }
            path::LEAVE => {
                let session: String = serde_json::from_str(&body)?;
                self.write("DELETE FROM sessions WHERE session = ?", &session)?;
            }
            path::BROADCAST => self.broadcast(serde_json::from_str(&body)?).await?,
            _ => return Response::error("", 404),
        }
        Response::empty()
    }

    fn sql(&self) -> worker::Result<SqlStorage> {
        let sql = self.state.storage().sql();
        sql.exec("CREATE TABLE IF NOT EXISTS sessions (session TEXT PRIMARY KEY) WITHOUT ROWID", None)?;
        Ok(sql)
    }

    fn write(&self, statement: &str, session: &str) -> worker::Result<()> {
        self.sql()?.exec(statement, vec![session.into()]).map(|_| ())
    }

    async fn broadcast(&self, broadcast: Broadcast) -> worker::Result<()> {
        let _turn = self.turn.lock().await;
        let sessions = match broadcast.to {
            Some(sessions) => sessions,
            None => {
                let rows = self.sql()?.exec("SELECT session FROM sessions", None)?.to_array::<Row>()?;
                rows.into_iter().map(|row| row.session).collect()
            }
        };
        let message = &broadcast.message;
        stream::iter(sessions).for_each_concurrent(AT_ONCE, |session| self.deliver(session, message)).await;
        Ok(())
    }

    async fn deliver(&self, session: String, message: &str) {
        match call::deliver(&self.env, &session, message).await {
            // The session is over, and this was not told.
            Ok(false) => {
                if let Err(error) = self.write("DELETE FROM sessions WHERE session = ?", &session) {
                    console_error!("a session that is over is not forgotten: {error}");
                }
            }
            Ok(true) => {}
            Err(error) => console_error!("a broadcast did not reach a session: {error}"),
        }
    }
}
