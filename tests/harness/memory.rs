//! How much memory a runtime takes.

use std::{pin::pin, time::Duration};

use tokio::{process::Child, time::sleep};

/// How many bytes of memory a process has at the moment (its resident set).
pub(crate) fn memory_of(process: &Child) -> u64 {
    let status = format!("/proc/{}/status", process.id().expect("the runtime runs"));
    let status = std::fs::read_to_string(status).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    1_024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
}

/// The most memory that a process had while something happened.
pub(crate) async fn peak_memory_of<T>(process: &Child, work: impl Future<Output = T>) -> (T, u64) {
    let (mut work, mut peak) = (pin!(work), 0);
    loop {
        peak = peak.max(memory_of(process));
        tokio::select! {
            result = &mut work => return (result, peak.max(memory_of(process))),
            () = sleep(Duration::from_millis(10)) => {}
        }
    }
}
