//! `EventSource` is what the WHATWG HTML standard says in its chapter 9.2, "Server-sent events": a case for each clause,
//! with the words of the standard above it, in a file for each section.
//!
//! The cases run for every class in `SUBJECTS`, in one page of each browser, against a server that does what the case
//! says. A case in which a browser's own class does something else than the standard says so, with `Page::differs`.
//! `EVENT_SOURCE_CASES=text` runs those whose names hold the text.

mod garbage_collection;
mod interface;
mod interpreting;
mod last_event_id;
mod page;
mod parsing;
mod processing_model;

use std::{any::Any, panic::AssertUnwindSafe, rc::Rc};

use futures::{FutureExt, StreamExt, future::LocalBoxFuture, stream};
use harness::{Browser, Engine};
use page::{Bed, Page, Subject};

/// The classes that are tested. What `auto` adds to these transports, `fallback` tests.
const SUBJECTS: &[Subject] =
    &[Subject::Native, Subject::Package { transport: "native" }, Subject::Package { transport: "fetch" }];

/// Browsers open six connections to an origin at most, and a case has two streams at most at a time.
const CONCURRENT: usize = 3;

/// A named clause of the standard.
struct Case {
    name: &'static str,
    run: for<'a> fn(&'a Page) -> LocalBoxFuture<'a, ()>,
}

/// The cases with these names: async functions of a `&Page`.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$($crate::event_source::Case { name: stringify!($name), run: |page| Box::pin($name(page)) }),*]
    };
}
use cases;

const SECTIONS: &[(&str, &[Case])] = &[
    ("interface", interface::CASES),
    ("processing_model", processing_model::CASES),
    ("last_event_id", last_event_id::CASES),
    ("parsing", parsing::CASES),
    ("interpreting", interpreting::CASES),
    ("garbage_collection", garbage_collection::CASES),
    ("processing_model", processing_model::LAST_CASES),
];

#[tokio::test]
async fn event_source_is_what_the_standard_says_in_chromium() {
    check(Engine::Chromium).await;
}

#[tokio::test]
async fn event_source_is_what_the_standard_says_in_firefox() {
    check(Engine::Firefox).await;
}

async fn check(engine: Engine) {
    let browser = Rc::new(Browser::start_in(engine).await);
    let mut failures = Vec::new();
    for &subject in SUBJECTS {
        let bed = Rc::new(Bed::new(&browser, engine, subject).await);
        let checked = stream::iter(chosen()).map(|(section, case)| check_case(&bed, section, case));
        let found: Vec<_> = checked.buffer_unordered(CONCURRENT).filter_map(async |failure| failure).collect().await;
        failures.extend(found.into_iter().map(|failure| format!("{subject:?}: {failure}")));
        for path in bed.server.unscripted().into_iter().chain(bed.elsewhere.unscripted()) {
            failures.push(format!("{subject:?}: a request that was not to come: {path}"));
        }
    }
    assert!(failures.is_empty(), "{} failures in {engine:?}:\n{}", failures.len(), failures.join("\n"));
}

fn chosen() -> impl Iterator<Item = (&'static str, &'static Case)> {
    let wanted = std::env::var("EVENT_SOURCE_CASES").unwrap_or_default();
    let all = SECTIONS.iter().flat_map(|&(section, cases)| cases.iter().map(move |case| (section, case)));
    all.filter(move |(section, case)| format!("{section}::{}", case.name).contains(&wanted))
}

/// Runs one case to its end; returns its name and why it failed, if it did.
async fn check_case(bed: &Rc<Bed>, section: &str, case: &Case) -> Option<String> {
    let page = Page::new(bed, case.name);
    let ending = AssertUnwindSafe((case.run)(&page)).catch_unwind().await;
    page.finish().await;
    ending.err().map(|panic| format!("{section}::{}: {}", case.name, message(&*panic)))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}
