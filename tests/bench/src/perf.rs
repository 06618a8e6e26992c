//! Where a process spends its time, as `perf` samples it.

use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::sleep,
};

/// How many samples a second: no multiple of what timers are set to.
const FREQUENCY: &str = "499";
/// When it has attached itself.
const ATTACHING: Duration = Duration::from_millis(500);

/// A part of all samples, of a library or a function in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    pub(crate) percent: f64,
    /// The library, or the kernel.
    pub(crate) object: String,
    /// The function; nothing where the library as a whole is meant.
    pub(crate) function: String,
}

/// Sampling under way.
#[derive(Debug)]
pub(crate) struct Sampling {
    recording: Child,
    file: PathBuf,
    _folder: TempDir,
}

impl Sampling {
    /// Whether `perf` is there.
    pub(crate) async fn is_possible() -> bool {
        let version = Command::new("perf").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.await.is_ok_and(|status| status.success())
    }

    /// Samples a process from now on.
    pub(crate) async fn start(process: u32) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("perf.data");
        let mut command = Command::new("perf");
        command.args(["record", "-q", "-F", FREQUENCY, "-p", &process.to_string(), "-o"]).arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let recording = command.spawn().context("perf does not start")?;
        sleep(ATTACHING).await;
        Ok(Self { recording, file, _folder: folder })
    }

    /// Ends sampling: the shares of libraries, and the largest of functions.
    pub(crate) async fn end(mut self) -> anyhow::Result<Vec<Share>> {
        let id = self.recording.id().context("perf has ended")?.to_string();
        Command::new("kill").args(["-INT", &id]).status().await?;
        self.recording.wait().await?;
        let mut shares = self.report("overhead,dso", 0.5).await?;
        shares.extend(self.report("overhead,dso,symbol", 0.8).await?);
        if shares.is_empty() {
            bail!("perf took no samples");
        }
        Ok(shares)
    }

    async fn report(&self, fields: &str, least_percent: f64) -> anyhow::Result<Vec<Share>> {
        let mut command = Command::new("perf");
        command.args(["report", "--stdio", "-q", "--no-children", "-g", "none", "-t", "|", "-F", fields]);
        command.args(["--percent-limit", &least_percent.to_string(), "-i"]).arg(&self.file);
        let output = command.stdin(Stdio::null()).output().await?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(Share::read).collect())
    }
}

impl Share {
    /// A line of `perf report` with fields that `|` divides.
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split('|').map(str::trim);
        let percent = fields.next()?.strip_suffix('%')?.parse().ok()?;
        // What was compiled at run time is named with its thread.
        let object = fields.next()?.split(" tid").next()?.to_owned();
        // "[.]" is a function of the process, "[k]" one of the kernel.
        let function = fields.next().unwrap_or_default().trim_start_matches("[.] ").trim_start_matches("[k] ");
        Some(Self { percent, object, function: function.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_perf_are_shares() {
        for (line, share) in [
            (" 2.53%  |[kernel.kallsyms]|[k] clear_page_erms", Some((2.53, "[kernel.kallsyms]", "clear_page_erms"))),
            (" 1.01%  |[JIT] tid 25206  |[.] 0x00005652e00af470", Some((1.01, "[JIT]", "0x00005652e00af470"))),
            ("68.99%  |workerd          ", Some((68.99, "workerd", ""))),
            ("# Samples: 1K of event 'cpu-clock'", None),
            ("", None),
        ] {
            let read = Share::read(line);
            let read = read.as_ref().map(|share| (share.percent, share.object.as_str(), share.function.as_str()));
            assert_eq!(read, share, "{line:?}");
        }
    }
}
