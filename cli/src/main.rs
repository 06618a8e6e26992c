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
mod publish;
mod subscribe;

use std::{
    io::{self, ErrorKind},
    process::ExitCode,
};

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
    Publish(publish::Options),
    Subscribe(subscribe::Options),
    Load(load::Options),
}

// One thread: what `load` shares between thousands of listeners needs no locks, and the hub has the other processors.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Publish(options) => publish::run(options).await,
        Command::Subscribe(options) => subscribe::run(options).await,
        Command::Load(options) => load::run(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if reader_has_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// Whether what was printed could not be, since whoever read it, such as `head`, has had enough.
fn reader_has_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// The whole chain of causes. Some errors tell their cause themselves: nothing is told twice.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| {
        if told.is_empty() {
            cause
        } else if told.ends_with(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}

#[cfg(test)]
mod tests {
    use cyclone_edge_protocol::ChannelSet;

    use super::*;

    #[test]
    fn a_chain_of_causes_is_told_once() {
        let error = anyhow::anyhow!("refused").context("no answer").context("no message");
        assert_eq!(told(&error), "no message: no answer: refused");
        let error = ChannelSet::parse(["a*"]).map_err(anyhow::Error::from).expect_err("no channel is called so");
        assert_eq!(told(&error), "a channel name must not hold `*`, which is reserved for patterns");
    }
}
