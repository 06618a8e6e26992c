//! A server's process: what it takes, and its end.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context;
use tokio::process::Child;

/// The tick of `/proc/PID/stat` on Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process group, which is killed when this is dropped: `workerd` waits for open connections when it is asked to end.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// The process that does the work, which may be a child of the one that was started.
    id: u32,
}

impl Process {
    /// Starts a program in the project's folder, with nothing of this program's environment but PATH.
    pub(crate) fn start(
        words: &[String],
        environment: &[(&str, String)],
        output: Stdio,
        errors: Stdio,
    ) -> anyhow::Result<Self> {
        let (program, arguments) = words.split_first().context("a command")?;
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).current_dir(crate::project::root()).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        command.process_group(0).stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().with_context(|| format!("{program} does not start"))?;
        let id = child.id().context("the process has ended")?;
        Ok(Self { child, id })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The process that is measured.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// From now on the only child of this process is measured in its place. Says whether there is one yet.
    pub(crate) fn measure_child(&mut self) -> anyhow::Result<bool> {
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children", id = self.id))?;
        let Some(child) = children.split_whitespace().next() else { return Ok(false) };
        self.id = child.parse()?;
        Ok(true)
    }

    /// Bytes of memory at the moment (the resident set).
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        resident(&fs::read_to_string(format!("/proc/{}/status", self.id))?).context("VmRSS in /proc/PID/status")
    }

    /// The time of processors so far, of the process and of the kernel on its behalf.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        processor_time(self.id)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(id) = self.child.id() {
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        }
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(1_024 * line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?)
}

/// The time that a process has taken so far.
pub(crate) fn processor_time(id: u32) -> anyhow::Result<Duration> {
    times(&fs::read_to_string(format!("/proc/{id}/stat"))?).context("times in /proc/PID/stat")
}

/// proc_pid_stat(5): utime and stime are the 14th and the 15th field, and the second, the name, is in parentheses.
fn times(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    Some(TICK * (times.next()?.ok()? + times.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_the_resident_set() {
        assert_eq!(resident("Name:\tworkerd\nVmRSS:\t   1000 kB\nThreads:\t4\n"), Some(1_024_000));
        assert_eq!(resident("Name:\tworkerd\n"), None);
    }

    #[test]
    fn processor_time_is_the_users_and_the_kernels() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 1 0 1 1 1";
        assert_eq!(times(stat), Some(Duration::from_secs(3)));
        assert_eq!(times("7 (a) S 1"), None);
    }
}
