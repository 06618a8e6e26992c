//! One message at a time, to many listeners.

use crate::{
    report::{
        LATENCY,
        median::ratio,
        number::{count, number, times},
        table::Table,
    },
    results::Results,
    server::Server,
    task::Mix,
};

/// The tables of broadcasts, and the plot.
pub(super) fn section(results: &Results) -> String {
    format!(
        "## Broadcast\n\n\
         {messages} messages of 100 bytes, one every half second, to {listeners} listeners. Milliseconds from the moment \
         in which the publish is sent: until a listener has the message (p50 and p99 over all deliveries), and until the \
         last listener has it.\n\n{broadcasts}\n\
         ### Over listeners\n\n\
         The same on one channel, to 100 listeners and more.\n\n\
         ![Latency over listeners]({LATENCY})\n\n{sizes}",
        messages = results.plan.messages,
        listeners = count(results.plan.broadcast),
        broadcasts = broadcasts(results),
        sizes = sizes(results),
    )
}

fn broadcasts(results: &Results) -> Table {
    let mut table = Table::new(["listeners of", "server"], ["p50 ms", "p99 ms", "last ms", "last, to Nchan's"]);
    for mix in Mix::ALL {
        let task = results.plan.broadcast(mix);
        let of_peer = results.last(Server::Nchan, task);
        for on in Server::HUBS.into_iter().chain([Server::Nchan]) {
            let last = results.last(on, task);
            if last.is_some() {
                table.row([
                    mix.name().to_owned(),
                    on.name().to_owned(),
                    number(results.p50(on, task)),
                    number(results.p99(on, task)),
                    number(last),
                    times(ratio(last, of_peer)),
                ]);
            }
        }
    }
    table
}

fn sizes(results: &Results) -> Table {
    let head = ["listeners", "hub p50 ms", "hub last ms", "Nchan p50 ms", "Nchan last ms", "last, to Nchan's"];
    let mut table = Table::new([], head);
    for listeners in results.plan.sizes.iter().copied() {
        let task = results.plan.size(listeners);
        let (hub, peer) = (results.last(Server::Hub, task), results.last(Server::Nchan, task));
        table.row([
            count(listeners),
            number(results.p50(Server::Hub, task)),
            number(hub),
            number(results.p50(Server::Nchan, task)),
            number(peer),
            times(ratio(hub, peer)),
        ]);
    }
    table
}
