//! How often a publisher may publish.
//!
//! `KEY_PUBLISHES_PER_SECOND` is counted in the worker that answers: exact on one machine, where there is one; at
//! Cloudflare each isolate counts for itself. There the platform's rate limiting binding counts for a whole location,
//! where wrangler.toml names one `PUBLISH_LIMITER`.

use std::{cell::RefCell, collections::BTreeMap};

use cyclone_edge_protocol::{Meter, Rate};
use worker::{Env, RateLimiter, console_error};

use crate::{
    clock::now_ms,
    config::{Config, InvalidSetting},
    error::Error,
    rights::Publisher,
};

/// The binding of the platform's rate limiter. It may be missing.
const LIMITER: &str = "PUBLISH_LIMITER";
/// What those wait that the platform's limiter refuses: it counts in periods of 10 or 60 seconds and does not say more.
const LIMITER_WAIT_MS: u64 = 10_000;
/// The most publishers that are counted at the same time; beyond that those that published lately are forgotten.
const MAX_PUBLISHERS: usize = 10_000;

thread_local! {
    static METERS: RefCell<BTreeMap<String, Meter>> = const { RefCell::new(BTreeMap::new()) };
}

/// Counts one publish of a publisher.
///
/// # Errors
/// 429 when there are too many.
pub(super) async fn count(publisher: &Publisher, env: &Env, config: &Config) -> Result<(), Error> {
    let publisher = publisher.to_string();
    if let Some(rate) = config.key_publish_rate {
        METERS.with_borrow_mut(|meters| pass(meters, &publisher, rate, now_ms())).map_err(Error::too_many_publishes)?;
    }
    let Some(limiter) = limiter(env)? else { return Ok(()) };
    match limiter.limit(publisher).await {
        Ok(outcome) if !outcome.success => Err(Error::too_many_publishes(LIMITER_WAIT_MS)),
        Ok(_) => Ok(()),
        Err(error) => {
            // A limiter that fails must not keep anybody from publishing.
            console_error!("the rate limiter failed: {error}");
            Ok(())
        }
    }
}

/// The platform's limiter, where there is one.
///
/// # Errors
/// 500 where something else has its name.
fn limiter(env: &Env) -> Result<Option<RateLimiter>, Error> {
    let is_there = js_sys::Reflect::get(env, &LIMITER.into()).is_ok_and(|binding| !binding.is_undefined());
    if !is_there {
        return Ok(None);
    }
    env.rate_limiter(LIMITER).map(Some).map_err(|_| InvalidSetting::new(LIMITER, "a rate limiting binding").into())
}

fn pass(meters: &mut BTreeMap<String, Meter>, publisher: &str, rate: Rate, now_ms: u64) -> Result<(), u64> {
    if meters.len() >= MAX_PUBLISHERS && !meters.contains_key(publisher) {
        meters.retain(|_, meter| !meter.is_idle(now_ms));
        if meters.len() >= MAX_PUBLISHERS {
            meters.clear();
        }
    }
    meters.entry(publisher.to_owned()).or_default().pass(rate, now_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_publisher_is_counted_for_itself() {
        let (mut meters, rate) = (BTreeMap::new(), Rate::per_second(1));
        assert_eq!(pass(&mut meters, "a", rate, 1_000), Ok(()));
        assert_eq!(pass(&mut meters, "a", rate, 1_000), Err(1_000));
        assert_eq!(pass(&mut meters, "b", rate, 1_000), Ok(()));
        assert_eq!(pass(&mut meters, "a", rate, 2_000), Ok(()));
    }

    #[test]
    fn publishers_without_number_are_not_remembered_without_end() {
        let (mut meters, rate) = (BTreeMap::new(), Rate::per_second(1));
        for number in 0..3 * MAX_PUBLISHERS {
            assert_eq!(pass(&mut meters, &number.to_string(), rate, 1_000), Ok(()));
            assert!(meters.len() <= MAX_PUBLISHERS);
        }
    }
}
