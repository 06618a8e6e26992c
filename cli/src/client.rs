//! The HTTP client of all commands.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, ClientBuilder};

const CONNECTING: Duration = Duration::from_secs(10);

/// A client for `http:` and `https:`.
pub(crate) fn client(adapt: impl FnOnce(ClientBuilder) -> ClientBuilder) -> anyhow::Result<Client> {
    // Fails where there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder =
        Client::builder().user_agent(concat!("cyclone/", env!("CARGO_PKG_VERSION"))).connect_timeout(CONNECTING);
    adapt(builder).build().context("no HTTP client")
}
