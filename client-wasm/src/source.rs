//! The browser's own `EventSource` at one address, and the place in what happens there.

use std::{cell::RefCell, rc::Rc};

use cyclone_edge_protocol::EventName;
use gloo_events::EventListener;
use js_sys::Error;
use wasm_bindgen::prelude::*;
use web_sys::{Event, EventSource, EventSourceInit, MessageEvent, Url};

use crate::error::thrown;

/// A source; it closes when it is dropped.
pub(crate) struct Source {
    source: EventSource,
    listeners: RefCell<Vec<(String, EventListener)>>,
    last_event_id: Rc<RefCell<String>>,
}

impl Source {
    /// Connects to an absolute address, from the place that `last_event_id` names; empty means from now on.
    ///
    /// # Errors
    /// When the browser does not take the address.
    pub(crate) fn open(address: &Url, last_event_id: String, with_credentials: bool) -> Result<Self, Error> {
        let query = address.search_params();
        // The browser tells of an id only with an event.
        query.set("greeting", "event");
        if !last_event_id.is_empty() {
            query.set("lastEventId", &last_event_id);
        }
        let init = EventSourceInit::new();
        init.set_with_credentials(with_credentials);
        let source = EventSource::new_with_event_source_init_dict(&address.href(), &init).map_err(thrown)?;
        let last_event_id = Rc::new(RefCell::new(last_event_id));
        let source = Self { source, listeners: RefCell::default(), last_event_id };
        source.listen(EventName::HELLO, |_| {});
        Ok(source)
    }

    /// Hears events of this type, unless it does already.
    pub(crate) fn listen(&self, event_type: &str, hear: impl Fn(&Event) + 'static) {
        let mut listeners = self.listeners.borrow_mut();
        if listeners.iter().any(|(heard, _)| heard == event_type) {
            return;
        }
        let last_event_id = self.last_event_id.clone();
        let listener = EventListener::new(&self.source, event_type.to_owned(), move |event| {
            // `open` and `error` of the connection have no id.
            if let Some(message) = event.dyn_ref::<MessageEvent>() {
                last_event_id.replace(message.last_event_id());
            }
            hear(event);
        });
        listeners.push((event_type.to_owned(), listener));
    }

    /// The id of the last event: where the listener stands.
    pub(crate) fn last_event_id(&self) -> String {
        self.last_event_id.borrow().clone()
    }

    pub(crate) fn ready_state(&self) -> u16 {
        self.source.ready_state()
    }

    pub(crate) fn url(&self) -> String {
        self.source.url()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.close();
    }
}
