//! The marked elements of the page, and the DOM events they get.
//!
//! Events of the connection (`open`, `error`, `gap`) and of messages share one prefix. So that no publisher can forge
//! the former, a message of such a type is dispatched as `message` only, with its type in the detail.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

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
    /// # Errors
    /// When there is none, or one of them is marked with something that is no channel name.
    pub(crate) fn find(document: Document, options: Options) -> Result<Self, Error> {
        let (marked, wrong) = Marked::find(&document, &options)?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if marked.channels.is_none() {
            let (selector, attribute) = (&options.selector, &options.channel_attribute);
            return Err(error(
                ["found no element that matches `", selector, "` and names channels in ", attribute].concat(),
            ));
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
        [OPEN, ERROR, MESSAGE, EventName::GAP].into_iter().for_each(&mut act);
        for (_, mark) in &self.marked().elements {
            mark.types().iter().for_each(|name| act(name));
        }
        self.options.events.iter().for_each(|name| act(name));
    }

    /// Where changes to the marks are to be looked for: the page, and its attributes of these names.
    pub(crate) fn watched(&self) -> (&Document, [&str; 4]) {
        (&self.document, [&self.options.channel_attribute, &self.options.type_attribute, "class", "id"])
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
        let message = Message::read(event, self.options.json);
        let id = event.last_event_id();
        let marked = self.marked();
        let channel = marked.channels.as_ref().and_then(|channels| origin(channels, &id));
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
        let event_type = [&self.options.event_prefix, event_type].concat();
        if self.options.debug {
            console::debug_2(&event_type.as_str().into(), detail);
        }
        let init = CustomEventInit::new();
        init.set_bubbles(true);
        init.set_detail(detail);
        for (element, _) in self.marked().elements.iter().filter(|(_, mark)| concerns(mark)) {
            if self.closed.get() {
                return;
            }
            if let Ok(event) = CustomEvent::new_with_event_init_dict(&event_type, &init) {
                let _ = element.dispatch_event(&event);
            }
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
