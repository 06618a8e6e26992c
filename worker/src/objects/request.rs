//! Internal requests, as an object reads and answers them.

use serde::{Serialize, de::DeserializeOwned};
use worker::{Request, Response};

use crate::error::Error;

/// The paths of internal requests, the same for caller and object.
pub(crate) mod path {
    pub(crate) const LEG: &str = "/leg";
    pub(crate) const APPEND: &str = "/append";
    pub(crate) const FOLLOW: &str = "/follow";
    pub(crate) const UNFOLLOW: &str = "/unfollow";
    pub(crate) const BEGIN: &str = "/begin";
    pub(crate) const PAGE: &str = "/page";
    pub(crate) const HISTORY: &str = "/history";
    pub(crate) const DELIVER: &str = "/deliver";
    /// A session's object has paths of its own, of the crate `cyclone-edge-sockjs`.
    pub(crate) const DELIVER_TO_SESSION: &str = "/deliver-from-channel";
    pub(crate) const LISTENERS: &str = "/listeners";
    pub(crate) const REPORT: &str = "/report";
    pub(crate) const STATS: &str = "/stats";
}

/// Reads the body of an internal request.
pub(crate) async fn read_json<T: DeserializeOwned>(request: &mut Request) -> Result<T, Error> {
    let text = request.text().await?;
    serde_json::from_str(&text).map_err(Error::internal)
}

/// An object's answer to an internal request.
pub(crate) fn answer<T: Serialize>(result: Result<T, Error>) -> worker::Result<Response> {
    match result {
        Ok(value) => Response::from_json(&value),
        Err(error) => error.into_response(),
    }
}
