//! Processor time of a delivery.

use crate::{
    report::{
        median::median,
        number::{count, number},
        table::Table,
    },
    results::{Cost, Results},
    server::Server,
};

/// The table of processor time.
pub(super) fn section(results: &Results) -> String {
    format!(
        "## Time for each listener and message\n\n\
         {listeners} listeners of one channel. Counted is all processor time of the server's process while messages are \
         published and delivered, that of the kernel on its behalf included, divided by the deliveries. For the hub this is \
         an upper bound of the time inside the object: reading and storing the publishes, the worker that holds the \
         listeners' responses, the runtime, and writing to the sockets are in it. At 10 messages a second each message is \
         written by itself; at {rate} a server may write several at once.\n\n{table}",
        listeners = count(results.plan.listeners),
        rate = results.plan.sustained_rate,
        table = costs(results),
    )
}

fn costs(results: &Results) -> Table {
    let mut table = Table::new(["server"], ["messages/s", "us for each listener and message"]);
    let mut rates: Vec<u32> = results.costs.iter().map(|cost| cost.per_second).collect();
    rates.sort_unstable();
    rates.dedup();
    for on in Server::HUBS.into_iter().chain([Server::Nchan]) {
        for per_second in rates.iter().copied() {
            let found = results.costs.iter().filter(|cost| cost.on == on && cost.per_second == per_second);
            let each = median(found.map(Cost::microseconds_each));
            if each.is_some() {
                table.row([on.name().to_owned(), count(per_second), number(each)]);
            }
        }
    }
    table
}
