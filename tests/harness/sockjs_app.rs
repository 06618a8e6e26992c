//! The app of `examples/sockjs-echo`, or another app with SockJS services, under `workerd`, with a disk of its own: it can be
//! killed and started again.

use std::{
    collections::BTreeMap,
    env::temp_dir,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use tempfile::TempDir;
use tokio::{fs, process::Child};

use crate::{
    hub::serve,
    memory::{memory_of, peak_memory_of},
    project::root,
};

const FOLDER: &str = "examples/sockjs-echo";

/// The running app.
#[derive(Debug)]
pub struct SockjsApp {
    folder: &'static str,
    vars: BTreeMap<String, String>,
    disk: TempDir,
    process: Child,
    port: u16,
    log: Arc<Mutex<String>>,
}

impl SockjsApp {
    pub async fn start() -> Self {
        Self::run(FOLDER, &[], temp_dir()).await
    }

    /// Starts the app with a disk that is memory where the system has such a one: writes of many sessions would wait for
    /// each other otherwise, and the runtime has no SQLite without a disk.
    pub async fn start_in_memory() -> Self {
        let memory = PathBuf::from("/dev/shm");
        Self::run(FOLDER, &[], if memory.is_dir() { memory } else { temp_dir() }).await
    }

    /// Starts the app of another folder.
    pub async fn start_in(folder: &'static str) -> Self {
        Self::run(folder, &[], temp_dir()).await
    }

    /// Starts the app with variables in its environment.
    pub async fn start_with(vars: &[(&str, &str)]) -> Self {
        Self::run(FOLDER, vars, temp_dir()).await
    }

    async fn run(folder: &'static str, vars: &[(&str, &str)], disk_in: PathBuf) -> Self {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let disk = tempfile::tempdir_in(disk_in).unwrap();
        fs::create_dir(disk.path().join("objects")).await.unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (process, port) = spawn(folder, &vars, disk.path(), 0, &log).await;
        Self { folder, vars, disk, process, port, log }
    }

    /// Ends the whole runtime with SIGKILL.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts the killed runtime again, at the same port and on the same disk.
    pub async fn restart(&mut self) {
        (self.process, self.port) = spawn(self.folder, &self.vars, self.disk.path(), self.port, &self.log).await;
    }

    /// How many bytes of memory the runtime has at the moment.
    pub fn memory(&self) -> u64 {
        memory_of(&self.process)
    }

    /// The most memory that the runtime had while something happened.
    pub async fn peak_memory<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        peak_memory_of(&self.process, work).await
    }

    /// What the runtime has printed so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }
}

async fn spawn(
    folder: &str,
    vars: &BTreeMap<String, String>,
    disk: &Path,
    port: u16,
    log: &Arc<Mutex<String>>,
) -> (Child, u16) {
    let config = disk.join("config.capnp");
    fs::write(&config, write_config(folder, vars, disk)).await.unwrap();
    serve(&config, &BTreeMap::new(), port, log).await
}

/// The app's `wrangler.toml` as a configuration of `workerd`: the date, the objects, and variables that may be others.
fn write_config(app: &str, vars: &BTreeMap<String, String>, disk: &Path) -> String {
    let wrangler = std::fs::read_to_string(root().join(app).join("wrangler.toml")).unwrap();
    let wrangler: toml::Table = toml::from_str(&wrangler).unwrap();
    let date = wrangler["compatibility_date"].as_str().unwrap();
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in wrangler.get("vars").and_then(|vars| vars.as_table()).into_iter().flatten() {
        texts.insert(name, value.as_str().unwrap());
    }
    texts.extend(vars.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut bindings = String::new();
    for (name, value) in texts {
        writeln!(bindings, "    (name = {name:?}, text = {value:?}),").unwrap();
    }
    let mut classes = String::new();
    for binding in wrangler["durable_objects"]["bindings"].as_array().unwrap() {
        let (name, class) = (binding["name"].as_str().unwrap(), binding["class_name"].as_str().unwrap());
        writeln!(bindings, "    (name = {name:?}, durableObjectNamespace = {class:?}),").unwrap();
        writeln!(classes, "    (className = {class:?}, uniqueKey = \"sockjs-echo-{class}\", enableSql = true),")
            .unwrap();
    }
    let (build, objects) = (root().join(app).join("build"), disk.join("objects"));
    let (script, wasm) = (build.join("index.js"), build.join("index_bg.wasm"));
    let assets = match wrangler.get("assets") {
        Some(assets) => {
            let folder = root().join(app).join(assets["directory"].as_str().unwrap());
            writeln!(bindings, "    (name = {:?}, service = \"assets\"),", assets["binding"].as_str().unwrap())
                .unwrap();
            format!("    (name = \"assets\", disk = (path = {:?})),\n", folder.canonicalize().unwrap())
        }
        None => String::new(),
    };
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "app", worker = .app),
    (name = "objects", disk = (path = {objects:?}, writable = true)),
{assets}  ],
  sockets = [(name = "http", address = "127.0.0.1:8081", http = (), service = "app")],
);

const app :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed {script:?}),
    (name = "./index_bg.wasm", wasm = embed {wasm:?}),
  ],
  compatibilityDate = {date:?},
  bindings = [
{bindings}  ],
  durableObjectNamespaces = [
{classes}  ],
  durableObjectStorage = (localDisk = "objects"),
);
"#
    )
}
