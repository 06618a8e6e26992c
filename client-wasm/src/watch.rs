//! Notices when the marks of a page change.

use js_sys::{Array, Error};
use wasm_bindgen::prelude::*;
use web_sys::{MutationObserver, MutationObserverInit};

use crate::{error::thrown, page::Page};

/// Watches a page until it is dropped.
pub(crate) struct Watch {
    observer: MutationObserver,
    _on_change: Closure<dyn FnMut()>,
}

impl Watch {
    /// Calls `on_change` when elements have come, gone or been marked otherwise; once for all that a script does in one go.
    ///
    /// # Errors
    /// When the browser cannot watch.
    pub(crate) fn new(page: &Page, on_change: impl FnMut() + 'static) -> Result<Self, Error> {
        let on_change = Closure::<dyn FnMut()>::new(on_change);
        let observer = MutationObserver::new(on_change.as_ref().unchecked_ref()).map_err(thrown)?;
        let (document, attributes) = page.watched();
        let init = MutationObserverInit::new();
        init.set_subtree(true);
        init.set_child_list(true);
        init.set_attributes(true);
        if let Some(names) = attributes {
            init.set_attribute_filter(&names.into_iter().map(JsValue::from_str).collect::<Array>());
        }
        observer.observe_with_options(document, &init).map_err(thrown)?;
        Ok(Self { observer, _on_change: on_change })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
