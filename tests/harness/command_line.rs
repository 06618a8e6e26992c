//! The command line, which `npm test` builds.

use std::{env, path::PathBuf, process::Stdio};

use tokio::process::Command;

use crate::KEY;

/// The folder in which the binary is: cargo puts it above the tests.
pub fn command_line_folder() -> PathBuf {
    let folder = env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    assert!(
        folder.join("cyclone").exists(),
        "`npm test` or `cargo build -p cyclone-edge-cli` builds {folder:?}/cyclone"
    );
    folder
}

/// A command of `cyclone` for a hub, with the tests' key, that ends when it is dropped.
pub fn cyclone(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(command_line_folder().join("cyclone"));
    command.args(arguments).env("CYCLONE_URL", url).env("PUBLISH_KEY", KEY).env_remove("SUBSCRIBE_TOKEN");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}
