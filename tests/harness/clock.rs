//! The clock of a hub's runtime: see the crate `cyclone-edge-clock`.

use std::{
    env::current_exe,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::hub::HubBuilder;

/// A clock that is moved in steps, and keeps its offset when the runtime is killed.
#[derive(Debug)]
pub struct Clock {
    offset: NamedTempFile,
    seconds: i64,
    furthest: i64,
}

impl Default for Clock {
    /// The time of day, as yet.
    fn default() -> Self {
        let clock = Self { offset: NamedTempFile::new().unwrap(), seconds: 0, furthest: 0 };
        clock.write();
        clock
    }
}

impl Clock {
    /// Has the hub go by this clock.
    pub fn set_up(&self, hub: HubBuilder) -> HubBuilder {
        hub.environment("LD_PRELOAD", library()).environment("CYCLONE_CLOCK", self.offset.path())
    }

    /// Moves the clock ahead, or back.
    pub fn step(&mut self, seconds: i64) {
        self.seconds += seconds;
        self.furthest = self.furthest.max(self.seconds);
        self.write();
    }

    /// Moves the clock to where it was furthest ahead.
    pub fn catch_up(&mut self) {
        self.step(self.furthest - self.seconds);
    }

    fn write(&self) {
        let nanoseconds = self.seconds * 1_000_000_000;
        self.offset.as_file().write_all_at(&nanoseconds.to_ne_bytes(), 0).unwrap();
    }
}

/// Where cargo puts the library: with what the tests depend on, beside the tests or below the program.
fn library() -> PathBuf {
    let program = current_exe().unwrap();
    let folder = program.parent().unwrap();
    let candidates = [folder.to_owned(), folder.join("deps")];
    let found = candidates.iter().map(|folder| folder.join("libcyclone_edge_clock.so")).find(|path| Path::exists(path));
    found.unwrap_or_else(|| panic!("there is no libcyclone_edge_clock.so in {candidates:?}"))
}
