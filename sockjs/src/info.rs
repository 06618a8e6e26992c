//! What a service learns of a connection.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use worker::Request;

/// The headers that a service sees: those that are safe to, as the reference server has it.
const SAFE_HEADERS: [&str; 10] = [
    "referer",
    "x-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-cluster-client-ip",
    "via",
    "x-real-ip",
    "x-forwarded-proto",
    "user-agent",
];
/// What is longer is cut.
const MAX_VALUE_CHARS: usize = 4096;

/// The request with which a connection began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionInfo {
    /// The client's address; empty where the runtime does not tell.
    pub address: String,
    /// The path, as it was in the address.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// A few headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The cookies, as they were sent.
    pub cookies: BTreeMap<String, String>,
}

impl ConnectionInfo {
    pub(crate) fn of(request: &Request) -> worker::Result<Self> {
        let url = request.url()?;
        let header = |name: &str| request.headers().get(name).ok().flatten().map(bounded);
        let headers = SAFE_HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), header(name)?))).collect();
        Ok(Self {
            address: address_of(request),
            path: bounded(url.path().to_owned()),
            query: bounded(url.query().unwrap_or_default().to_owned()),
            headers,
            cookies: header("Cookie").map(|cookies| parse_cookies(&cookies)).unwrap_or_default(),
        })
    }
}

/// The address that Cloudflare saw. Elsewhere only what is in front of the runtime can tell it.
pub(crate) fn address_of(request: &Request) -> String {
    request.headers().get("CF-Connecting-IP").ok().flatten().map(bounded).unwrap_or_default()
}

fn bounded(value: String) -> String {
    if value.len() <= MAX_VALUE_CHARS { value } else { value.chars().take(MAX_VALUE_CHARS).collect() }
}

fn parse_cookies(header: &str) -> BTreeMap<String, String> {
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
