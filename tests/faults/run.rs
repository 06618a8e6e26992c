//! Carries a schedule out: starts the hub and all who take part, takes the steps, brings everybody to the end, and has
//! what they saw judged.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    listener::{self, Listener},
    publisher::Publisher,
    schedule::{Act, Order, Schedule, Seat},
    site::Site,
    transcript::{Heard, Transcript, What},
    verdict::judge,
};
use crate::{Clock, DEADLINE, Hub, eventually};

/// How long the runtime keeps a silent object.
const SILENCE: Duration = Duration::from_secs(12);
/// How often silence is tried until somebody is evicted.
const SILENCES: u32 = 3;
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// How late a busy machine may be.
const GRACE: Duration = Duration::from_secs(3);
/// The hub, which panics when it is asked to.
const WORKER: &str = "tests/panic/build";
/// Where the hub's disk is: what a killed process has given to the kernel is not lost, in memory no more than on a disk.
const MEMORY: &str = "/dev/shm";
/// How many messages a channel keeps where it is to keep all: the default.
const ALL: u64 = 10_000;

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    /// How objects reached their listeners.
    pub legs: &'static str,
    pub steps: usize,
    pub acknowledged: usize,
    pub deliveries: usize,
    pub reconnects: u64,
    pub kills: u32,
    pub panics: u32,
    pub evictions: u32,
    pub clock_steps: u32,
    pub gaps: usize,
    pub took: Duration,
    /// What should not have happened.
    violations: Vec<String>,
    log: String,
    schedule: String,
}

struct Run<'a> {
    schedule: &'a Schedule,
    hub: Hub,
    clock: Clock,
    /// When the clock has caught up with what objects saw of it: until then their own stands still.
    catches_up_at: Instant,
    site: Arc<Site>,
    publishers: Vec<Publisher>,
    listeners: BTreeMap<usize, Listener>,
    left: Vec<Heard>,
    next_message: u32,
    /// Whether a request panicked in this life of the process.
    has_panicked: bool,
    kills: u32,
    panics: u32,
    evictions: u32,
    clock_steps: u32,
}

/// Carries out a schedule.
pub async fn run(schedule: &Schedule) -> Report {
    let began = Instant::now();
    let mut run = Run::start(schedule).await;
    for step in &schedule.steps {
        sleep(Duration::from_millis(step.after_ms)).await;
        run.take(&step.act).await;
    }
    run.finish(began).await
}

impl<'a> Run<'a> {
    async fn start(schedule: &'a Schedule) -> Self {
        let clock = Clock::default();
        let builder = Hub::builder().setting("KEEPALIVE_SECONDS", KEEP_ALIVE.as_secs());
        let builder = builder.setting("HISTORY_MESSAGES", schedule.history_messages.unwrap_or(ALL));
        // A crowd of a few, so that few are some of each kind; it is quiet before silence ends.
        let builder = builder.setting("LEGS", schedule.legs).setting("STREAM_LISTENERS", 3);
        let builder = builder.setting("STREAM_MESSAGES_PER_MINUTE", 20).setting("STREAM_QUIET_SECONDS", 3);
        let builder = if schedule.hands_over {
            builder.setting("MAX_LISTENERS", 3).setting("RELAYS_PER_PLACE", 50)
        } else {
            builder
        };
        let hub = clock.set_up(builder).worker(WORKER).relay("DistantRelay").disk_in(MEMORY).start().await;
        let site = Arc::new(Site::new(hub.address()));
        let publisher = |_| Publisher::start(site.clone(), schedule.channels.clone());
        let publishers = (0..schedule.publishers).map(publisher).collect();
        Self {
            schedule,
            hub,
            clock,
            catches_up_at: Instant::now(),
            site,
            publishers,
            listeners: BTreeMap::new(),
            left: Vec::new(),
            next_message: schedule.messages,
            has_panicked: false,
            kills: 0,
            panics: 0,
            evictions: 0,
            clock_steps: 0,
        }
    }

    async fn take(&mut self, act: &Act) {
        match *act {
            Act::Join { listener } => self.join(listener, &self.schedule.seats[listener]),
            Act::Leave { listener } => self.leave(listener).await,
            Act::Publish { publisher, ref order } => self.publishers[publisher].publish(order.clone()).await,
            Act::Cut { listener, after_bytes, reset, away_ms } => {
                let away = Duration::from_millis(away_ms);
                self.tell(listener, listener::Order::Cut { after_bytes, reset, away });
            }
            Act::Stall { listener, after_bytes, ms } => {
                self.tell(listener, listener::Order::Stall { after_bytes, time: Duration::from_millis(ms) });
            }
            Act::Change { listener, polls } => self.tell(listener, listener::Order::Poll(polls)),
            Act::Move { listener, place } => self.tell(listener, listener::Order::Move(place)),
            Act::Kill { down_ms } => self.kill(Duration::from_millis(down_ms)).await,
            Act::Panic => self.panic().await,
            Act::CutOff { ms, panics } => self.cut_off(Duration::from_millis(ms), panics).await,
            Act::Clock { seconds } => self.step_clock(seconds),
            Act::Evict if self.schedule.legs == "stream" => {}
            Act::Evict => self.evict().await,
        }
    }

    fn join(&mut self, number: usize, seat: &Seat) {
        let listener = Listener::start(self.site.clone(), format!("listener {number}"), seat, &self.schedule.channels);
        self.listeners.insert(number, listener);
    }

    async fn leave(&mut self, number: usize) {
        if let Some(listener) = self.listeners.remove(&number) {
            self.left.push(Heard { left: true, ..listener.leave().await });
        }
    }

    fn tell(&self, listener: usize, order: listener::Order) {
        if let Some(listener) = self.listeners.get(&listener) {
            listener.tell(order);
        }
    }

    fn tell_all(&self, order: listener::Order) {
        self.listeners.values().for_each(|listener| listener.tell(order));
    }

    fn step_clock(&mut self, seconds: i64) {
        self.clock.step(seconds);
        self.clock_steps += 1;
        let (by, now) = (Duration::from_secs(seconds.unsigned_abs()), Instant::now());
        let from = self.catches_up_at.max(now);
        self.catches_up_at = if seconds < 0 { from + by } else { from.checked_sub(by).unwrap_or(now) };
    }

    async fn kill(&mut self, down: Duration) {
        self.site.turn();
        self.hub.kill().await;
        sleep(down).await;
        self.hub.restart().await;
        self.site.turn();
        self.kills += 1;
        self.has_panicked = false;
        // A new process has the clock as it is.
        self.catches_up_at = Instant::now();
    }

    /// Has a request panic, and waits until the hub answers again.
    async fn panic(&mut self) {
        let panics = || self.hub.log().matches("panicked at").count();
        let before = panics();
        self.site.turn();
        // An answer may never come.
        let request = tokio::spawn(self.hub.get("/?channels=panic").send());
        eventually("the panic", async || panics(), |count| *count > before).await;
        request.abort();
        let answers = async || self.hub.get("/stats").send().await.is_ok_and(|answer| answer.status().is_success());
        eventually("the hub to answer again", answers, |answers| *answers).await;
        self.site.turn();
        self.panics += 1;
        self.has_panicked = true;
    }

    /// Cuts the relays off from the channels for a while.
    async fn cut_off(&mut self, time: Duration, panics: bool) {
        self.ask("/?channels=cut-off&transport=longpoll&greeting=event").await;
        sleep(time).await;
        if panics {
            self.panic().await;
        }
        self.ask("/?channels=back&transport=longpoll&greeting=event").await;
    }

    async fn ask(&self, path: &str) {
        let answer = self.hub.get(path).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    async fn publishers_are_idle(&self) {
        for publisher in &self.publishers {
            publisher.idle().await;
        }
    }

    /// Keeps silence until an object was evicted: it wakes when something is published again.
    async fn evict(&mut self) {
        self.publishers_are_idle().await;
        let mut silences = 0;
        while silences < SILENCES {
            let woken = self.wakes();
            let stands_still = Instant::now() < self.catches_up_at;
            // Polls would wake it: one that ends is not repeated for so long.
            self.tell_all(listener::Order::Rest(tokio::time::Instant::now() + SILENCE + KEEP_ALIVE));
            sleep(SILENCE + KEEP_ALIVE).await;
            self.publish_everywhere().await;
            if self.wakes() > woken {
                self.evictions += 1;
                return;
            }
            // By a clock that stands still no audience is quiet, so streams stay, and their objects with them.
            silences += u32::from(!stands_still);
        }
        self.site.note(&format!("nothing was evicted in {SILENCES} times {SILENCE:?} of silence"));
    }

    /// Publishes one more message to all channels, and returns its ids.
    async fn publish_everywhere(&mut self) -> BTreeMap<String, u64> {
        let order = Order::single((0..self.schedule.channels.len()).collect(), self.next_message);
        self.next_message += 1;
        self.publishers[0].publish(order).await;
        let published = self.publishers[0].idle().await.unwrap();
        published.acknowledged.into_iter().collect()
    }

    /// How often a channel or a relay was constructed.
    fn wakes(&self) -> usize {
        let is_wake = |line: &&str| line.ends_with(" woke") && !line.starts_with("directory");
        self.hub.log().lines().filter(is_wake).count()
    }

    async fn finish(mut self, began: Instant) -> Report {
        self.publishers_are_idle().await;
        self.tell_all(listener::Order::Settle);
        self.let_auditors_in();
        let ends = self.publish_everywhere().await;
        self.reach(&ends).await;
        self.check_counts().await;
        self.report(began).await
    }

    /// Listeners that come last and want all of history: one for each channel, and one for all.
    fn let_auditors_in(&mut self) {
        let all: Vec<usize> = (0..self.schedule.channels.len()).collect();
        let sets = all.iter().map(|channel| vec![*channel]).chain([all.clone()]);
        for (number, channels) in sets.enumerate() {
            let seat = Seat { channels, place: None, from_the_start: true, polls: false, window: None };
            self.join(self.schedule.seats.len() + number, &seat);
        }
    }

    /// Waits until all listeners stand at the end; what they lack when it takes too long, the verdict says.
    async fn reach(&self, ends: &BTreeMap<String, u64>) {
        let began = Instant::now();
        let is_there = || self.listeners.values().all(|listener| listener.heard(|heard| heard.has_reached(ends)));
        while !is_there() && began.elapsed() < DEADLINE {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Invariant 5: who went away is forgotten within two keep-alives; where it had a stream, as soon as a clock that was set
    /// back has caught up. A request that a panic left hanging is not known to have gone until the runtime finds out that its
    /// promise is garbage.
    async fn check_counts(&mut self) {
        if self.has_panicked {
            return;
        }
        self.clock.catch_up();
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for listener in self.listeners.values() {
            for channel in listener.heard(|heard| heard.channels.clone()) {
                *expected.entry(channel).or_default() += 1;
            }
        }
        let began = Instant::now();
        let mut late = None;
        while began.elapsed() < 2 * DEADLINE {
            let counts = self.hub.stats().await;
            if counts == expected {
                break;
            }
            if began.elapsed() > 2 * KEEP_ALIVE + GRACE {
                late = Some(counts);
            }
            sleep(Duration::from_millis(50)).await;
        }
        if let Some(counts) = late {
            let took = began.elapsed().as_secs_f64();
            self.site.note(&format!("/stats said {counts:?} while {expected:?} listened, for {took:.1} s"));
        }
    }

    async fn report(mut self, began: Instant) -> Report {
        let mut transcript = Transcript {
            retention: self.schedule.history_messages.unwrap_or(ALL),
            hands_over: self.schedule.hands_over,
            published: Vec::new(),
            listeners: self.left,
        };
        for (_, listener) in std::mem::take(&mut self.listeners) {
            transcript.listeners.push(listener.leave().await);
        }
        for publisher in self.publishers {
            transcript.published.extend(publisher.end().await);
        }
        let mut violations = self.site.faults();
        violations.extend(judge(&transcript).iter().map(ToString::to_string));
        let sights = transcript.listeners.iter().flat_map(|listener| &listener.sights);
        let gaps = sights.clone().filter(|sight| matches!(sight.what, What::Gap { .. })).count();
        Report {
            seed: self.schedule.seed,
            legs: self.schedule.legs,
            steps: self.schedule.steps.len(),
            acknowledged: transcript.published.iter().filter(|message| !message.acknowledged.is_empty()).count(),
            deliveries: sights.count() - gaps,
            reconnects: transcript.listeners.iter().map(|listener| listener.reconnects).sum(),
            kills: self.kills,
            panics: self.panics,
            evictions: self.evictions,
            clock_steps: self.clock_steps,
            gaps,
            took: began.elapsed(),
            violations,
            log: self.hub.log(),
            schedule: self.schedule.to_string(),
        }
    }
}

impl Report {
    /// Whether nothing happened that should not.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// Everything that helps to see what went wrong.
    #[must_use]
    pub fn failure(&self) -> String {
        let (shown, log) = (self.violations.len().min(40), self.log.lines().rev().take(60).collect::<Vec<_>>());
        let log: Vec<&str> = log.into_iter().rev().collect();
        format!(
            "seed {} failed; `npm run soak -- --seed {}` runs it again\n{}\n{} violations:\n{}\n\nthe hub's last lines:\n{}",
            self.seed,
            self.seed,
            self.schedule,
            self.violations.len(),
            self.violations[..shown].join("\n"),
            log.join("\n")
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            legs,
            steps,
            acknowledged,
            deliveries,
            reconnects,
            kills,
            panics,
            evictions,
            clock_steps,
            gaps,
            ..
        } = self;
        write!(
            f,
            "seed {seed} ({legs}): {steps} steps, {acknowledged} messages acknowledged, {deliveries} deliveries, \
             {reconnects} reconnects, {kills} kills, {panics} panics, {evictions} evictions, {clock_steps} clock steps, {gaps} gaps, \
             {:.1} s",
            self.took.as_secs_f64()
        )
    }
}
