//! What is shown on the standard error while the run goes on, where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const REDRAW: Duration = Duration::from_millis(100);

/// A bar for the phase of the run that goes on.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self(ProgressBar::with_draw_target(None, target))
    }

    /// A phase begins, which is over when so much is done; 0 where nobody knows.
    pub(super) fn phase(&self, name: &'static str, whole: u64) {
        let Self(bar) = self;
        let template =
            if whole > 0 { "{msg:12} {wide_bar} {pos}/{len} {per_sec}" } else { "{msg:12} {spinner} {pos} {per_sec}" };
        bar.reset();
        bar.set_style(ProgressStyle::with_template(template).expect("the template is valid"));
        bar.set_message(name);
        bar.set_length(whole);
        bar.enable_steady_tick(REDRAW);
    }

    pub(super) fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Prints a line without breaking the bar.
    pub(super) fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
