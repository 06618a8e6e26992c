//! `npm run bench`: the hub as self-hosters run it, beside nginx with Nchan, under the same work in turns; what came of it is
//! written to `docs`.
//!
//! - `arguments`, `plan`, `task`: what is asked for, in which numbers
//! - `server`, `service`, `hub`, `nchan`: who is measured, and how it is started
//! - `process`, `processors`, `perf`: what a process takes, where it runs, and what it does there
//! - `load`, `course`: a run of `cyclone load`, which listens and publishes in most measurements, and what it takes
//! - `crowd`, `publisher`, `client`: listeners that are only there, and messages to them
//! - `measure`: the measurements, and the rounds of them
//! - `results`, `machine`: what was measured, and on what
//! - `report`: the pages and plots that are made of it

mod arguments;
mod client;
mod course;
mod crowd;
mod hub;
mod load;
mod machine;
mod measure;
mod nchan;
mod perf;
mod plan;
mod process;
mod processors;
mod project;
mod publisher;
mod report;
mod results;
mod server;
mod service;
mod task;

use std::process::ExitCode;

use anyhow::bail;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use arguments::Arguments;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let out = arguments.out();
    if arguments.render {
        report::write(&results::Results::read(&out)?, &out)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Each listener is an open file here, and two in the hub. Where the limit cannot be raised, connecting tells.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    // Before there are other threads, which would stay where they are.
    let processors = processors::Processors::divide();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // What is dropped at an interruption takes along the servers that it has started.
    let results = runtime.block_on(async {
        tokio::select! {
            results = measure::measure(arguments, processors) => results,
            () = interruption() => bail!("interrupted: nothing is written"),
        }
    })?;
    results.write(&out)?;
    report::write(&results, &out)?;
    println!("\nwrote {}", out.join(report::PAGE).display());
    for failure in &results.failures {
        eprintln!("failed: {failure}");
    }
    Ok(if results.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits until somebody wants this to end.
async fn interruption() {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
