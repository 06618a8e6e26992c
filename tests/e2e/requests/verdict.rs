//! Which answers are right: 4xx where something is wrong, and never 5xx, from the hub, but for the 500 that SockJS prescribes;
//! and what the runtime answers itself before the hub is asked.

use harness::{NoAnswer, RawAnswer};
use serde_json::Value;

use super::random::RandomRequest;

/// What workerd answers by itself to what is no HTTP, or none that it takes.
const RUNTIMES_OWN: [(u16, &str); 14] = [
    (400, "invalid URI"),
    (400, "invalid HTTP version parsed"),
    (400, "invalid HTTP header parsed"),
    (400, "invalid HTTP method parsed"),
    (400, "invalid content-length parsed"),
    (400, "invalid transfer-encoding parsed"),
    // Chunks in HTTP/1.0.
    (400, "unexpected transfer-encoding parsed"),
    // No host, or one that makes no address; HTTP/1.0.
    (400, "Bad Request"),
    (414, "URI too long"),
    // WebSockets that are none of RFC 6455.
    (400, "ERROR: Missing Sec-WebSocket-Key"),
    (426, "ERROR: The requested WebSocket version is not supported."),
    (431, "message head is too large"),
    // Methods of no standard.
    (501, "ERROR: Unrecognized request method."),
    // CONNECT, which a worker without a handler for it does not take.
    (500, "Internal Server Error"),
];

/// What kind of answer it is, or what is wrong with it.
pub(super) fn of(request: &RandomRequest, answer: &Result<RawAnswer, NoAnswer>) -> Result<String, String> {
    match answer {
        Err(NoAnswer::Hung) => Err("no answer came".to_owned()),
        Err(NoAnswer::Closed) if !request.is_whole() => Ok("closed".to_owned()),
        Err(NoAnswer::Closed) => Err("the connection was closed without an answer".to_owned()),
        // The worker says this of all that it answers, and the runtime of nothing.
        Ok(answer) if request.is_for_sockjs() && answer.header("x-content-type-options").is_some() => of_sockjs(answer),
        // The hub says of each of its answers who may read it.
        Ok(answer) if answer.header("access-control-allow-origin").is_some() || answer.header("vary").is_some() => {
            of_the_hub(request, answer)
        }
        Ok(answer) => of_the_runtime(request, answer),
    }
}

/// SockJS has 500 for what a client sends that is no list of messages, and for what is no name of a function.
const SOCKJS_FAILURES: [&str; 4] =
    ["Payload expected.", "Broken JSON encoding.", "\"callback\" parameter required", "invalid \"callback\" parameter"];

fn of_sockjs(answer: &RawAnswer) -> Result<String, String> {
    match answer.status {
        101 | 200 | 204 | 304 | 400 | 404 | 405 | 408 | 413 => Ok(format!("{} of SockJS", answer.status)),
        500 if SOCKJS_FAILURES.contains(&answer.body.trim_end()) => Ok("500 of SockJS".to_owned()),
        status => Err(format!("answered {status}: {answer:?}")),
    }
}

fn of_the_runtime(request: &RandomRequest, answer: &RawAnswer) -> Result<String, String> {
    let is_known = RUNTIMES_OWN.contains(&(answer.status, &answer.body));
    let is_head = request.method == b"HEAD" && matches!(answer.status, 400..500);
    let is_connect = request.method == b"CONNECT";
    if (is_known && (answer.status != 500 || is_connect)) || is_head {
        Ok(format!("the runtime's {}", answer.status))
    } else {
        Err(format!("no answer of the hub: {answer:?}"))
    }
}

fn of_the_hub(request: &RandomRequest, answer: &RawAnswer) -> Result<String, String> {
    match answer.status {
        200 if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) => {
            Ok("200 stream".to_owned())
        }
        200 if answer.body.starts_with(r#"{"status":"ok","ids":"#) => Ok("200 of /publish".to_owned()),
        200 | 204 => Ok(answer.status.to_string()),
        400..500 if request.method == b"HEAD" || is_refusal(&answer.body) => Ok(answer.status.to_string()),
        status => Err(format!("answered {status}: {answer:?}")),
    }
}

fn is_refusal(body: &str) -> bool {
    let Ok(refusal) = serde_json::from_str::<Value>(body) else { return false };
    let [code, message] = ["code", "message"].map(|field| refusal["error"][field].as_str().unwrap_or_default());
    !code.is_empty() && (1..200).contains(&message.len())
}
