//! What a service learns of a connection.

use std::collections::BTreeMap;

use cyclone_edge_platform::query_of;
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
/// How many characters a header, and the path, have at most: what is longer is cut.
const MAX_VALUE_CHARS: usize = 4096;
/// The same of the query, in which a token of 8 KiB may be.
const MAX_QUERY_CHARS: usize = 10 * 1024;

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
    pub(crate) fn of(request: &Request) -> Self {
        let header = |name: &str| request.headers().get(name).ok().flatten().map(bounded);
        let headers = SAFE_HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), header(name)?))).collect();
        Self {
            address: address_of(request),
            path: bounded(request.path()),
            query: cut(query_of(&request.inner().url()).to_owned(), MAX_QUERY_CHARS),
            headers,
            cookies: header("Cookie").map(|cookies| parse_cookies(&cookies)).unwrap_or_default(),
        }
    }
}

/// The address that Cloudflare saw. Elsewhere only what is in front of the runtime can tell it.
pub(crate) fn address_of(request: &Request) -> String {
    request.headers().get("CF-Connecting-IP").ok().flatten().map(bounded).unwrap_or_default()
}

fn bounded(value: String) -> String {
    cut(value, MAX_VALUE_CHARS)
}

fn cut(value: String, max_chars: usize) -> String {
    if value.len() <= max_chars { value } else { value.chars().take(max_chars).collect() }
}

fn parse_cookies(header: &str) -> BTreeMap<String, String> {
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
