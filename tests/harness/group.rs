//! A process and all that it starts.

use tokio::process::{Child, Command};

/// A process group, which ends when this is dropped: `npx` and wrangler do not take along what they run.
#[derive(Debug)]
pub struct Group(pub Child);

impl Group {
    pub fn start(command: &mut Command) -> Self {
        Self(command.process_group(0).spawn().unwrap())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        }
    }
}
