//! The one connection of a page, and everything to be undone when it closes.

use std::{cell::RefCell, rc::Rc};

use cyclone_edge_protocol::{ChannelName, ChannelSet};
use gloo_events::EventListener;
use js_sys::Error;
use wasm_bindgen::prelude::*;
use web_sys::{Document, EventSource, EventSourceInit, Url};

use crate::{
    error::{error, thrown},
    options::{ConnectOptions, Options},
    page::Page,
};

/// How the query names a channel, once for each.
const CHANNELS_PARAMETER: &str = "channels";

/// Opens one connection for all marked elements of the page and tells them, in DOM events, what it brings.
///
/// The connection lasts until `close()`, whether or not the page keeps what is returned.
///
/// # Errors
/// When an option is wrong, an element names something that is no channel, or no element names any.
#[wasm_bindgen(unchecked_return_type = "Connection")]
pub fn connect(options: Option<ConnectOptions>) -> Result<JsValue, Error> {
    let connection = Connection::open(options)?;
    let pin = connection.pin.clone();
    let handle = JsValue::from(connection);
    pin.replace(handle.clone());
    Ok(handle)
}

/// The connection of a page to its hub.
#[wasm_bindgen]
#[must_use = "the connection closes when its handle is dropped"]
pub struct Connection {
    source: EventSource,
    page: Rc<Page>,
    listeners: RefCell<Vec<EventListener>>,
    pin: Pin,
}

/// Holds the JavaScript handle of a connection that is not over.
///
/// A page that does not keep the handle must not lose its connection whenever the garbage collector comes by.
type Pin = Rc<RefCell<JsValue>>;

#[wasm_bindgen]
impl Connection {
    /// Closes the connection and removes every listener; the elements get no more events.
    pub fn close(&self) {
        self.page.close();
        self.source.close();
        self.listeners.take();
        self.pin.take();
    }

    /// The names of the channels, sorted as the hub sorts them.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        self.page.channels().iter().map(|name| name.as_str().to_owned()).collect()
    }

    /// As of an `EventSource`: 0 while connecting or waiting to reconnect, 1 while open, 2 once closed for good.
    #[wasm_bindgen(getter, js_name = readyState)]
    #[must_use]
    pub fn ready_state(&self) -> u16 {
        self.source.ready_state()
    }

    /// The absolute address that the connection was opened with.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn url(&self) -> String {
        self.source.url()
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
        let page = Rc::new(Page::find(&document, &options)?);
        let url = subscribe_url(&document, &options.url, page.channels())?;
        let init = EventSourceInit::new();
        init.set_with_credentials(options.with_credentials);
        let source = EventSource::new_with_event_source_init_dict(&url, &init).map_err(thrown)?;
        let pin = Pin::default();
        let listeners =
            page.types(&options.events).into_iter().map(|name| listen(&source, name, &page, &pin)).collect();
        Ok(Self { source, page, listeners: RefCell::new(listeners), pin })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

fn listen(source: &EventSource, event_type: &str, page: &Rc<Page>, pin: &Pin) -> EventListener {
    let (page, pin, source_of) = (page.clone(), pin.clone(), source.clone());
    EventListener::new(source, event_type.to_owned(), move |event| {
        page.hear(event);
        // Refused for good: nothing will come, so whether the handle goes is now up to the page.
        if source_of.ready_state() == EventSource::CLOSED {
            pin.take();
        }
    })
}

#[wasm_bindgen]
extern "C" {
    /// `None` in a web worker. The way through `web_sys::window` brings a search for the global object along.
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Option<Document>;
}

/// The address that subscribes to these channels, in their order.
fn subscribe_url(document: &Document, url: &str, channels: &ChannelSet) -> Result<String, Error> {
    let base = document.base_uri().map_err(thrown)?.unwrap_or_default();
    let url = Url::new_with_base(url, &base).map_err(thrown)?;
    let query = url.search_params();
    // A channel that no element names would move the places of the others in the cursor.
    if query.has(CHANNELS_PARAMETER) {
        return Err(error("the option `url` must not name channels: elements do"));
    }
    for name in channels.iter().map(ChannelName::as_str) {
        query.append(CHANNELS_PARAMETER, name);
    }
    Ok(url.href())
}
