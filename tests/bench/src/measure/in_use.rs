//! A channel that is in use when a crowd comes to it, as the channels of crowds are. The hub chooses legs by that: who comes
//! to a silent channel gets a socket, which lets the channel sleep.

use crate::{client::Client, crowd::Crowd, publisher::Publisher, service::Service};

/// More than what the hub takes for a channel in use, and few enough to be over in a moment.
const MESSAGES: u32 = 20;
const PER_SECOND: u32 = 100;

/// Has one listener listen to each of these sets, and publishes to the channel that they have in common. The listeners stay
/// for as long as what is returned.
pub(super) async fn bring_into_use(
    service: &Service,
    sets: &[&[&str]],
    channel: &'static str,
) -> anyhow::Result<Crowd> {
    let (publisher, mut listeners) = (Publisher::new(Client::new(), service), Crowd::default());
    for set in sets {
        listeners.join_channels(service, set, 1).await?;
    }
    publisher.publish_at(PER_SECOND, MESSAGES, channel).await?;
    listeners.has_heard(sets.len() as u64 * u64::from(MESSAGES)).await?;
    Ok(listeners)
}
