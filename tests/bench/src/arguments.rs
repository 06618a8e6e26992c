//! The command line.

use std::{env, path::PathBuf};

use clap::Parser;

use crate::{measure::Part, plan::Plan, project::root};

/// Measures the hub as self-hosters run it, beside nginx with Nchan where that is installed, and writes a report.
#[derive(Debug, Parser)]
#[command(name = "npm run bench --")]
pub(crate) struct Arguments {
    /// How often everything is measured; the report has the medians.
    #[arg(long)]
    rounds: Option<u32>,
    /// Fewer numbers and one round, for a first look of some minutes.
    #[arg(long)]
    quick: bool,
    /// The hub alone and the least numbers: shows that the benchmark works, and nothing else.
    #[arg(long, conflicts_with = "quick")]
    smoke: bool,
    /// Leaves the peer out.
    #[arg(long)]
    pub(crate) alone: bool,
    /// Measures only this part; can be given several times.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Measures nothing: makes the report again, of the results that are there and the notes.
    #[arg(long)]
    pub(crate) render: bool,
    /// Where the report goes [default: docs, or target/bench/report where it is not the whole].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The command-line tool that listens and publishes.
    #[arg(long, default_value_os_t = beside("cyclone"))]
    pub(crate) cyclone: PathBuf,
}

impl Arguments {
    pub(crate) fn plan(&self) -> Plan {
        let plan = if self.smoke {
            Plan::smoke()
        } else if self.quick {
            Plan::quick()
        } else {
            Plan::full()
        };
        Plan { rounds: self.rounds.unwrap_or(plan.rounds).max(1), ..plan }
    }

    /// What was measured in haste or in part does not take the place of the whole.
    pub(crate) fn out(&self) -> PathBuf {
        let is_whole = !self.quick && !self.smoke && self.only.is_empty();
        self.out.clone().unwrap_or_else(|| root().join(if is_whole { "docs" } else { "target/bench/report" }))
    }

    pub(crate) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    pub(crate) fn has_peer(&self) -> bool {
        !self.alone && !self.smoke
    }

    /// What was typed.
    pub(crate) fn typed() -> String {
        let options: Vec<String> = env::args().skip(1).collect();
        if options.is_empty() { "npm run bench".to_owned() } else { format!("npm run bench -- {}", options.join(" ")) }
    }
}

/// A program that was built together with this one.
fn beside(program: &str) -> PathBuf {
    env::current_exe().unwrap_or_default().with_file_name(program)
}
