//! The rounds, and what is measured in each: every server in turn, each on a fresh process with empty storage.
//!
//! - `loads`: what `cyclone load` measures
//! - `in_use`: how channels are when crowds come
//! - `idle`: memory of listeners to whom nothing is said
//! - `eviction`: after how long a silence a channel is evicted
//! - `start`: how long until a hub that was just started answers and delivers
//! - `cost`: processor time of deliveries
//! - `joins`: processor time of coming and going
//! - `profile`: where the hub spends its time

mod cost;
mod eviction;
mod idle;
mod in_use;
mod joins;
mod loads;
mod profile;
mod start;

use std::{path::PathBuf, time::Instant};

use clap::ValueEnum;

use crate::{
    arguments::Arguments, machine::Machine, nchan, plan::Plan, processors::Processors, results::Results, server::Server,
};

/// A part of what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Loads,
    Idle,
    Costs,
    Joins,
    Starts,
    Evictions,
    Profiles,
}

impl Part {
    /// What is measured in each round. Profiles come after the rounds.
    const ROUND: [Self; 6] = [Self::Loads, Self::Idle, Self::Costs, Self::Joins, Self::Starts, Self::Evictions];
}

/// A benchmark under way.
struct Bench {
    cyclone: PathBuf,
    processors: Processors,
    plan: Plan,
    has_peer: bool,
    round: u32,
    began: Instant,
    results: Results,
}

/// Measures all that is asked for.
pub(crate) async fn measure(arguments: &Arguments, processors: Processors) -> anyhow::Result<Results> {
    let (plan, has_peer) = (arguments.plan(), arguments.has_peer() && nchan::program().is_some());
    let mut bench = Bench {
        cyclone: arguments.cyclone.clone(),
        processors,
        plan: plan.clone(),
        has_peer,
        round: 0,
        began: Instant::now(),
        results: Results::new(Machine::look(processors, has_peer), plan),
    };
    for round in 1..=bench.plan.rounds {
        bench.round = round;
        for part in Part::ROUND.into_iter().filter(|part| arguments.wants(*part)) {
            bench.part(part).await;
        }
    }
    if bench.plan.profiles && arguments.wants(Part::Profiles) {
        bench.part(Part::Profiles).await;
    }
    Ok(bench.results)
}

impl Bench {
    async fn part(&mut self, part: Part) {
        match part {
            Part::Loads => self.loads().await,
            Part::Idle => self.idle().await,
            Part::Costs => self.costs().await,
            Part::Joins => self.joins().await,
            Part::Starts => self.starts().await,
            Part::Evictions => self.evictions().await,
            Part::Profiles => self.profiles().await,
        }
    }

    /// Those of these servers that are measured, in an order that is another in every other round.
    fn in_turn(&self, servers: &[Server]) -> Vec<Server> {
        let is_there = |server: &Server| match server {
            Server::Hub => true,
            Server::HubSockets | Server::HubStreams => self.plan.forced_legs,
            Server::Nchan => self.has_peer,
        };
        let mut turn: Vec<Server> = servers.iter().copied().filter(is_there).collect();
        if self.round.is_multiple_of(2) {
            turn.reverse();
        }
        turn
    }

    /// Prints what came of a measurement. One that fails is kept as a failure, and the others go on.
    fn note<T>(&mut self, what: &str, outcome: anyhow::Result<T>, say: impl Fn(&T) -> String) -> Option<T> {
        let (round, seconds) = (self.round, self.began.elapsed().as_secs());
        let time = format!("{:02}:{:02}", seconds / 60, seconds % 60);
        match outcome {
            Ok(measured) => {
                println!("{time} round {round}: {what}: {}", say(&measured));
                Some(measured)
            }
            Err(error) => {
                println!("{time} round {round}: {what}: failed: {error:#}");
                self.results.failures.push(format!("round {round}: {what}: {error:#}"));
                None
            }
        }
    }
}
