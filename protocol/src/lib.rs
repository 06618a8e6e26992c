//! The rules of Cyclone Edge: bytes, ids and `now` in, bytes and decisions out.
//!
//! No I/O, no clock, no wasm types: whoever calls brings the time and carries out the decision, so every rule is
//! tested natively. The worker, the browser package and the command line share these words and nothing else.
//!
//! - `channel_name`, `channel_set`: what a channel may be called, and which ones a listener wants
//! - `message_id`: how messages of one channel are ordered and named
//! - `cursor`: where a listener stands, as the SSE `id:` carries it
//! - `event`, `event_stream`: SSE framing, and the parser that reads it back
//! - `extent`: what is left of a channel's history, and what a returning listener gets of it
//! - `ago`: how long ago a listener asked first
//! - `number`: how a whole number is read
//! - `retention`: when history is trimmed
//! - `message`, `page`: a message, and a piece of a channel's history (feature `hub`)
//! - `delivery`: how a relay joins what channels send it without a hole or a double (feature `hub`)
//! - `replay`: what a listener is sent, with the cursor of who has it (feature `hub`)
//! - `recent`: the last messages delivered, for listeners that are about to be live (feature `hub`)
//! - `form`: URL-encoded names and values (feature `hub`)
//! - `publish`: the forms in which a message is published (feature `hub`)
//! - `history`: which piece of a history a reader asks for (feature `hub`)
//! - `idempotency_key`: what makes a publish safe to repeat (feature `hub`)
//! - `rate`: how often something may happen (feature `hub`)
//! - `channel_pattern`: which channels a key or a token is good for (feature `hub`)
//! - `token`, `claims`: a token, and what it says (feature `hub`)
//! - `public_key`: the keys of tokens, as they are written down (feature `hub`)
//! - `per_minute`: how often something happened lately (feature `hub`)
//! - `leg_choice`: by which kind of leg an audience reaches a new listener (feature `hub`)
//! - `bridge`: how channels look to a client of SockJS (feature `hub`)
//! - `texts`: one text or several, as JSON has them (feature `hub`)
//! - `sockjs`: frames, payloads and paths of SockJS (feature `hub`)

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod ago;
#[cfg(feature = "hub")]
mod bridge;
mod channel_name;
#[cfg(feature = "hub")]
mod channel_pattern;
mod channel_set;
#[cfg(feature = "hub")]
mod claims;
mod cursor;
#[cfg(feature = "hub")]
mod delivery;
mod event;
mod event_stream;
mod extent;
#[cfg(feature = "hub")]
mod form;
#[cfg(feature = "hub")]
mod history;
#[cfg(feature = "hub")]
mod idempotency_key;
#[cfg(feature = "hub")]
mod leg_choice;
#[cfg(feature = "hub")]
mod message;
mod message_id;
mod number;
#[cfg(feature = "hub")]
mod page;
#[cfg(feature = "hub")]
mod per_minute;
#[cfg(feature = "hub")]
mod public_key;
#[cfg(feature = "hub")]
mod publish;
#[cfg(feature = "hub")]
mod rate;
#[cfg(feature = "hub")]
mod recent;
#[cfg(feature = "hub")]
mod replay;
mod retention;
#[cfg(feature = "hub")]
pub mod sockjs;
#[cfg(feature = "hub")]
mod texts;
#[cfg(feature = "hub")]
mod token;

pub use ago::{Ago, InvalidAgo};
#[cfg(feature = "hub")]
pub use bridge::{Subscription, Wanted, told};
pub use channel_name::{ChannelName, InvalidChannelName};
#[cfg(feature = "hub")]
pub use channel_pattern::{ChannelPattern, ChannelPatterns, InvalidChannelPattern};
pub use channel_set::{ChannelSet, InvalidChannelSet};
#[cfg(feature = "hub")]
pub use claims::{Claims, Expected};
pub use cursor::{Cursor, InvalidCursor};
#[cfg(feature = "hub")]
pub use delivery::{News, accept};
pub use event::{EXPIRED, Event, EventName, InvalidEventName, KEEP_ALIVE, encode_greeting, encode_retry};
pub use event_stream::{EventStream, EventTooLarge, ReceivedEvent};
pub use extent::{Extent, Resume};
#[cfg(feature = "hub")]
pub use form::{NotUtf8, Pair, pairs};
#[cfg(feature = "hub")]
pub use history::{HistoryQuery, InvalidHistoryQuery};
#[cfg(feature = "hub")]
pub use idempotency_key::{IdempotencyKey, InvalidIdempotencyKey};
#[cfg(feature = "hub")]
pub use leg_choice::{LegChoice, LegKind};
#[cfg(feature = "hub")]
pub use message::Message;
pub use message_id::MessageId;
#[cfg(feature = "hub")]
pub use page::Page;
#[cfg(feature = "hub")]
pub use per_minute::PerMinute;
#[cfg(feature = "hub")]
pub use public_key::{InvalidPublicKey, KeyMaterial, PublicKey};
#[cfg(feature = "hub")]
pub use publish::{InvalidPublishForm, PublishForm};
#[cfg(feature = "hub")]
pub use rate::{Meter, Rate};
#[cfg(feature = "hub")]
pub use recent::Recent;
#[cfg(feature = "hub")]
pub use replay::{Lag, encode_gap, encode_messages, first_lag, replay};
pub use retention::Retention;
#[cfg(feature = "hub")]
pub use token::{Algorithm, InvalidToken, Token};
