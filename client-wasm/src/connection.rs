//! The one connection of a page, and everything to be undone when it closes.

use std::{cell::RefCell, rc::Rc};

use cyclone_edge_protocol::{ChannelName, ChannelSet};
use js_sys::Error;
use wasm_bindgen::prelude::*;
use web_sys::{Document, EventSource, Url, console};

use crate::{
    error::{error, thrown},
    options::{ConnectOptions, Options},
    page::Page,
    place::moved,
    source::Source,
    watch::Watch,
};

/// How the query names a channel, once for each.
const CHANNELS_PARAMETER: &str = "channels";

/// Opens one connection for all marked elements of the page and tells them, in DOM events, what it brings. Elements that
/// are added, removed or marked otherwise later are followed.
///
/// The connection lasts until `close()`, whether or not the page keeps what is returned.
///
/// # Errors
/// When an option is wrong, an element names something that is no channel, or no element names any.
#[wasm_bindgen(unchecked_return_type = "Connection")]
pub fn connect(options: Option<ConnectOptions>) -> Result<JsValue, Error> {
    let connection = Connection::open(options)?;
    let inner = connection.0.clone();
    let handle = JsValue::from(connection);
    inner.pin.replace(handle.clone());
    Ok(handle)
}

/// The connection of a page to its hub.
#[wasm_bindgen]
#[must_use = "the connection closes when its handle is dropped"]
pub struct Connection(Rc<Inner>);

struct Inner {
    /// The absolute address of the hub.
    hub: String,
    with_credentials: bool,
    page: Page,
    /// `None` while no element wants anything, and once closed.
    source: RefCell<Option<Source>>,
    watch: RefCell<Option<Watch>>,
    /// The JavaScript handle of a connection that is not over. A page that does not keep the handle must not lose its
    /// connection whenever the garbage collector comes by.
    pin: RefCell<JsValue>,
}

#[wasm_bindgen]
impl Connection {
    /// Closes the connection and removes every listener; the elements get no more events.
    pub fn close(&self) {
        self.0.page.close();
        self.0.source.take();
        self.0.watch.take();
        self.0.pin.take();
    }

    /// The names of the channels, sorted as the hub sorts them.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        let channels = self.0.page.channels();
        channels.iter().flatten().map(|name| name.as_str().to_owned()).collect()
    }

    /// As of an `EventSource`: 0 while connecting, waiting to reconnect or waiting for an element to want anything, 1
    /// while open, 2 once closed for good.
    #[wasm_bindgen(getter, js_name = readyState)]
    #[must_use]
    pub fn ready_state(&self) -> u16 {
        let waiting = if self.0.page.is_closed() { EventSource::CLOSED } else { EventSource::CONNECTING };
        self.0.source.borrow().as_ref().map_or(waiting, Source::ready_state)
    }

    /// The absolute address of the connection; empty where there is none.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn url(&self) -> String {
        self.0.source.borrow().as_ref().map(Source::url).unwrap_or_default()
    }
}

impl Connection {
    /// As [`connect`], for a caller in Rust: the connection closes when the handle is dropped.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn open(options: Option<ConnectOptions>) -> Result<Self, Error> {
        let options = Options::read(&options.into())?;
        let document = DOCUMENT.with(Clone::clone).ok_or_else(|| error("there is no page here"))?;
        let hub = hub_url(&document, &options.url)?;
        let with_credentials = options.with_credentials;
        let page = Page::find(document, options)?;
        let inner = Rc::new(Inner {
            hub,
            with_credentials,
            page,
            source: RefCell::default(),
            watch: RefCell::default(),
            pin: RefCell::default(),
        });
        inner.connect(String::new())?;
        let this = Rc::downgrade(&inner);
        let watch = Watch::new(&inner.page, move || {
            if let Some(inner) = this.upgrade() {
                inner.follow();
            }
        })?;
        inner.watch.replace(Some(watch));
        Ok(Self(inner))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    /// Connects for what the elements want, from the place that the cursor names.
    fn connect(self: &Rc<Self>, cursor: String) -> Result<(), Error> {
        // The old one is gone before the new one comes: each message is heard by one of them.
        self.source.take();
        if let Some(channels) = self.page.channels() {
            let address = subscribe_address(&self.hub, &channels)?;
            self.source.replace(Some(Source::open(&address, cursor, self.with_credentials)?));
            self.listen();
        }
        Ok(())
    }

    /// Hears all types that elements want.
    fn listen(self: &Rc<Self>) {
        let source = self.source.borrow();
        let Some(source) = source.as_ref() else { return };
        self.page.for_each_type(|event_type| {
            let this = Rc::downgrade(self);
            source.listen(event_type, move |event| {
                let Some(inner) = this.upgrade() else { return };
                inner.page.hear(event);
                // Refused for good: nothing will come, so whether the handle goes is now up to the page.
                let is_closed = |source: &Source| source.ready_state() == EventSource::CLOSED;
                if inner.source.borrow().as_ref().is_some_and(is_closed) {
                    inner.pin.take();
                }
            });
        });
    }

    /// Looks at the page again, and moves the connection if other channels are wanted.
    fn follow(self: &Rc<Self>) {
        let before = self.page.channels();
        self.page.find_again();
        let after = self.page.channels();
        if before == after {
            return self.listen();
        }
        let position = self.source.borrow().as_ref().map(Source::last_event_id).unwrap_or_default();
        let cursor = match (before, after) {
            (Some(before), Some(after)) => moved(&position, &before, &after),
            _ => String::new(),
        };
        if let Err(error) = self.connect(cursor) {
            console::error_1(&error);
        }
    }
}

#[wasm_bindgen]
extern "C" {
    /// `None` in a web worker. The way through `web_sys::window` brings a search for the global object along.
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Option<Document>;
}

/// The absolute address of the hub.
fn hub_url(document: &Document, url: &str) -> Result<String, Error> {
    let base = document.base_uri().map_err(thrown)?.unwrap_or_default();
    let url = Url::new_with_base(url, &base).map_err(thrown)?;
    // A channel that no element names would move the places of the others in the cursor.
    if url.search_params().has(CHANNELS_PARAMETER) {
        return Err(error("the option `url` must not name channels: elements do"));
    }
    Ok(url.href())
}

/// The address that subscribes to these channels, in their order.
fn subscribe_address(hub: &str, channels: &ChannelSet) -> Result<Url, Error> {
    let url = Url::new(hub).map_err(thrown)?;
    let query = url.search_params();
    for name in channels.iter().map(ChannelName::as_str) {
        query.append(CHANNELS_PARAMETER, name);
    }
    Ok(url)
}
