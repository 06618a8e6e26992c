//! The one connection of a page, and everything to be undone when it closes.

use alloc::{borrow::ToOwned, rc::Rc, string::String, vec::Vec};
use core::cell::RefCell;

use cyclone_edge_protocol::{ChannelName, ChannelSet};
use js_sys::Error;
use wasm_bindgen::prelude::*;
use web_sys::Document;

use crate::{
    error::{error, thrown},
    options::{ConnectOptions, Options},
    page::Page,
    place::moved,
    stream::{CLOSED, CONNECTING, Server, Settings, Stream, has_parameter, read_settings, with_parameter},
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
#[wasm_bindgen(skip_typescript)]
pub fn connect(options: Option<ConnectOptions>) -> Result<JsValue, Error> {
    let connection = Connection::open(options)?;
    let inner = connection.0.clone();
    let handle = JsValue::from(connection);
    if !inner.label.is_empty() {
        take_label(&inner.label, &handle);
    }
    inner.pin.replace(handle.clone());
    Ok(handle)
}

/// The connection of a page to its hub.
#[wasm_bindgen(skip_typescript)]
#[must_use = "the connection closes when its handle is dropped"]
pub struct Connection(Rc<Inner>);

struct Inner {
    label: String,
    /// The absolute address of the hub.
    hub: String,
    settings: Settings,
    page: Page,
    /// `None` until an element wants anything, and once closed.
    stream: RefCell<Option<Rc<Stream>>>,
    watch: RefCell<Option<Watch>>,
    /// The JavaScript handle of a connection that is not over. A page that does not keep the handle must not lose its
    /// connection whenever the garbage collector comes by.
    pin: RefCell<JsValue>,
}

#[wasm_bindgen]
impl Connection {
    /// Closes the connection and removes every listener; the elements get no more events.
    pub fn close(&self) {
        self.0.close();
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
        let waiting = if self.0.page.is_closed() { CLOSED } else { CONNECTING };
        self.0.stream.borrow().as_ref().map_or(waiting, |stream| stream.ready_state())
    }

    /// The absolute address of the connection; empty where there is none.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn url(&self) -> String {
        let has_stream = self.0.stream.borrow().is_some();
        let channels = self.0.page.channels().filter(|_| has_stream);
        channels.map(|channels| subscribe_address(&self.0.hub, &channels)).unwrap_or_default()
    }

    /// How events come now: `native`, `fetch` or `longpoll`; empty where there is no connection.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn transport(&self) -> String {
        self.0.stream.borrow().as_ref().map(|stream| stream.transport()).unwrap_or_default().to_owned()
    }

    /// What the option `label` said.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn label(&self) -> String {
        self.0.label.clone()
    }
}

impl Connection {
    /// As [`connect`], for a caller in Rust: the connection closes when the handle is dropped.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn open(options: Option<ConnectOptions>) -> Result<Self, Error> {
        let given = options.into();
        let options = Options::read(&given)?;
        let document = DOCUMENT.with(Clone::clone).ok_or_else(|| error("there is no page here"))?;
        let hub = absolute(&options.url).map_err(thrown)?;
        // A channel that no element names would move the places of the others in the cursor.
        if has_parameter(&hub, CHANNELS_PARAMETER) {
            return Err(error("the option `url` must not name channels: elements do"));
        }
        let settings = read_settings(&given, &hub, true).map_err(thrown)?;
        let label = options.label.clone();
        let page = Page::find(document, options)?;
        let inner = Rc::new(Inner {
            label,
            hub,
            settings,
            page,
            stream: RefCell::default(),
            watch: RefCell::default(),
            pin: RefCell::default(),
        });
        let this = Rc::downgrade(&inner);
        let watch = Watch::new(&inner.page, move || {
            if let Some(inner) = this.upgrade() {
                inner.follow();
            }
        })?;
        inner.watch.replace(Some(watch));
        inner.connect(inner.page.channels().as_ref(), None);
        Ok(Self(inner))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn close(&self) {
        self.page.close();
        self.stream.take();
        self.watch.take();
        self.unpin();
    }

    fn unpin(&self) {
        let handle = self.pin.take();
        if !handle.is_undefined() {
            release_label(&self.label, &handle);
        }
    }

    /// Connects for these channels, from the place that the cursor names; for none it waits.
    fn connect(self: &Rc<Self>, channels: Option<&ChannelSet>, cursor: Option<String>) {
        // Not borrowed below: a stream that changes its transport says so at once, to handlers that may close it.
        let current = self.stream.borrow().clone();
        let address = channels.map(|channels| subscribe_address(&self.hub, channels));
        match (address, current) {
            (Some(address), Some(stream)) => stream.redirect(address, cursor.unwrap_or_default()),
            (Some(address), None) => {
                let this = Rc::downgrade(self);
                let stream = Stream::open(address, self.settings.clone(), Server::Hub, move |event| {
                    if let Some(inner) = this.upgrade() {
                        inner.page.hear(event);
                        inner.end_if_closed();
                    }
                });
                self.stream.replace(Some(Rc::new(stream)));
            }
            (None, _) => drop(self.stream.take()),
        }
        self.listen();
    }

    /// Refused for good: nothing will come, so whether the handle goes is now up to the page.
    fn end_if_closed(&self) {
        if self.stream.borrow().as_ref().is_some_and(|stream| stream.ready_state() == CLOSED) {
            self.unpin();
        }
    }

    /// Hears all types that elements want.
    fn listen(&self) {
        if let Some(stream) = self.stream.borrow().as_ref() {
            self.page.for_each_type(|event_type| stream.listen(event_type));
        }
    }

    /// Looks at the page again, and moves the connection if other channels are wanted.
    fn follow(self: &Rc<Self>) {
        let before = self.page.channels();
        self.page.find_again();
        let after = self.page.channels();
        if before == after {
            return self.listen();
        }
        let position = self.stream.borrow().as_ref().map(|stream| stream.last_event_id()).unwrap_or_default();
        let cursor = match (before, &after) {
            (Some(before), Some(after)) => Some(moved(&position, &before, after)),
            _ => None,
        };
        self.connect(after.as_ref(), cursor);
    }
}

#[wasm_bindgen]
extern "C" {
    /// `None` in a web worker. The way through `web_sys::window` brings a search for the global object along.
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Option<Document>;
}

#[wasm_bindgen(module = "/js/page.js")]
extern "C" {
    /// The absolute address of what a page wrote.
    #[wasm_bindgen(catch)]
    fn absolute(url: &str) -> Result<String, JsValue>;
    #[wasm_bindgen(js_name = takeLabel)]
    fn take_label(label: &str, handle: &JsValue);
    #[wasm_bindgen(js_name = releaseLabel)]
    fn release_label(label: &str, handle: &JsValue);
}

/// The address that subscribes to these channels, in their order.
fn subscribe_address(hub: &str, channels: &ChannelSet) -> String {
    channels.iter().map(ChannelName::as_str).fold(hub.to_owned(), |address, name| {
        with_parameter(&address, CHANNELS_PARAMETER, &String::from(js_sys::encode_uri_component(name)))
    })
}
