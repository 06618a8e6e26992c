//! How a listener that resumes joins those that are live, without a hole and without a double.
//!
//! A leg that is behind gets nothing live. History is replayed to it, page by page, until it stands where live delivery
//! does; in that same turn, in which nothing can be published, it becomes live. A page ends where live delivery stands,
//! since what comes after that will be delivered.

use cyclone_edge_protocol::{ChannelName, MessageId, Page, first_lag};
use worker::console_error;

use super::{audience::Audience, leg::LegId};
use crate::error::Error;

/// About how many bytes of history a leg is sent before its worker must ask for more.
pub(crate) const PAGE_BYTES: usize = 64 * 1024;

/// Where an audience's owner finds what its listeners missed.
pub(crate) trait History {
    /// Messages after a position, about [`PAGE_BYTES`] of them.
    async fn page(&self, channel: &ChannelName, after: MessageId) -> Result<Page, Error>;

    /// Brings live delivery up to the channel's head, where it can lag behind.
    async fn advance(&self, channel: &ChannelName) -> Result<(), Error>;
}

/// Replays history to a leg until it is live, or until its worker must ask for more.
pub(super) async fn catch_up(audience: &Audience, history: &impl History, leg: LegId) {
    if !audience.begin_catch_up(leg) {
        return;
    }
    if let Err(error) = replay_pages(audience, history, leg).await {
        console_error!("a listener could not be caught up: {error}");
        audience.cut(leg);
    }
    audience.end_catch_up(leg);
}

async fn replay_pages(audience: &Audience, history: &impl History, leg: LegId) -> Result<(), Error> {
    let mut sent = 0;
    while let Some((channels, cursor)) = audience.behind(leg) {
        let Some(lag) = first_lag(&channels, &cursor, |channel| audience.position(channel)) else {
            return audience.go_live(leg);
        };
        if sent >= PAGE_BYTES {
            return audience.pause(leg);
        }
        if lag.position > lag.live {
            // The listener has seen more than this object: another one served it before.
            history.advance(&lag.channel).await?;
        }
        let page = history.page(&lag.channel, lag.position).await?;
        sent += audience.replay(leg, lag.index, &lag.channel, &page, PAGE_BYTES)?;
        if audience.behind(leg).is_some_and(|(_, now)| now == cursor)
            && audience.position(&lag.channel) == Some(lag.live)
        {
            return Err(Error::internal("replaying makes no progress"));
        }
    }
    Ok(())
}
