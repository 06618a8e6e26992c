//! The hub, started with the command and the configuration of self-hosters: another address, another folder for its
//! storage, and settings in the environment.

use std::path::Path;

use crate::{processors::Processors, project::root, server::Server};

/// The publish key.
pub(crate) const KEY: &str = "bench-key";

const WORKERD: &str = "node_modules/workerd/bin/workerd";
const CONFIG: &str = "examples/self-host/workerd.capnp";

/// What starts the hub in the project's folder; it says on its output at which port it listens.
pub(crate) fn command(processors: Processors, storage: &Path) -> Vec<String> {
    let mut words: Vec<String> = processors.server().iter().map(|word| (*word).to_owned()).collect();
    let storage = format!("objects={}", storage.display());
    let workerd = root().join(WORKERD).display().to_string();
    let fixed = ["serve", CONFIG, "--socket-addr", "http=127.0.0.1:0", "--control-fd", "1", "--directory-path"];
    words.push(workerd);
    words.extend(fixed.map(str::to_owned));
    words.push(storage);
    words
}

/// The same, as the report shows it.
pub(crate) fn typed(processors: Processors) -> String {
    let folder = format!("{}/", root().display());
    command(processors, Path::new("STORAGE")).join(" ").replace(&folder, "")
}

/// The settings; all others are as they come.
pub(crate) fn settings(server: Server, keep_alive_seconds: Option<u32>) -> Vec<(&'static str, String)> {
    let mut settings = vec![("PUBLISH_KEY", KEY.to_owned())];
    settings.extend(server.legs().map(|legs| ("LEGS", legs.to_owned())));
    settings.extend(keep_alive_seconds.map(|seconds| ("KEEPALIVE_SECONDS", seconds.to_string())));
    settings
}

/// The version of the runtime, as it says it.
pub(crate) fn version() -> Option<String> {
    let output = std::process::Command::new(root().join(WORKERD)).arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
