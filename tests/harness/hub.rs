//! A hub under `workerd`, as a self-hoster runs it: no proxy in front, storage on disk, one process to kill.

use std::{
    collections::BTreeMap,
    env::temp_dir,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    fs,
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::oneshot,
};

use crate::{
    DEADLINE, Listener,
    memory::{memory_of, peak_memory_of},
    project::root,
    within,
};

/// The publish key of every hub in the tests.
pub const KEY: &str = "test-key";

/// The header from which the runtime takes what Cloudflare says of a connection, such as the place where it arrived.
pub(crate) const PLACE_HEADER: &str = "CF-Blob";

/// How objects reach their listeners in this run of the tests: `auto`, `socket` or `stream`.
pub fn legs() -> String {
    std::env::var("LEGS").unwrap_or_else(|_| "auto".to_owned())
}

/// A hub to be.
#[derive(Clone, Debug)]
pub struct HubBuilder {
    settings: BTreeMap<String, String>,
    environment: BTreeMap<&'static str, PathBuf>,
    worker: PathBuf,
    outbound: bool,
    disk_in: PathBuf,
    relay: &'static str,
}

/// A running hub.
#[derive(Debug)]
pub struct Hub {
    builder: HubBuilder,
    disk: TempDir,
    process: Child,
    port: u16,
    log: Arc<Mutex<String>>,
    client: Client,
}

impl HubBuilder {
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts read best as they are")]
    pub fn setting(self, name: &str, value: impl ToString) -> Self {
        let value = format!("text = {:?}", value.to_string());
        self.binding(name, value)
    }

    /// A setting that is no text: JSON.
    pub fn json_setting(self, name: &str, json: &str) -> Self {
        self.binding(name, format!("json = {json:?}"))
    }

    fn binding(mut self, name: &str, value: String) -> Self {
        self.settings.insert(name.to_owned(), value);
        self
    }

    pub fn without_setting(mut self, name: &str) -> Self {
        self.settings.remove(name);
        self
    }

    /// Sets a variable in the environment of the runtime.
    pub fn environment(mut self, name: &'static str, value: impl Into<PathBuf>) -> Self {
        self.environment.insert(name, value.into());
        self
    }

    /// Runs another app on top of the hub's library; `build` is where `worker-build` put it.
    pub fn worker(mut self, build: impl AsRef<Path>) -> Self {
        self.worker = root().join(build);
        self
    }

    /// Lets the hub fetch from this machine too, and not only from public addresses.
    pub fn outbound(mut self) -> Self {
        self.outbound = true;
        self
    }

    /// Has another class of the worker be the relays.
    pub fn relay(mut self, class: &'static str) -> Self {
        self.relay = class;
        self
    }

    /// Keeps the storage in a folder of this one.
    pub fn disk_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.disk_in = folder.into();
        self
    }

    pub async fn start(self) -> Hub {
        let disk = tempfile::tempdir_in(&self.disk_in).unwrap();
        fs::create_dir(disk.path().join("objects")).await.unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (process, port) = spawn(&self, disk.path(), 0, &log).await;
        Hub { builder: self, disk, process, port, log, client: Client::new() }
    }
}

impl Hub {
    /// A hub with the default settings, but for the key and a keep-alive short enough to wait for. `LEGS` in the environment
    /// says how its objects reach their listeners.
    pub fn builder() -> HubBuilder {
        HubBuilder {
            settings: BTreeMap::new(),
            environment: BTreeMap::new(),
            worker: root().join("worker/build"),
            disk_in: temp_dir(),
            relay: "Relay",
            outbound: false,
        }
        .setting("PUBLISH_KEY", KEY)
        .setting("KEEPALIVE_SECONDS", 1)
        .setting("STATS_CONFIRM_SECONDS", 1)
        .setting("RETRY_MS", 100)
        .setting("LEGS", legs())
    }

    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Ends the whole runtime with SIGKILL.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts the killed runtime again, at the same port and on the same disk.
    pub async fn restart(&mut self) {
        (self.process, self.port) = spawn(&self.builder, self.disk.path(), self.port, &self.log).await;
    }

    /// The folder in which the objects of a class keep their storage.
    pub fn storage(&self, class: &str) -> PathBuf {
        self.disk.path().join("objects").join(format!("cyclone-edge-{class}"))
    }

    /// What the runtime has printed so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// How many bytes of memory the runtime has at the moment.
    pub fn memory(&self) -> u64 {
        memory_of(&self.process)
    }

    /// The most memory that the runtime had while something happened.
    pub async fn peak_memory<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        peak_memory_of(&self.process, work).await
    }

    /// How much time of processors the runtime has taken so far.
    pub fn processor_time(&self) -> Duration {
        let stat = format!("/proc/{}/stat", self.process.id().expect("the runtime runs"));
        let stat = std::fs::read_to_string(stat).unwrap();
        // proc_pid_stat(5): utime and stime, after the name in parentheses, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        Duration::from_millis(10 * fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum::<u64>())
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), self.url(path))
    }

    /// Publishes a text, and returns the answer whatever it is.
    pub async fn try_publish(&self, channels: &[&str], message: &str) -> Result<Response, reqwest::Error> {
        let body = json!({ "channel": channels, "message": message });
        self.post("/publish").bearer_auth(KEY).json(&body).send().await
    }

    /// Publishes a text, and returns the ids by channel.
    pub async fn publish(&self, channels: &[&str], message: &str) -> BTreeMap<String, u64> {
        let response = within(DEADLINE, "a publish", self.try_publish(channels, message)).await.unwrap();
        let (status, answer) = (response.status(), response.json::<Value>().await.unwrap());
        assert_eq!((status.as_u16(), &answer["status"]), (200, &json!("ok")), "{answer}");
        serde_json::from_value(answer["ids"].clone()).unwrap()
    }

    /// A new listener of these channels, connected.
    pub async fn subscribe(&self, channels: &[&str]) -> Listener {
        self.resume(channels, "").await
    }

    /// A listener that comes back with a cursor, connected.
    pub async fn resume(&self, channels: &[&str], last_event_id: &str) -> Listener {
        let mut listener = Listener::new(channels);
        listener.resume_from(last_event_id);
        listener.connect(self).await.unwrap();
        listener
    }

    /// A new listener in a place with a name such as `FRA`, connected.
    pub async fn subscribe_at(&self, place: &str, channels: &[&str]) -> Listener {
        let mut listener = Listener::new(channels);
        listener.move_to(place);
        listener.connect(self).await.unwrap();
        listener
    }

    /// Listeners by channel.
    pub async fn stats(&self) -> BTreeMap<String, u64> {
        let counts: Vec<(String, u64)> = self.get("/stats").send().await.unwrap().json().await.unwrap();
        counts.into_iter().collect()
    }
}

/// Starts `workerd` for a hub, and returns when it listens. Port 0 lets it choose.
async fn spawn(builder: &HubBuilder, disk: &Path, port: u16, log: &Arc<Mutex<String>>) -> (Child, u16) {
    let config = disk.join("config.capnp");
    fs::write(&config, write_config(builder, disk)).await.unwrap();
    serve(&config, &builder.environment, port, log).await
}

/// Starts `workerd` with a configuration whose socket is called `http`, and returns when it listens.
pub(crate) async fn serve(
    config: &Path,
    environment: &BTreeMap<&'static str, PathBuf>,
    port: u16,
    log: &Arc<Mutex<String>>,
) -> (Child, u16) {
    let mut process = Command::new(root().join("node_modules/.bin/workerd"))
        .args(["serve", "--control-fd=1", "--import-path=/"])
        .arg(format!("--socket-addr=http=127.0.0.1:{port}"))
        .arg(config)
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node_modules/.bin/workerd starts; `npm test` installs it");
    let (listens, listening) = oneshot::channel();
    collect(process.stdout.take().unwrap(), log.clone(), Some(listens));
    collect(process.stderr.take().unwrap(), log.clone(), None);
    let port = within(DEADLINE, "workerd to listen", listening).await;
    (process, port.unwrap_or_else(|_| panic!("workerd ended: {}", log.lock().unwrap())))
}

/// Gathers what the runtime prints, and tells when it says where it listens.
fn collect(
    output: impl AsyncRead + Unpin + Send + 'static,
    log: Arc<Mutex<String>>,
    listens: Option<oneshot::Sender<u16>>,
) {
    tokio::spawn(async move {
        let mut listens = listens;
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let event: Option<Value> = serde_json::from_str(&line).ok();
            if let Some(port) =
                event.filter(|event| event["event"] == "listen").and_then(|event| event["port"].as_u64())
                && let Some(listens) = listens.take()
            {
                let _ = listens.send(port.try_into().unwrap());
            }
            writeln!(log.lock().unwrap(), "{line}").unwrap();
        }
    });
}

/// The configuration that self-hosters use, with settings of its own in place of those from the environment.
fn write_config(builder: &HubBuilder, disk: &Path) -> String {
    let shipped = std::fs::read_to_string(root().join("examples/self-host/workerd.capnp")).unwrap();
    let mut config = String::new();
    for line in shipped.lines().filter(|line| !line.contains("fromEnvironment")) {
        writeln!(config, "{line}").unwrap();
    }
    let mut settings = "bindings = [\n".to_owned();
    for (name, value) in &builder.settings {
        writeln!(settings, "    (name = {name:?}, {value}),").unwrap();
    }
    let (media, objects) = (root().join("media"), disk.join("objects"));
    for (shipped, own) in [
        ("bindings = [\n", settings),
        ("\"../../worker/build/index.js\"", format!("{:?}", builder.worker.join("index.js"))),
        ("\"../../worker/build/index_bg.wasm\"", format!("{:?}", builder.worker.join("index_bg.wasm"))),
        ("path = \"data\"", format!("path = {objects:?}")),
        ("path = \"media\"", format!("path = {media:?}")),
        ("http = (", format!("http = (cfBlobHeader = {PLACE_HEADER:?}, ")),
    ] {
        assert_eq!(config.matches(shipped).count(), 1, "{shipped} in {config}");
        config = config.replace(shipped, &own);
    }
    if builder.outbound {
        config = config
            .replace("services = [\n", "services = [\n    (name = \"internet\", network = (allow = [\"private\"])),\n");
    }
    // The class of the objects and of the binding; their storage keeps its name.
    config.replace("= \"Relay\"", &format!("= {:?}", builder.relay))
}
