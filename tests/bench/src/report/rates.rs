//! Many messages, to many listeners.

use crate::{
    course::Busy,
    report::{
        THROUGHPUT,
        median::{median, ratio},
        number::{count, number, times},
        table::Table,
    },
    results::{Load, Results},
    server::Server,
    task::Task,
};

const BYTES_PER_MB: f64 = 1_000_000.0;

/// The tables of rates, and the plot.
pub(super) fn section(results: &Results) -> String {
    let plan = &results.plan;
    format!(
        "## Throughput\n\n\
         Messages of 100 bytes on one channel with {listeners} listeners: {rate} a second for {seconds} s, and as fast as 32 \
         connections can publish for {flat_out} s. Lost is the sum of the worst round, memory the resident set when \
         all were connected, in the middle of the run and at its end, busy the part of the time in which the server's \
         processor and the load generator's were busy.\n\n{sustained}\n\
         ### Over the message rate\n\n\
         {rate_seconds} s at each rate. A server that falls behind delivers later what it could not deliver at once.\n\n\
         ![Deliveries per second over message rate]({THROUGHPUT})\n\n{rates}",
        listeners = count(plan.listeners),
        rate = plan.sustained_rate,
        seconds = plan.sustained_seconds,
        flat_out = plan.flat_out_seconds,
        rate_seconds = plan.rate_seconds,
        sustained = sustained(results),
        rates = rates(results),
    )
}

fn sustained(results: &Results) -> Table {
    let numbers = ["published/s", "deliveries/s", "to Nchan's", "lost", "p50 ms", "p99 ms", "memory MB", "busy %"];
    let mut table = Table::new(["offered", "server"], numbers);
    let plan = &results.plan;
    for (name, task) in
        [(format!("{}/s", plan.sustained_rate), plan.sustained()), ("flat out".to_owned(), plan.flat_out())]
    {
        for on in [Server::Hub, Server::Nchan] {
            let deliveries = results.deliveries(on, task);
            if deliveries.is_some() {
                let memory = |pick: fn(&Load) -> u64| {
                    number(median(results.loads(on, task).map(|load| pick(load) as f64 / BYTES_PER_MB)))
                };
                let (start, middle, end) = (
                    memory(|load| load.memory.start),
                    memory(|load| load.memory.middle),
                    memory(|load| load.memory.end),
                );
                table.row([
                    name.clone(),
                    on.name().to_owned(),
                    number(results.median(on, task, |report| Some(report.publishes_per_second))),
                    number(deliveries),
                    times(ratio(deliveries, results.deliveries(Server::Nchan, task))),
                    number(results.lost(on, task)),
                    number(results.p50(on, task)),
                    number(results.p99(on, task)),
                    format!("{start}, {middle}, {end}"),
                    busy(results, on, task),
                ]);
            }
        }
    }
    table
}

/// The server, and the load generator.
fn busy(results: &Results, on: Server, task: Task) -> String {
    let percent = |pick: fn(&Busy) -> f64| number(median(results.loads(on, task).map(|load| 100.0 * pick(&load.busy))));
    format!("{}, {}", percent(|busy| busy.server), percent(|busy| busy.generator))
}

fn rates(results: &Results) -> Table {
    let mut table = Table::new(["messages/s", "server"], ["deliveries/s", "p50 ms", "p99 ms", "lost", "busy %"]);
    for per_second in results.plan.rates.iter().copied() {
        let task = results.plan.rate(per_second);
        for on in [Server::Hub, Server::Nchan] {
            let deliveries = results.deliveries(on, task);
            if deliveries.is_some() {
                table.row([
                    count(per_second),
                    on.name().to_owned(),
                    number(deliveries),
                    number(results.p50(on, task)),
                    number(results.p99(on, task)),
                    number(results.lost(on, task)),
                    busy(results, on, task),
                ]);
            }
        }
    }
    table
}
