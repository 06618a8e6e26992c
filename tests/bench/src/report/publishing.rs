//! Publishing without listeners, and the first moments of a server.

use crate::{
    report::{median::median, number::number, table::Table},
    results::{Results, Start},
    server::Server,
};

/// The tables of publishing and of starts.
pub(super) fn section(results: &Results) -> String {
    format!(
        "## Publishing\n\n\
         One channel without listeners, 32 connections, each of which publishes as soon as its last publish is answered, for \
         {seconds} s. The hub answers when the message is on disk; Nchan keeps ten in memory.\n\n{publishing}\n\
         ## Start\n\n\
         On empty storage. Milliseconds from the start of the process until it has answered `/healthz`, and until a listener, \
         who then connects, has a message, which is then published. And how long a publish takes to a channel that never was, \
         and the next one to it.\n\n{starts}",
        seconds = results.plan.publish_seconds,
        publishing = publishing(results),
        starts = starts(results),
    )
}

fn publishing(results: &Results) -> Table {
    let mut table = Table::new(["server"], ["publishes/s", "p50 ms", "p99 ms", "failed"]);
    let task = results.plan.publish();
    for on in [Server::Hub, Server::Nchan] {
        let per_second = results.median(on, task, |report| Some(report.publishes_per_second));
        if per_second.is_some() {
            table.row([
                on.name().to_owned(),
                number(per_second),
                number(results.median(on, task, |report| report.publish_latency_ms.p50)),
                number(results.median(on, task, |report| report.publish_latency_ms.p99)),
                number(results.median(on, task, |report| Some(report.publish_errors as f64))),
            ]);
        }
    }
    table
}

fn starts(results: &Results) -> Table {
    let mut table =
        Table::new(["server"], ["first answer", "first event", "publish to a new channel", "publish to it again"]);
    for on in [Server::Hub, Server::Nchan] {
        let of = |pick: fn(&Start) -> f64| median(results.starts.iter().filter(|start| start.on == on).map(pick));
        if of(|start| start.answer_ms).is_some() {
            table.row([
                on.name().to_owned(),
                number(of(|start| start.answer_ms)),
                number(of(|start| start.event_ms)),
                number(of(|start| start.new_channel_ms)),
                number(of(|start| start.known_channel_ms)),
            ]);
        }
    }
    table
}
