//! Which processors the server and the load generator run on: one each, so that neither takes the other's time.

use std::process;

/// The division. Without `taskset`, or without these two processors, there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors {
    pub(crate) are_divided: bool,
}

impl Processors {
    const SERVER: &'static str = "0";
    const LOAD: &'static str = "1";

    /// Takes this process, and all that it will start, to the load generator's processor.
    pub(crate) fn divide() -> Self {
        let id = process::id().to_string();
        let works = |arguments: &[&str]| {
            let mut command = process::Command::new("taskset");
            command.args(arguments).stdout(process::Stdio::null()).stderr(process::Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        Self { are_divided: works(&["-c", Self::SERVER, "true"]) && works(&["-cp", Self::LOAD, &id]) }
    }

    /// The words that come before a server's command.
    pub(crate) fn server(self) -> &'static [&'static str] {
        if self.are_divided { &["taskset", "-c", Self::SERVER] } else { &[] }
    }
}
