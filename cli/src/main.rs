//! `cyclone`, the command line of Cyclone Edge: the table of its commands, and the one place where a failure is printed.
//!
//! - `publish`: one message, to one channel or several
//! - `subscribe`: what channels bring, as lines
//! - `load`: many listeners and publishes at once, and what came of them
//! - `hub`: where the hub is, and what it says when it refuses
//! - `client`: the HTTP client of all commands

mod client;
mod hub;
mod load;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Publishes to a Cyclone Edge hub, listens to it, and measures it.
#[derive(Debug, Parser)]
#[command(name = "cyclone", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Load(load::Options),
}

// One thread: what `load` shares between thousands of listeners needs no locks, and the hub has the other processors.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Load(options) => load::run(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
