//! SockJS services that write down what they are called with, each with other settings: what an app hears of its
//! connections is tested with them.
//!
//! - `journal`: the object that keeps what is written down, also when the runtime is killed
//! - `recorder`: the service
//! - `topics`: services of topics
//!
//! `GET /journal/<service>` tells what a service has written down, as a JSON array of lines; `POST /tell` with the id of a
//! connection, a space and anything says that to it.

mod journal;
mod recorder;
mod topics;

use std::time::Duration;

use cyclone_edge_sockjs::{Jsessionid, Mounts, Settings, Transport, tell};
pub use journal::Journal;
use recorder::Recorder;
use worker::{Context, Env, Request, Response, event};

cyclone_edge_sockjs::objects!(mounts);

fn mounts(_: &Env) -> Mounts {
    let hasty = Settings { disconnect_delay: Duration::from_millis(300), ..Settings::default() };
    let beating = Settings { heartbeat_delay: Duration::from_millis(200), ..Settings::default() };
    let patient = Settings { disconnect_delay: Duration::from_secs(3_600), ..Settings::default() };
    let marked = Settings { jsessionid: Jsessionid::Value("marked"), ..Settings::default() };
    let few = Settings {
        disabled_transports: vec![
            Transport::XhrStreaming,
            Transport::EventSource,
            Transport::HtmlFile,
            Transport::Jsonp,
            Transport::JsonpSend,
        ],
        ..Settings::default()
    };
    Mounts::new()
        .mount("/plain", Settings::default(), Recorder("plain"))
        .mount("/hasty", hasty, Recorder("hasty"))
        .mount("/beating", beating, Recorder("beating"))
        .mount("/patient", patient, Recorder("patient"))
        .mount("/marked", marked, Recorder("marked"))
        .mount("/anywhere", Settings { verify_ip: false, ..Settings::default() }, Recorder("anywhere"))
        .mount("/few", few, Recorder("few"))
        .mount("/topics", Settings::default(), topics::multiplexer("topics"))
}

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, _: Context) -> worker::Result<Response> {
    if let Some(response) = mounts(&env).handle(&request, &env).await? {
        return Ok(response);
    }
    let path = request.path();
    if let Some(service) = path.strip_prefix("/journal/") {
        return journal::read(&env, service).await;
    }
    if path == "/tell" {
        let text = request.text().await?;
        let (connection, what) = text.split_once(' ').unwrap_or_default();
        return match tell(&env, connection, what).await {
            Ok(()) => Response::empty(),
            Err(why) => Response::error(why.to_string(), 503),
        };
    }
    Response::error("Not Found", 404)
}
