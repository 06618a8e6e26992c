//! The browser package of Cyclone Edge.
//!
//! A page has two ways in: an `EventSource` for one address, and [`connect`], which opens one connection for all elements
//! that are marked with channels and dispatches what arrives as DOM events on the elements concerned. Both sit on one
//! `stream`, which lasts: whatever carries it, whatever interrupts it.
//!
//! - `stream`: connects, reads, reconnects from where it stands, and changes the transport where one does not work
//! - `event_source`: what the class `EventSource` is made of
//! - `connection`: the one connection of a page, and everything to be undone when it closes
//! - `options`: what a page may say to [`connect`]
//! - `page`: the marked elements, and the DOM events they get
//! - `watch`: notices when the marks of a page change
//! - `mark`: what one marked element wants to hear
//! - `message`: how a payload is read
//! - `origin`: which channel an event is from
//! - `place`: where a listener stands when it goes on with other channels
//! - `error`: the one place that turns whatever can be thrown into an `Error`
//!
//! In `js` is what only JavaScript can be: the class itself, which extends `EventTarget`; the promises and callbacks of
//! `fetch` (`line.js`); the jQuery plugin. Rust imports three of its files and no more: the server of `wasm-bindgen-test`
//! hangs when a page asks for five modules at once.
//!
//! `mark`, `origin`, `place` and the rules in `stream` know nothing of the browser and are tested natively; the rest is
//! tested in browsers.

#![cfg_attr(feature = "standalone", no_std)]

extern crate alloc;

mod connection;
mod error;
mod event_source;
mod mark;
mod message;
mod options;
mod origin;
mod page;
mod place;
mod stream;
mod watch;

pub use connection::{Connection, connect};
pub use event_source::Source;
pub use options::ConnectOptions;

/// A page loads 2.5 KB less with this allocator than with the standard library's.
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Nothing here panics on any input. If it does all the same, the page gets a `RuntimeError`, and no text to load for it.
#[cfg(feature = "standalone")]
#[panic_handler]
fn end(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
