//! 9.2.9 Garbage collection.

use harness::Gate;
use serde_json::json;

use super::{
    Case, cases,
    page::{Page, stream},
};

pub(super) const CASES: &[Case] =
    cases![a_source_that_is_listened_to_lives_without_a_reference, a_document_that_goes_away_takes_its_sources_along];

/// > While an EventSource object's readyState is OPEN, and the object has one or more event listeners registered for message
/// > or error events, there must be a strong reference from the Window [...] to the EventSource object itself.
async fn a_source_that_is_listened_to_lives_without_a_reference(page: &Page) {
    let gate = Gate::new();
    page.script([stream().wait(&gate).piece("retry: 1\ndata: a\n\n").end(), stream().piece("data: b\n\n")]);
    page.run_async(
        "window.heardOfTheUnreferenced = [];
         (() => {
           const source = make(path);
           source.onmessage = ({ data, target }) => {
             heardOfTheUnreferenced.push(data);
             if (data === 'b') target.close();
           };
         })();",
    )
    .await;
    page.server().requested(&page.path(), 1).await;
    // Nobody can order a collection; this makes one likely.
    page.run("for (let round = 0; round < 200; round++) new Array(100_000).fill({ round });").await;
    gate.open();
    page.eventually("both messages", "heardOfTheUnreferenced", |heard| *heard == json!(["a", "b"])).await;
    page.server().aborted(&page.path()).await;
}

/// > If a user agent is to forcibly close an EventSource object (this happens when a Document object goes away permanently),
/// > the user agent must abort any instances of the fetch algorithm started for this EventSource object.
async fn a_document_that_goes_away_takes_its_sources_along(page: &Page) {
    let path = page.path();
    page.script([stream()]);
    page.run(&format!(
        "const frame = Object.assign(document.createElement('iframe'), {{ id: 'goes-away', src: '/page' }});
         frame.onload = () => {{
           const textContent = {};
           const script = frame.contentDocument.createElement('script');
           frame.contentDocument.head.append(Object.assign(script, {{ type: 'module', textContent }}));
         }};
         document.body.append(frame);",
        json!(format!(
            "{} const source = extra ? new Subject('{path}', extra) : new Subject('{path}');
             source.onopen = () => (parent.isFrameConnected = true);",
            page.subject().script()
        ))
    ))
    .await;
    page.eventually("the source in the frame", "window.isFrameConnected", |connected| *connected == true).await;
    page.run("document.querySelector('#goes-away').remove()").await;
    page.server().aborted(&page.path()).await;
    page.others_have_reconnected().await;
}
