//! What was measured: the rounds as they were, from which the report takes its medians. `docs/bench.json`.

use std::{fs, path::Path};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    course::{Busy, Memory},
    load::Report,
    machine::Machine,
    perf::Share,
    plan::Plan,
    server::Server,
    task::{Mix, Task},
};

const FILE: &str = "bench.json";

/// The results of a run of the benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) plan: Plan,
    pub(crate) loads: Vec<Load>,
    pub(crate) idle: Vec<Idle>,
    pub(crate) evictions: Vec<Eviction>,
    pub(crate) starts: Vec<Start>,
    pub(crate) costs: Vec<Cost>,
    pub(crate) joins: Vec<Joins>,
    pub(crate) profiles: Vec<Profile>,
    /// What could not be measured, and why.
    pub(crate) failures: Vec<String>,
}

/// A run of `cyclone load`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) round: u32,
    pub(crate) on: Server,
    pub(crate) task: Task,
    pub(crate) report: Report,
    pub(crate) memory: Memory,
    pub(crate) busy: Busy,
    /// What the server took of a processor from the first connection to the end.
    pub(crate) processor_seconds: f64,
}

/// Bytes of a server's memory before and after so many listeners came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Idle {
    pub(crate) round: u32,
    pub(crate) on: Server,
    pub(crate) listeners: u32,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

/// A channel with listeners, on which nothing was said for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Eviction {
    pub(crate) round: u32,
    pub(crate) silence_seconds: u32,
    pub(crate) listeners: u32,
    /// Whether the next message had to construct the channel's object again.
    pub(crate) was_evicted: bool,
    /// How many listeners got that message, over the connections that they had.
    pub(crate) heard: u64,
}

/// A start on empty storage; times count from the start of the process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) round: u32,
    pub(crate) on: Server,
    /// Until the first answer.
    pub(crate) answer_ms: f64,
    /// Until a listener had the first event.
    pub(crate) event_ms: f64,
    /// How long a publish takes to a channel that never was.
    pub(crate) new_channel_ms: f64,
    /// How long the next one takes.
    pub(crate) known_channel_ms: f64,
}

/// What deliveries take of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) round: u32,
    pub(crate) on: Server,
    pub(crate) listeners: u32,
    pub(crate) per_second: u32,
    pub(crate) deliveries: u64,
    pub(crate) processor_seconds: f64,
}

/// Listeners that come and go while others are there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Joins {
    pub(crate) round: u32,
    pub(crate) mix: Mix,
    pub(crate) present: u32,
    pub(crate) joining: u32,
    pub(crate) join_seconds: f64,
    pub(crate) join_processor_seconds: f64,
    pub(crate) leave_processor_seconds: f64,
}

/// Where the hub spends its time at some work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) what: String,
    pub(crate) shares: Vec<Share>,
}

impl Results {
    pub(crate) fn new(machine: Machine, plan: Plan) -> Self {
        Self {
            machine,
            plan,
            loads: Vec::new(),
            idle: Vec::new(),
            evictions: Vec::new(),
            starts: Vec::new(),
            costs: Vec::new(),
            joins: Vec::new(),
            profiles: Vec::new(),
            failures: Vec::new(),
        }
    }

    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} has no results", path.display()))
    }

    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        Ok(fs::write(folder.join(FILE), serde_json::to_string_pretty(self)? + "\n")?)
    }

    /// All runs of a task against a server, one for each round.
    pub(crate) fn loads(&self, on: Server, task: Task) -> impl Iterator<Item = &Load> {
        self.loads.iter().filter(move |load| load.on == on && load.task == task)
    }
}
