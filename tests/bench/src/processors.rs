//! Which processors the server and the load generator run on: one each, so that neither takes the other's time.

use std::{process, thread};

/// The division. Without `taskset`, or with one processor, there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors {
    pub(crate) are_divided: bool,
}

impl Processors {
    const SERVER: &'static str = "0";
    const LOAD: &'static str = "1";

    /// Takes this process, and all that it will start, to the load generator's processor.
    pub(crate) fn divide() -> Self {
        let several = thread::available_parallelism().is_ok_and(|count| count.get() > 1);
        let id = process::id().to_string();
        let mut command = process::Command::new("taskset");
        command.args(["-cp", Self::LOAD, &id]).stdout(process::Stdio::null()).stderr(process::Stdio::null());
        let moved = command.status();
        Self { are_divided: several && moved.is_ok_and(|status| status.success()) }
    }

    /// The words that come before a server's command.
    pub(crate) fn server(self) -> &'static [&'static str] {
        if self.are_divided { &["taskset", "-c", Self::SERVER] } else { &[] }
    }
}
