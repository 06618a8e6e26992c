//! `cyclone load`: opens listeners, publishes, waits until everything has arrived, and says what came of it.
//!
//! - `options`: what is asked for
//! - `crowd`: who listens to what, and where it is published
//! - `template`: the addresses and bodies of requests, also of other servers than the hub
//! - `message`: the text of a message, by which it is found back
//! - `listener`: one listener and its connections
//! - `publisher`: publishes, at a rate or as fast as they are answered
//! - `tally`: what was sent and what has arrived
//! - `report`, `quantiles`: what came of it, as a table and as JSON
//! - `progress`: what is shown meanwhile

mod crowd;
mod listener;
mod message;
mod options;
mod progress;
mod publisher;
mod quantiles;
mod report;
mod tally;
mod template;

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures::{StreamExt, stream};
use tokio::{
    task::{JoinSet, LocalSet},
    time::sleep,
};

use crowd::Crowd;
use listener::Listener;
use message::Run;
pub(crate) use options::Options;
use progress::Progress;
use publisher::Publisher;
use report::{Connections, Publishing, Report};
use tally::Tally;

/// How many listeners connect at once.
const CONNECTING_AT_ONCE: usize = 64;

/// When nothing has come for so long, nothing more is waited for.
const QUIET: Duration = Duration::from_secs(5);

/// How long is listened on when everything has arrived: for what arrives twice.
const LINGER: Duration = Duration::from_millis(300);

const TICK: Duration = Duration::from_millis(50);

/// Runs the command.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    // Each listener is an open file. Where the limit cannot be raised, connecting tells.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let report = LocalSet::new().run_until(measure(&options)).await?;
    report.write(options.json.as_deref())
}

async fn measure(options: &Options) -> anyhow::Result<Report> {
    let progress = Progress::new(options.quiet);
    let (crowd, run) = (Crowd::new(options), Run::new());
    let tally = Rc::new(RefCell::new(Tally::new(crowd.published().len())));

    let (listening, connections) = connect(options, &crowd, &run, &tally, &progress).await?;
    let publisher = Rc::new(Publisher::new(options, &crowd, run, tally.clone())?);
    warm_up(options.warm_up, &publisher, &tally, &progress).await?;
    let took = publisher.clone().publish(options.pace(), &progress).await;
    everything_arrived(&tally, &progress).await;
    drop(listening);
    progress.end();

    let failures = publisher.failures();
    if let Some(error) = failures.first {
        eprintln!("warning: {} publishes failed, the first one: {error:#}", failures.count);
    }
    let outcome = tally.borrow().outcome();
    Ok(Report::new(&connections, &Publishing { errors: failures.count, took }, outcome))
}

/// Opens all listeners. They listen until the set is dropped.
async fn connect(
    options: &Options,
    crowd: &Crowd,
    run: &Run,
    tally: &Rc<RefCell<Tally>>,
    progress: &Progress,
) -> anyhow::Result<(JoinSet<()>, Connections)> {
    let client = listener::client()?;
    let template = options.subscribe_template();
    let began = Instant::now();
    progress.phase("connecting", options.listeners as u64);
    let connecting = (0..options.listeners).map(|index| {
        let address = template.address(crowd.channels_of(index));
        let listener = Listener::new(client.clone(), address, options.greets(), run.clone());
        async move { (index, listener.connected().await) }
    });
    let mut connecting = stream::iter(connecting).buffer_unordered(CONNECTING_AT_ONCE);
    let (mut listening, mut first_error) = (JoinSet::new(), None);
    while let Some((index, connected)) = connecting.next().await {
        match connected {
            Ok((listener, events)) => {
                let heard = tally.borrow_mut().admit(crowd.hears(index));
                listening.spawn_local(listener.listen(events, heard, tally.clone()));
                progress.set(listening.len() as u64);
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let connected = listening.len();
    if let Some(error) = first_error {
        if connected == 0 {
            return Err(error).context("no listener could connect");
        }
        progress.say(&format!("warning: {} listeners could not connect: {error:#}", options.listeners - connected));
    }
    Ok((listening, Connections { listeners: options.listeners, connected, took: began.elapsed() }))
}

/// Publishes messages that do not count, and waits for them, so that those that count find everything in its place.
async fn warm_up(
    messages: usize,
    publisher: &Publisher,
    tally: &RefCell<Tally>,
    progress: &Progress,
) -> anyhow::Result<()> {
    for _ in 0..messages {
        publisher.warm_up().await.context("nothing can be published")?;
    }
    let expected = tally.borrow().hearing() * messages as u64;
    progress.phase("warming up", expected);
    let began = Instant::now();
    loop {
        let arrived = tally.borrow().warmed_up();
        progress.set(arrived);
        if arrived >= expected {
            return Ok(());
        }
        if began.elapsed() > QUIET {
            if arrived == 0 {
                bail!("no listener hears what is published");
            }
            progress.say(&format!("warning: of {expected} deliveries to warm up {arrived} have come"));
            return Ok(());
        }
        sleep(TICK).await;
    }
}

/// Waits until all listeners have everything, or nothing has come for a while.
async fn everything_arrived(tally: &RefCell<Tally>, progress: &Progress) {
    let (began, missing) = (Instant::now(), tally.borrow().missing());
    progress.phase("waiting", missing);
    loop {
        let still_missing = tally.borrow().missing();
        progress.set(missing.saturating_sub(still_missing));
        if still_missing == 0 {
            sleep(LINGER).await;
            return;
        }
        let quiet_since = tally.borrow().last_arrival().map_or(began, |arrival| arrival.max(began));
        if quiet_since.elapsed() > QUIET {
            return;
        }
        sleep(TICK).await;
    }
}
