//! The keys that an issuer publishes at an address (RFC 7517), fetched when a token needs them and kept in the isolate.
//!
//! What is shared between requests is plain data and keys, never a fetch that is under way: the runtime lets a request wait
//! for nothing of another. So requests that come while there are no keys at all each fetch them.

use std::{cell::RefCell, pin::pin, rc::Rc, time::Duration};

use cyclone_edge_platform::read_answer;
use cyclone_edge_protocol::PublicKey;
use futures::future::{Either, select};
use worker::{
    AbortController, AbortSignal, Delay, Fetch, Headers, Request, RequestInit, RequestRedirect, Url, console_error,
};

use super::verifier::Verifier;
use crate::{clock::now_ms, error::Error};

/// How long keys are taken to be what the issuer publishes.
const FRESH_MS: u64 = 10 * 60 * 1_000;
/// Not more often than this are keys fetched again, however many tokens name keys that nobody knows. The first of them
/// need not wait.
const BETWEEN_FETCHES_MS: u64 = 30_000;
/// How long it is not tried again after the first fetch of all has failed.
const AFTER_FAILURE_MS: u64 = 5_000;
const DEADLINE: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 * 1024;
/// How many fetches may be under way while there are no keys: each holds memory, and anybody can ask for one.
const MAX_FETCHES: usize = 32;

thread_local! {
    static KEPT: RefCell<Kept<Rc<[Verifier]>>> = const { RefCell::new(Kept::Nothing { failed_ms: None, begun_ms: Vec::new() }) };
}

/// What is known of the published keys. Times are those of this isolate's clock.
#[derive(Debug)]
enum Kept<K> {
    /// Fetches that have begun may be under way for as long as their deadline: a request whose client has gone says no more.
    Nothing {
        failed_ms: Option<u64>,
        begun_ms: Vec<u64>,
    },
    Keys {
        keys: K,
        fetched_ms: u64,
        tried_again_ms: Option<u64>,
    },
}

impl<K> Kept<K> {
    /// Whether to fetch now; `knows` says whether keys hold the one that is wanted.
    fn is_due(&self, now_ms: u64, knows: impl Fn(&K) -> bool) -> bool {
        match self {
            // A clock that is set back must not keep what is kept for ever: what counts is the distance.
            Self::Nothing { failed_ms, begun_ms } => {
                let is_under_way = |begun: &&u64| now_ms.abs_diff(**begun) <= DEADLINE.as_millis() as u64;
                failed_ms.is_none_or(|failed| now_ms.abs_diff(failed) >= AFTER_FAILURE_MS)
                    && begun_ms.iter().filter(is_under_way).count() < MAX_FETCHES
            }
            Self::Keys { keys, fetched_ms, tried_again_ms } => {
                let is_wanted = now_ms.abs_diff(*fetched_ms) >= FRESH_MS || !knows(keys);
                is_wanted && tried_again_ms.is_none_or(|tried| now_ms.abs_diff(tried) >= BETWEEN_FETCHES_MS)
            }
        }
    }

    /// What is there, however old.
    fn keys(&self) -> Option<&K> {
        match self {
            Self::Nothing { .. } => None,
            Self::Keys { keys, .. } => Some(keys),
        }
    }

    /// Notes a fetch that begins, so that not everybody begins one.
    fn begin(&mut self, now_ms: u64) {
        match self {
            Self::Nothing { begun_ms, .. } => {
                begun_ms.push(now_ms);
                begun_ms.drain(..begun_ms.len().saturating_sub(MAX_FETCHES));
            }
            Self::Keys { tried_again_ms, .. } => *tried_again_ms = Some(now_ms),
        }
    }

    fn fail(&mut self, now_ms: u64) {
        if let Self::Nothing { failed_ms, .. } = self {
            *failed_ms = Some(now_ms);
        }
    }

    fn succeed(&mut self, keys: K, now_ms: u64) {
        let tried_again_ms = match self {
            Self::Nothing { .. } => None,
            Self::Keys { tried_again_ms, .. } => *tried_again_ms,
        };
        *self = Self::Keys { keys, fetched_ms: now_ms, tried_again_ms };
    }
}

/// The keys that are published at an address, among them the one that a token names, if there is such a key. Keys that
/// cannot be fetched again stay in use.
///
/// # Errors
/// 503 when there never were any.
pub(super) async fn published(url: &Url, id: Option<&str>) -> Result<Rc<[Verifier]>, Error> {
    let knows = |keys: &Rc<[Verifier]>| keys.iter().any(|key| key.may_be(id));
    if KEPT.with_borrow(|kept| kept.is_due(now_ms(), knows)) {
        KEPT.with_borrow_mut(|kept| kept.begin(now_ms()));
        match fetch(url).await {
            Ok(keys) => KEPT.with_borrow_mut(|kept| kept.succeed(keys, now_ms())),
            Err(error) => {
                console_error!("the keys of JWKS_URL were not fetched: {error}");
                KEPT.with_borrow_mut(|kept| kept.fail(now_ms()));
            }
        }
    }
    let keys = KEPT.with_borrow(|kept| kept.keys().cloned());
    keys.ok_or_else(|| Error::unavailable("there are no keys of JWKS_URL yet"))
}

async fn fetch(url: &Url) -> Result<Rc<[Verifier]>, Error> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let answer = match select(pin!(download(url, &signal)), Delay::from(DEADLINE)).await {
        Either::Left((answer, _)) => answer?,
        Either::Right(_) => {
            abort.abort();
            return Err(Error::unavailable("no answer in time"));
        }
    };
    let published = PublicKey::parse_set(&answer).map_err(Error::unavailable)?;
    let mut keys = Vec::new();
    for key in &published {
        keys.extend(Verifier::of_public_key(key).await);
    }
    Ok(keys.into())
}

async fn download(url: &Url, signal: &AbortSignal) -> Result<Vec<u8>, Error> {
    let headers = Headers::new();
    headers.set("Accept", "application/jwk-set+json, application/json")?;
    let mut init = RequestInit::new();
    // Whoever publishes the keys is named by the setting, and by nobody else.
    init.with_headers(headers).with_redirect(RequestRedirect::Manual);
    let request = Request::new_with_init(url.as_str(), &init)?;
    let response = Fetch::Request(request).send_with_signal(signal).await?;
    match response.status_code() {
        200 => read_answer(&response, MAX_BYTES).await.map_err(Error::unavailable),
        status => Err(Error::unavailable(format!("the answer was {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000;

    fn is_due<K>(kept: &Kept<K>, after_ms: u64, knows: bool) -> bool {
        kept.is_due(NOW + after_ms, |_| knows)
    }

    #[test]
    fn keys_are_fetched_when_there_are_none_but_not_at_once_after_a_failure() {
        let mut kept = Kept::<()>::Nothing { failed_ms: None, begun_ms: Vec::new() };
        assert!(is_due(&kept, 0, false));
        kept.begin(NOW);
        assert!(is_due(&kept, 0, false), "others cannot wait for who has begun");
        kept.fail(NOW);
        assert!(!is_due(&kept, 4_999, false));
        assert!(is_due(&kept, 5_000, false));
    }

    #[test]
    fn a_crowd_that_comes_before_the_keys_does_not_fetch_without_end() {
        let mut kept = Kept::<()>::Nothing { failed_ms: None, begun_ms: Vec::new() };
        for _ in 0..MAX_FETCHES {
            assert!(is_due(&kept, 0, false));
            kept.begin(NOW);
        }
        assert!(!is_due(&kept, 5_000, false));
        assert!(is_due(&kept, 5_001, false), "none takes longer");
    }

    #[test]
    fn keys_are_kept_for_ten_minutes_and_an_unknown_one_is_looked_for_every_thirty_seconds() {
        let mut kept = Kept::Nothing { failed_ms: Some(NOW), begun_ms: Vec::new() };
        kept.succeed((), NOW);
        assert!(!is_due(&kept, 599_999, true));
        assert!(is_due(&kept, 600_000, true));
        assert!(is_due(&kept, 1, false), "the first need not wait");
        kept.begin(NOW + 1);
        assert!(!is_due(&kept, 2, false), "one looks for all");
        kept.succeed((), NOW + 3);
        assert!(!is_due(&kept, 30_000, false));
        assert!(is_due(&kept, 30_001, false));
    }

    #[test]
    fn old_keys_stay_when_no_new_ones_come() {
        let mut kept = Kept::Nothing { failed_ms: None, begun_ms: Vec::new() };
        kept.succeed("old", NOW);
        kept.begin(NOW + 600_000);
        kept.fail(NOW + 605_000);
        assert_eq!(kept.keys(), Some(&"old"));
        assert!(!is_due(&kept, 629_999, true));
        assert!(is_due(&kept, 630_000, true));
    }
}
