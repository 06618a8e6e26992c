//! What an app does with the subscribers of a topic.

use futures::future::{FutureExt, LocalBoxFuture};

use super::Channel;

/// What an app does with the subscribers of a topic. It runs in the object of the session, one call at a time for each
/// connection; what has to survive an eviction of the object is in [`Channel::set_state`].
#[allow(async_fn_in_trait, reason = "the runtime has one thread")]
pub trait TopicService {
    /// A client has subscribed: `sub,topic`.
    async fn subscribed(&self, _channel: &Channel<'_>) {}

    /// A subscriber sent a message: `msg,topic,payload`.
    async fn message_received(&self, _channel: &Channel<'_>, _message: &str) {}

    /// A subscription is over, whoever ended it. Called once for each; nothing can be sent any more.
    async fn unsubscribed(&self, _channel: &Channel<'_>) {}

    /// Whether the service broadcasts to all its subscribers. Where none of the topics does, each connection saves a call at
    /// its beginning and at its end.
    fn broadcasts(&self) -> bool {
        true
    }
}

/// A service of a topic without its type, so that one connection can have several.
pub(super) trait AnyTopicService {
    fn begun<'a>(&'a self, channel: &'a Channel<'a>) -> LocalBoxFuture<'a, ()>;
    fn received<'a>(&'a self, channel: &'a Channel<'a>, message: &'a str) -> LocalBoxFuture<'a, ()>;
    fn ended<'a>(&'a self, channel: &'a Channel<'a>) -> LocalBoxFuture<'a, ()>;
    fn is_broadcasting(&self) -> bool;
}

impl<S: TopicService> AnyTopicService for S {
    fn begun<'a>(&'a self, channel: &'a Channel<'a>) -> LocalBoxFuture<'a, ()> {
        self.subscribed(channel).boxed_local()
    }

    fn received<'a>(&'a self, channel: &'a Channel<'a>, message: &'a str) -> LocalBoxFuture<'a, ()> {
        self.message_received(channel, message).boxed_local()
    }

    fn ended<'a>(&'a self, channel: &'a Channel<'a>) -> LocalBoxFuture<'a, ()> {
        self.unsubscribed(channel).boxed_local()
    }

    fn is_broadcasting(&self) -> bool {
        self.broadcasts()
    }
}
