//! The settings of a service, by the names that SockJS-cyclone gave them.

use std::time::Duration;

use crate::Transport;

/// The settings of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many bytes a streaming response has before it ends, so that the browser can forget them: 128 KiB.
    pub response_limit: usize,
    /// How often a heartbeat is sent, whatever else is: 25 s. A poll ends with its first.
    pub heartbeat_delay: Duration,
    /// How long a session waits for its client to ask again before it is over: 5 s.
    pub disconnect_delay: Duration,
    /// Transports that are not offered: none.
    pub disabled_transports: Vec<Transport>,
    /// The cookie for load balancers that need one.
    pub jsessionid: Jsessionid,
    /// Where the page of the transports with an iframe has its client from.
    pub sockjs_url: String,
    /// Whether all requests of a session have to come from the address of its first: yes.
    pub verify_ip: bool,
}

/// Whether the cookie `JSESSIONID` is set: load balancers may keep a client with a server by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jsessionid {
    /// It is not.
    Off,
    /// It is, with the value that the client sent, or `dummy`.
    #[default]
    On,
    /// It is, with this value where the client sent none.
    Value(&'static str),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            response_limit: 128 * 1024,
            heartbeat_delay: Duration::from_secs(25),
            disconnect_delay: Duration::from_secs(5),
            disabled_transports: Vec::new(),
            jsessionid: Jsessionid::default(),
            sockjs_url: "https://cdn.jsdelivr.net/npm/sockjs-client@1/dist/sockjs.min.js".to_owned(),
            verify_ip: true,
        }
    }
}
