//! The marked elements of the page, and the DOM events they get.
//!
//! Events of the connection (`open`, `error`, `gap`, `transport`) and of messages share one prefix. So that no publisher can forge
//! the former, a message of such a type is dispatched as `message` only, with its type in the detail.

use alloc::{rc::Rc, string::String, string::ToString, vec::Vec};
use core::cell::{Cell, RefCell};

use cyclone_edge_protocol::{ChannelName, ChannelSet, EventName};
use js_sys::{Array, Error, Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Document, Element, Event, MessageEvent, console};

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
const TRANSPORT: &str = "transport";

/// The elements that one connection serves.
pub(crate) struct Page {
    document: Document,
    options: Options,
    marked: RefCell<Rc<Marked>>,
    /// A handler may close the connection while elements after its own are still to be told.
    closed: Cell<bool>,
}

/// What is marked at some moment.
struct Marked {
    elements: Vec<(Element, Mark)>,
    /// What all of them want together; `None` when there is no element.
    channels: Option<ChannelSet>,
}

impl Page {
    /// Looks for the marked elements of a document.
    ///
    /// There may be none yet: the console says so, once.
    ///
    /// # Errors
    /// When one of them is marked with something that is no channel name.
    pub(crate) fn find(document: Document, options: Options) -> Result<Self, Error> {
        let (marked, wrong) = Marked::find(&document, &options)?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if marked.channels.is_none() {
            let (selector, attribute) = (&options.selector, &options.channel_attribute);
            let parts = ["waiting for an element that matches `", selector, "` and names channels in ", attribute];
            console::info_1(&parts.concat().into());
        }
        Ok(Self { document, options, marked: RefCell::new(Rc::new(marked)), closed: Cell::new(false) })
    }

    /// Looks for the marked elements again. One that is marked wrongly is left out, and the console says so.
    pub(crate) fn find_again(&self) {
        match Marked::find(&self.document, &self.options) {
            Ok((marked, wrong)) => {
                if let Some(wrong) = wrong {
                    console::error_1(&wrong);
                }
                self.marked.replace(Rc::new(marked));
            }
            Err(wrong) => console::error_1(&wrong),
        }
    }

    /// The channels of all elements; `None` when there is none.
    pub(crate) fn channels(&self) -> Option<ChannelSet> {
        self.marked().channels.clone()
    }

    /// Calls with each type that must be listened to by name, some more than once.
    pub(crate) fn for_each_type(&self, mut act: impl FnMut(&str)) {
        [OPEN, ERROR, TRANSPORT, MESSAGE, EventName::GAP].into_iter().for_each(&mut act);
        for (_, mark) in &self.marked().elements {
            mark.types().iter().for_each(|name| act(name));
        }
        self.options.events.iter().for_each(|name| act(name));
    }

    fn asks_for(&self, event_type: &str) -> bool {
        let mut asks = false;
        self.for_each_type(|name| asks |= name == event_type);
        asks
    }

    /// Where changes to the marks are to be looked for: the page, and its attributes of these names; `None` for all, which
    /// a selector may ask for.
    pub(crate) fn watched(&self) -> (&Document, Option<[&str; 4]>) {
        let names = [self.options.channel_attribute.as_str(), &self.options.type_attribute, "class", "id"];
        (&self.document, (!self.options.selector.contains('[')).then_some(names))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    fn marked(&self) -> Rc<Marked> {
        self.marked.borrow().clone()
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

    /// The connection opened, broke, ended or goes another way: that concerns every element.
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
        let message = Message::read(event, self.options.json);
        let id = event.last_event_id();
        let marked = self.marked();
        let channel = marked.channels.as_ref().and_then(|channels| origin(channels, &id));
        let (id, name) = (JsValue::from(id), channel.map(ChannelName::as_str));
        let own_type = message.event_type.as_str();
        // The browser's own class brings only types that are asked for; so that it makes no difference how a message
        // comes, no other type is heard of by other ways.
        if event.type_() != MESSAGE && !self.asks_for(own_type) {
            return;
        }
        let whole = detail(event, own_type, &message.data, &id, name);
        self.dispatch(MESSAGE, &whole, |mark| mark.wants(channel, MESSAGE));
        if ![OPEN, ERROR, GAP, TRANSPORT, MESSAGE].contains(&own_type) {
            let body = detail(event, own_type, &message.body, &id, name);
            self.dispatch(own_type, &body, |mark| mark.wants(channel, own_type));
        }
    }

    fn dispatch(&self, event_type: &str, detail: &JsValue, concerns: impl Fn(&Mark) -> bool) {
        let event_type = [&self.options.event_prefix, event_type].concat();
        if self.options.debug {
            console::debug_3(&self.options.label.as_str().into(), &event_type.as_str().into(), detail);
        }
        for (element, _) in self.marked().elements.iter().filter(|(_, mark)| concerns(mark)) {
            if self.closed.get() {
                return;
            }
            let own = self.options.dispatch.as_ref();
            // What a handler throws is reported by the browser, not thrown.
            tell(own, element, &event_type, detail);
        }
    }
}

impl Marked {
    /// The marked elements of a document, and what is wrong with the first that is marked wrongly.
    fn find(document: &Document, options: &Options) -> Result<(Self, Option<Error>), Error> {
        let found = document.query_selector_all(&options.selector).map_err(thrown)?;
        let (mut elements, mut wrong) = (Vec::new(), None);
        for index in 0..found.length() {
            // A selector finds nothing but elements.
            let Some(element) = found.get(index).map(JsCast::unchecked_into) else { continue };
            match read_mark(&element, options) {
                Ok(Some(mark)) => elements.push((element, mark)),
                Ok(None) => {}
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        let names = elements.iter().flat_map(|(_, mark)| mark.channels()).cloned();
        let channels = if elements.is_empty() { None } else { Some(ChannelSet::new(names).map_err(error)?) };
        Ok((Self { elements, channels }, wrong))
    }
}

fn read_mark(element: &Element, options: &Options) -> Result<Option<Mark>, Error> {
    let attribute = &options.channel_attribute;
    let channels = element.get_attribute(attribute).unwrap_or_default();
    let types = element.get_attribute(&options.type_attribute).unwrap_or_default();
    Mark::parse(&channels, &types)
        .map_err(|why| error([attribute, "=\"", &channels, "\": ", &why.to_string()].concat()))
}

#[wasm_bindgen(module = "/js/page.js")]
extern "C" {
    /// Tells an element, by a `CustomEvent` that bubbles or in the page's own way.
    fn tell(own: Option<&Function>, element: &Element, event_type: &str, detail: &JsValue);
    /// `detail` of a DOM event; see `SseDetail` in `js/index.d.ts`.
    fn detail(event: &MessageEvent, event_type: &str, data: &JsValue, id: &JsValue, channel: Option<&str>) -> JsValue;
}
