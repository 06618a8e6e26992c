//! Listeners that are there, that come and go, and that are spread over channels.

use std::collections::BTreeMap;

use crate::{
    report::{
        median::median,
        number::{count, number},
        table::Table,
    },
    results::{Joins, Results},
    server::Server,
    task::Mix,
};

const BYTES_PER_KB: f64 = 1_000.0;

/// The tables of listeners.
pub(super) fn section(results: &Results) -> String {
    format!(
        "## Listeners\n\n\
         ### Memory of an idle listener\n\n\
         The resident set of the process with {idle} more listeners of one channel, less what it was before, divided by \
         their number: all that a listener takes in the process, the runtime's buffers included. The kernel's are not. A KB is 1,000 bytes.\n\n\
         {memory}\n\
         ### Eviction\n\n{evictions}\n\
         ### Joins and leaves\n\n\
         {joining} listeners come, and leave again, while so many others are there. Processor time of the process for each \
         of them.\n\n{joins}\n\
         ### Channels\n\n\
         {joining} listeners of one channel each, spread over so many; then 100 messages a second for {seconds} s, to the \
         channels in turn. Processor time is that of the whole run.\n\n{spread}",
        idle = count(results.plan.idle),
        joining = count(results.plan.joining),
        seconds = results.plan.rate_seconds,
        memory = memory(results),
        evictions = evictions(results),
        joins = joins(results),
        spread = spread(results),
    )
}

/// Bytes of an idle listener.
pub(super) fn idle_bytes(results: &Results, on: Server) -> Option<f64> {
    median(results.idle.iter().filter(|idle| idle.on == on).map(crate::results::Idle::bytes_each))
}

/// The shortest silence after which the channel was evicted in every round, and after every longer one too.
pub(super) fn eviction_seconds(results: &Results) -> Option<u32> {
    let mut always: BTreeMap<u32, bool> = BTreeMap::new();
    for eviction in &results.evictions {
        *always.entry(eviction.silence_seconds).or_insert(true) &= eviction.was_evicted;
    }
    always.iter().rev().take_while(|(_, was_evicted)| **was_evicted).map(|(seconds, _)| *seconds).last()
}

/// Microseconds of processor time for each listener that joins or leaves, with few and with many present.
pub(super) fn few_and_many(results: &Results, mix: Mix, pick: fn(&Joins) -> f64) -> [Option<f64>; 2] {
    let at = |present: Option<u32>| joins_at(results, mix, present?, pick);
    let present = &results.plan.present;
    [at(present.iter().copied().min()), at(present.iter().copied().max())]
}

fn joins_at(results: &Results, mix: Mix, present: u32, pick: fn(&Joins) -> f64) -> Option<f64> {
    let found = results.joins.iter().filter(|joins| joins.mix == mix && joins.present == present);
    median(found.map(pick))
}

fn memory(results: &Results) -> Table {
    let mut table = Table::new(["server"], ["KB"]);
    for on in Server::HUBS.into_iter().chain([Server::Nchan]) {
        let bytes = idle_bytes(results, on);
        if bytes.is_some() {
            table.row([on.name().to_owned(), number(bytes.map(|bytes| bytes / BYTES_PER_KB))]);
        }
    }
    table
}

fn evictions(results: &Results) -> String {
    let mut table = Table::new([], ["silence, s", "rounds", "evicted", "listeners that got the next message"]);
    for seconds in results.plan.silences.iter().copied() {
        let found: Vec<_> = results.evictions.iter().filter(|one| one.silence_seconds == seconds).collect();
        if !found.is_empty() {
            table.row([
                count(seconds),
                found.len().to_string(),
                found.iter().filter(|one| one.was_evicted).count().to_string(),
                format!(
                    "{} of {}",
                    found.iter().map(|one| one.heard).sum::<u64>(),
                    found.iter().map(|one| one.listeners).sum::<u32>()
                ),
            ]);
        }
    }
    format!(
        "A channel with listeners, one message, and silence; then one more message. Whether the channel's object had been \
         evicted meanwhile the hub's log tells, which has a line for each object that is constructed.\n\n{table}"
    )
}

fn joins(results: &Results) -> Table {
    let mut table = Table::new(["listeners of"], ["present", "join us", "leave us", "joins/s"]);
    for mix in Mix::ALL {
        for present in results.plan.present.iter().copied() {
            let at = |pick| joins_at(results, mix, present, pick);
            table.row([
                mix.name().to_owned(),
                count(present),
                number(at(Joins::join_microseconds)),
                number(at(Joins::leave_microseconds)),
                number(at(|joins| f64::from(joins.joining) / joins.join_seconds)),
            ]);
        }
    }
    table
}

fn spread(results: &Results) -> Table {
    let mut table = Table::new([], ["channels", "connected in s", "p50 ms", "p99 ms", "lost", "processor s"]);
    for channels in results.plan.channels.iter().copied() {
        let task = results.plan.spread(channels);
        table.row([
            count(channels),
            number(results.median(Server::Hub, task, |report| Some(report.connect_seconds))),
            number(results.p50(Server::Hub, task)),
            number(results.p99(Server::Hub, task)),
            number(results.lost(Server::Hub, task)),
            number(median(results.loads(Server::Hub, task).map(|load| load.processor_seconds))),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::sample::results, results::Eviction};

    #[test]
    fn a_channel_is_evicted_after_a_silence_that_always_sufficed() {
        let mut results = results();
        let seen = |found: &[(u32, bool)]| {
            let eviction = |(silence_seconds, was_evicted): &(u32, bool)| Eviction {
                round: 1,
                silence_seconds: *silence_seconds,
                listeners: 1,
                was_evicted: *was_evicted,
                heard: 1,
            };
            found.iter().map(eviction).collect()
        };
        for (found, seconds) in [
            (seen(&[]), None),
            (seen(&[(10, false), (11, true), (12, true)]), Some(11)),
            (seen(&[(11, true), (12, true), (11, false), (12, true)]), Some(12)),
            (seen(&[(11, true), (12, false)]), None),
        ] {
            results.evictions = found;
            assert_eq!(eviction_seconds(&results), seconds);
        }
    }
}
