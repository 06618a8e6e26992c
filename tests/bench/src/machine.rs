//! What the benchmark ran on, and how.

use std::{fs, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::{arguments::Arguments, hub, nchan, processors::Processors};

/// A machine and what is installed there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// As in 2026-11-21.
    pub(crate) date: String,
    pub(crate) processor: String,
    pub(crate) processors: usize,
    pub(crate) memory_gb: u64,
    pub(crate) kernel: String,
    pub(crate) workerd: String,
    /// nginx and Nchan; nothing where the peer was left out.
    pub(crate) peer: Option<String>,
    /// Whether the server and the load generator had a processor each.
    pub(crate) are_divided: bool,
    /// What was typed.
    pub(crate) command: String,
    /// What started the hub.
    pub(crate) hub: String,
    /// What nginx was configured with.
    pub(crate) peer_config: Option<String>,
}

impl Machine {
    pub(crate) fn look(processors: Processors, has_peer: bool) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let unknown = || "unknown".to_owned();
        Self {
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string().chars().take(10).collect(),
            processor: field(&cpuinfo, "model name").map_or_else(unknown, str::to_owned),
            processors: cpuinfo.lines().filter(|line| line.starts_with("processor")).count(),
            memory_gb: memory_gb(&read("/proc/meminfo")),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            workerd: hub::version().unwrap_or_else(unknown),
            peer: has_peer.then(nchan::versions).flatten(),
            are_divided: processors.are_divided,
            command: Arguments::typed(),
            hub: hub::typed(processors),
            peer_config: has_peer.then(|| nchan::config("FOLDER", 8_080)),
        }
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn memory_gb(meminfo: &str) -> u64 {
    let kilobytes = field(meminfo, "MemTotal").and_then(|total| total.strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or_default().div_ceil(1_048_576)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_what_comes_after_the_colon() {
        assert_eq!(field("vendor\t: x\nmodel name\t: AMD EPYC\n", "model name"), Some("AMD EPYC"));
        assert_eq!(field("vendor\t: x\n", "model name"), None);
        assert_eq!(memory_gb("MemTotal:       24683700 kB\nMemFree: 1 kB\n"), 24);
    }
}
