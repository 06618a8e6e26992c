//! Publishes that come together are written together: the storage commits once for all that is written in one turn of the
//! event loop, and on a disk a commit takes longer than all the rest of a publish.
//!
//! The first one writes at once. Those that come before the runtime has turned to other things wait until it has, and then
//! write in one turn, in the order in which they came.

use std::{cell::RefCell, rc::Rc};

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::{JsFuture, spawn_local};

#[wasm_bindgen]
extern "C" {
    /// Resolves when the runtime has seen to what is waiting, after so many milliseconds.
    #[wasm_bindgen(js_namespace = scheduler)]
    fn wait(ms: u32) -> Promise;
}

/// Whose turn it is to write.
#[derive(Default)]
pub(super) struct Turns {
    /// Somebody has written since the runtime turned to other things last: when it has again.
    next: Rc<RefCell<Option<Promise>>>,
}

impl Turns {
    /// Waits for a turn to write in. What follows must come before any other `await`.
    pub(super) async fn take(&self) {
        let next = self.next.borrow().clone();
        if let Some(next) = next {
            // Everybody who waits for it goes on in the same turn. It is never rejected.
            let _ = JsFuture::from(next).await;
        }
        if self.next.borrow().is_some() {
            return;
        }
        let next = wait(0);
        *self.next.borrow_mut() = Some(next.clone());
        let over = self.next.clone();
        spawn_local(async move {
            let _ = JsFuture::from(next).await;
            over.borrow_mut().take();
        });
    }
}
