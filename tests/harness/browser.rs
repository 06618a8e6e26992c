//! A headless browser with one page, driven by WebDriver.

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::{
    driver::{Driver, Engine},
    eventually,
};

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    _driver: Driver,
}

impl Browser {
    /// Starts Chromium.
    pub async fn start() -> Self {
        Self::start_in(Engine::Chromium).await
    }

    /// Starts a browser with an empty profile.
    pub async fn start_in(engine: Engine) -> Self {
        let driver = Driver::start(engine).await;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(engine.capabilities()).connect(&driver.url()).await.unwrap();
        Self { client, _driver: driver }
    }

    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Gives the page this width, in CSS pixels, scroll bar included.
    pub async fn set_width(&self, width: u32) {
        self.client.set_window_size(width, 800).await.unwrap();
        self.eventually("the window to get its size", "innerWidth", |inner| *inner == width).await;
    }

    /// Clicks on an element.
    pub async fn click(&self, selector: &str) {
        self.client.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
    }

    /// Types a text into a field, in place of what is there.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.client.find(Locator::Css(selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Runs the body of a function in the page, and returns what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// Runs the body of an async function in the page, and returns what it returns.
    pub async fn run_async(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {script} }})().then(done, (error) => done('failed: ' + error));"
        );
        self.client.execute_async(&script, vec![]).await.unwrap()
    }

    /// Runs statements as a script of the page's own: Firefox runs what its driver is told in a sandbox.
    pub async fn add_script(&self, script: &str) {
        self.add_script_of_type("", &format!("{{ {script} }}")).await;
    }

    /// Has the page load a module, which may run later.
    pub async fn add_module(&self, script: &str) {
        self.add_script_of_type("module", script).await;
    }

    async fn add_script_of_type(&self, script_type: &str, script: &str) {
        let members = json!({ "type": script_type, "textContent": script });
        self.run(&format!("document.head.append(Object.assign(document.createElement('script'), {members}))")).await;
    }

    /// Runs an expression in the page until its value satisfies.
    pub async fn eventually(&self, what: &str, expression: &str, satisfies: impl Fn(&Value) -> bool) -> Value {
        let script = format!("return {expression}");
        eventually(what, async || self.run(&script).await, satisfies).await
    }
}
