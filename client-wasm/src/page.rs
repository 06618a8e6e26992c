//! The marked elements of the page, and the DOM events they get.
//!
//! Events of the connection (`open`, `error`, `gap`) and of messages share one prefix. So that no publisher can forge
//! the former, a message of such a type is dispatched as `message` only, with its type in the detail.

use std::cell::Cell;

use cyclone_edge_protocol::{ChannelName, ChannelSet, EventName};
use js_sys::{Array, Error, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, Document, Element, Event, MessageEvent, console};

use crate::{
    error::{error, thrown},
    mark::Mark,
    message::{MESSAGE, Message, parse_json},
    options::Options,
    origin::origin,
};

const OPEN: &str = "open";
const ERROR: &str = "error";
const GAP: &str = "gap";

/// The elements that one connection serves.
pub(crate) struct Page {
    /// At least one.
    elements: Vec<(Element, Mark)>,
    /// What all of them want together.
    channels: ChannelSet,
    prefix: String,
    json: bool,
    debug: bool,
    /// A handler may close the connection while elements after its own are still to be told.
    closed: Cell<bool>,
}

impl Page {
    /// Looks for the marked elements of a document.
    ///
    /// # Errors
    /// When there is none, or one of them is marked with something that is no channel name.
    pub(crate) fn find(document: &Document, options: &Options) -> Result<Self, Error> {
        let found = document.query_selector_all(&options.selector).map_err(thrown)?;
        let mut elements = Vec::new();
        for index in 0..found.length() {
            // A selector finds nothing but elements.
            let Some(element) = found.get(index).map(JsCast::unchecked_into) else { continue };
            if let Some(mark) = read_mark(&element)? {
                elements.push((element, mark));
            }
        }
        if elements.is_empty() {
            return Err(error(
                ["found no element that matches `", &options.selector, "` and names channels in ", Mark::CHANNELS]
                    .concat(),
            ));
        }
        let names = elements.iter().flat_map(|(_, mark)| mark.channels()).cloned();
        Ok(Self {
            channels: ChannelSet::new(names).map_err(error)?,
            elements,
            prefix: options.event_prefix.clone(),
            json: options.json,
            debug: options.debug,
            closed: Cell::new(false),
        })
    }

    pub(crate) fn channels(&self) -> &ChannelSet {
        &self.channels
    }

    /// The types that must be listened to by name, because some element names them or `more` does; each once.
    pub(crate) fn types<'a>(&'a self, more: &'a [String]) -> Vec<&'a str> {
        let mut types = vec![OPEN, ERROR, MESSAGE, EventName::GAP];
        let named = self.elements.iter().flat_map(|(_, mark)| mark.types());
        for name in named.chain(more) {
            // A linear search: the sorted collections weigh more than all of this file, and a page names a handful.
            if !types.contains(&name.as_str()) {
                types.push(name);
            }
        }
        types
    }

    /// From now on no element is told anything.
    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    /// Passes on what the connection dispatched, of whatever type.
    ///
    /// An event type may be called `open` or `error` too; what tells it from the connection's own is that it has data.
    pub(crate) fn hear(&self, event: &Event) {
        let event: &MessageEvent = event.unchecked_ref();
        if event.data().is_undefined() {
            self.signal(event);
        } else if event.type_() == EventName::GAP {
            self.gap(event);
        } else {
            self.deliver(event);
        }
    }

    /// The connection opened, broke or ended: that concerns every element.
    fn signal(&self, event: &MessageEvent) {
        let event_type = event.type_();
        let detail = detail(event, &event_type, &JsValue::NULL, &JsValue::NULL, None);
        self.dispatch(&event_type, &detail, |_| true);
    }

    /// Messages are missing: that concerns elements with one of the channels, whatever types they name.
    fn gap(&self, event: &MessageEvent) {
        let data = parse_json(&event.data()).unwrap_or_default();
        let names = Reflect::get(&data, &"channels".into()).ok().and_then(|names| names.dyn_into::<Array>().ok());
        let names: Option<Vec<String>> = names.map(|names| names.iter().filter_map(|name| name.as_string()).collect());
        let detail = detail(event, GAP, &data, &event.last_event_id().into(), None);
        self.dispatch(GAP, &detail, |mark| names.as_ref().is_none_or(|names| mark.misses(names)));
    }

    /// A message: as `message` with the whole payload, then under its own type with what the type says it is.
    fn deliver(&self, event: &MessageEvent) {
        let message = Message::read(event, self.json);
        let id = event.last_event_id();
        let channel = origin(&self.channels, &id);
        let id = JsValue::from(id);
        let own_type = message.event_type.as_str();
        let whole = detail(event, own_type, &message.data, &id, channel);
        self.dispatch(MESSAGE, &whole, |mark| mark.wants(channel, MESSAGE));
        if ![OPEN, ERROR, GAP, MESSAGE].contains(&own_type) {
            let body = detail(event, own_type, &message.body, &id, channel);
            self.dispatch(own_type, &body, |mark| mark.wants(channel, own_type));
        }
    }

    fn dispatch(&self, event_type: &str, detail: &JsValue, concerns: impl Fn(&Mark) -> bool) {
        let event_type = [&self.prefix, event_type].concat();
        if self.debug {
            console::debug_2(&event_type.as_str().into(), detail);
        }
        let init = CustomEventInit::new();
        init.set_bubbles(true);
        init.set_detail(detail);
        for (element, _) in self.elements.iter().filter(|(_, mark)| concerns(mark)) {
            if self.closed.get() {
                return;
            }
            if let Ok(event) = CustomEvent::new_with_event_init_dict(&event_type, &init) {
                let _ = element.dispatch_event(&event);
            }
        }
    }
}

fn read_mark(element: &Element) -> Result<Option<Mark>, Error> {
    let channels = element.get_attribute(Mark::CHANNELS).unwrap_or_default();
    let types = element.get_attribute(Mark::TYPES).unwrap_or_default();
    Mark::parse(&channels, &types)
        .map_err(|why| error([Mark::CHANNELS, "=\"", &channels, "\": ", &why.to_string()].concat()))
}

/// `detail` of a DOM event; see `SseDetail` in the TypeScript declarations.
fn detail(
    event: &MessageEvent,
    event_type: &str,
    data: &JsValue,
    id: &JsValue,
    channel: Option<&ChannelName>,
) -> JsValue {
    let detail = Object::new();
    let channel = channel.map_or(JsValue::NULL, |channel| channel.as_str().into());
    for (name, value) in
        [("data", data), ("channel", &channel), ("id", id), ("type", &event_type.into()), ("event", event)]
    {
        // Setting a member of a plain new object cannot fail.
        let _ = Reflect::set(&detail, &name.into(), value);
    }
    detail.into()
}
