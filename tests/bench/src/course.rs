//! What the server and the load generator take in the course of a run: memory and processor time, looked at again and again.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::{process, service::Service};

/// How often it is looked.
const INTERVAL: Duration = Duration::from_millis(100);

/// The last looks may be at listeners that leave: between the end of a run and that of the load generator.
const LEAVING: usize = 3;

/// A run as it was seen.
#[derive(Debug, Default)]
pub(crate) struct Course(Vec<Look>);

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    memory: u64,
    server: Duration,
    generator: Duration,
}

/// Bytes of the server's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// When all were connected.
    pub(crate) start: u64,
    pub(crate) middle: u64,
    pub(crate) end: u64,
    pub(crate) most: u64,
}

/// The part of the time, once all were connected, in which a processor was busy; 1 is always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Busy {
    pub(crate) server: f64,
    pub(crate) generator: f64,
}

impl Course {
    /// Watches, for ever.
    pub(crate) async fn watch(&mut self, service: &Service, generator: u32) {
        loop {
            let look = || {
                let (memory, server) = (service.process.memory().ok()?, service.process.processor_time().ok()?);
                Some(Look { at: Instant::now(), memory, server, generator: process::processor_time(generator).ok()? })
            };
            self.0.extend(look());
            sleep(INTERVAL).await;
        }
    }

    pub(crate) fn memory(&self, connected: Instant) -> Memory {
        let looks = self.since(connected);
        let at = |index: usize| looks.get(index).map_or(0, |look| look.memory);
        let last = looks.len().saturating_sub(1);
        let most = self.0.iter().map(|look| look.memory).max().unwrap_or(0);
        Memory { start: at(0), middle: at(last / 2), end: at(last), most }
    }

    pub(crate) fn busy(&self, connected: Instant) -> Busy {
        let looks = self.since(connected);
        let (Some(first), Some(last)) = (looks.first(), looks.last()) else { return Busy::default() };
        let time = (last.at - first.at).as_secs_f64();
        let part = |taken: Duration| if time > 0.0 { taken.as_secs_f64() / time } else { 0.0 };
        Busy { server: part(last.server - first.server), generator: part(last.generator - first.generator) }
    }

    /// From when all were connected until they began to leave.
    fn since(&self, connected: Instant) -> &[Look] {
        let first = self.0.partition_point(|look| look.at < connected);
        let last = self.0.len().saturating_sub(LEAVING).max(first);
        self.0.get(first..last).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_the_time_in_which_all_are_connected() {
        let start = Instant::now();
        let look = |number: u32| Look {
            at: start + number * INTERVAL,
            memory: 100 + u64::from(number),
            server: number * INTERVAL / 2,
            generator: number * INTERVAL,
        };
        let course = Course((0..10).map(look).collect());
        let connected = start + 2 * INTERVAL;
        assert_eq!(course.memory(connected), Memory { start: 102, middle: 104, end: 106, most: 109 });
        assert_eq!(course.busy(connected), Busy { server: 0.5, generator: 1.0 });
    }

    #[test]
    fn a_run_that_was_too_short_to_be_seen_is_no_failure() {
        let now = Instant::now();
        assert_eq!(Course::default().memory(now), Memory::default());
        assert_eq!(Course::default().busy(now), Busy::default());
    }
}
