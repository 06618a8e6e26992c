//! The browser package as page authors get it from npm: packed, installed into a project of its own, type-checked,
//! bundled and run.

use std::path::{Path, PathBuf};

use harness::{Answer, Browser, Hub, ScriptedServer, root};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

const NAME: &str = "cyclone-edge-client";

/// A project in which the package is installed.
struct Project {
    folder: TempDir,
    /// The files of the package.
    files: Vec<String>,
}

impl Project {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let destination = format!("--pack-destination={}", path.display());
        let packed = output("npm", &["pack", "--json", &destination], &root().join("media/client")).await;
        let packed: Value = serde_json::from_str(&packed).unwrap();
        let files = packed[0]["files"].as_array().unwrap();
        let files = files.iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect();
        std::fs::write(path.join("package.json"), r#"{ "private": true, "type": "module" }"#).unwrap();
        let archive = format!("./{}", packed[0]["filename"].as_str().unwrap());
        output("npm", &["install", "--offline", "--no-audit", "--no-fund", &archive], path).await;
        Self { folder, files }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }
}

/// What a program prints that has to succeed.
async fn output(program: impl Into<PathBuf>, args: &[&str], folder: &Path) -> String {
    let output = Command::new(program.into()).args(args).current_dir(folder).kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn tool(name: &str) -> PathBuf {
    root().join("node_modules/.bin").join(name)
}

/// The blocks of one language in the package's README.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("client-wasm/npm/README.md")).unwrap();
    let blocks = readme.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_package_has_what_pages_load_its_types_and_its_texts() {
    let mut files = Project::new().await.files;
    files.sort_unstable();
    let expected = [
        "LICENSE",
        "README.md",
        "auto.d.ts",
        "auto.js",
        "cyclone_edge_client.d.ts",
        "cyclone_edge_client.js",
        "cyclone_edge_client_bg.wasm",
        "jquery.d.ts",
        "jquery.js",
        "jquery.sse.js",
        "package.json",
    ];
    assert_eq!(files, expected);
}

#[tokio::test]
async fn every_public_item_has_its_type() {
    let project = Project::new().await;
    project.write("package.ts", include_str!("../types/package.ts"));
    let options = "--noEmit --strict --target es2022 --module nodenext --lib es2022,dom,dom.iterable package.ts";
    output(tool("tsc"), &options.split(' ').collect::<Vec<_>>(), project.path()).await;
}

#[tokio::test]
async fn the_package_can_be_bundled_as_its_readme_says() {
    let project = Project::new().await;
    // What the README shows first loads the WebAssembly.
    let script = format!(
        "{}
         import {{ EventSource, connect }} from '{NAME}';
         import {{ install }} from '{NAME}/jquery';
         import '{NAME}/package.json';
         Object.assign(window, {{ EventSource, connect, install, isReady: true }});",
        blocks("js")[0]
    );
    project.write("page.js", &script);
    let options = "page.js --bundle --format=esm --target=es2022 --loader:.wasm=file --asset-names=[name] --outdir=out";
    output(tool("esbuild"), &options.split(' ').collect::<Vec<_>>(), project.path()).await;

    let (hub, pages, browser) = (Hub::start().await, ScriptedServer::start().await, Browser::start().await);
    let page = "<!doctype html><title>Bundle</title><link rel=icon href='data:,'>
        <p class=sse data-sse-channels=cats></p><script type=module src=page.js></script>";
    let file = |name: &str| std::fs::read(project.path().join("out").join(name)).unwrap();
    for (path, content_type, body) in [
        ("/bundled/", "text/html", page.as_bytes().to_vec()),
        ("/bundled/page.js", "text/javascript", file("page.js")),
        ("/bundled/cyclone_edge_client_bg.wasm", "application/wasm", file("cyclone_edge_client_bg.wasm")),
    ] {
        pages.script(path, [Answer::body(content_type).piece(body).end()]);
    }
    browser.open(&pages.url("/bundled/")).await;
    browser.eventually("the bundle to be ready", "window.isReady", |ready| *ready == true).await;
    browser
        .run_async(&format!(
            "window.heard = [];
             document.addEventListener('sse.message', ({{ detail }}) => heard.push(detail.data.text));
             const source = new EventSource('{0}?channels=cats');
             source.onmessage = ({{ data }}) => heard.push(data);
             connect({{ url: '{0}' }});
             await Promise.all([source, document].map((target, index) =>
               new Promise((resolve) => target.addEventListener(['open', 'sse.open'][index], resolve))));",
            hub.url("/sse/")
        ))
        .await;
    hub.publish(&["cats"], r#"{"text":"meow"}"#).await;
    let both = json!(["meow", r#"{"text":"meow"}"#]);
    browser.eventually("both to hear it", "heard.sort()", |heard| *heard == both).await;
}
