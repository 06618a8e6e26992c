//! `npm run soak`: runs the fault script with one seed after another, until time is up or something is wrong.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may panic")]

use std::{
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use futures::{StreamExt, stream};
use harness::faults::{Report, Schedule, run};

/// Runs the fault script with one seed after another, and ends at the first that shows something wrong.
#[derive(Debug, Parser)]
#[command(name = "npm run soak --")]
struct Arguments {
    /// How long to go on.
    #[arg(long)]
    minutes: Option<f64>,
    /// The first seed; without --minutes, the only one. Left out, it is taken from the clock.
    #[arg(long)]
    seed: Option<u64>,
    /// How many hubs run at once.
    #[arg(long, default_value_t = 1)]
    at_once: usize,
    /// Prints the schedule of the seed instead of running it.
    #[arg(long, requires = "seed")]
    show: bool,
}

#[derive(Default)]
struct Total {
    seeds: usize,
    acknowledged: usize,
    deliveries: usize,
    reconnects: u64,
    kills: u32,
    panics: u32,
    evictions: u32,
    clock_steps: u32,
    gaps: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let first = arguments.seed.unwrap_or_else(fresh_seed);
    if arguments.show {
        print!("{}", Schedule::new(first));
        return ExitCode::SUCCESS;
    }
    let minutes = arguments.minutes.unwrap_or(if arguments.seed.is_some() { 0.0 } else { 1.0 });
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let seeds = stream::iter(first..).enumerate();
    // The first is run however little time there is.
    let seeds = seeds.take_while(|(number, _)| std::future::ready(*number == 0 || Instant::now() < end));
    let runs = seeds.map(|(_, seed)| async move { run(&Schedule::new(seed)).await });
    let mut reports = std::pin::pin!(runs.buffer_unordered(arguments.at_once.max(1)));
    let mut total = Total::default();
    while let Some(report) = reports.next().await {
        println!("{report}");
        if !report.is_clean() {
            eprintln!("{}", report.failure());
            return ExitCode::FAILURE;
        }
        total.add(&report);
    }
    println!("{}", total.line());
    ExitCode::SUCCESS
}

/// Seeds that were not run before, short enough to be typed.
fn fresh_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() % 1_000_000_000 * 1_000
}

impl Total {
    fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.acknowledged += report.acknowledged;
        self.deliveries += report.deliveries;
        self.reconnects += report.reconnects;
        self.kills += report.kills;
        self.panics += report.panics;
        self.evictions += report.evictions;
        self.clock_steps += report.clock_steps;
        self.gaps += report.gaps;
    }

    fn line(&self) -> String {
        let Self { seeds, acknowledged, deliveries, reconnects, kills, panics, evictions, clock_steps, gaps } = self;
        format!(
            "{seeds} seeds clean: {acknowledged} messages acknowledged, {deliveries} deliveries, {reconnects} reconnects, \
             {kills} kills, {panics} panics, {evictions} evictions, {clock_steps} clock steps, {gaps} gaps"
        )
    }
}
