//! `/eventsource`: each frame is an event. It begins with an empty line, for an old Opera. Frames have no line breaks: they
//! are JSON.

use super::{Coding, Kind, Wire};

pub(super) fn wire() -> Wire {
    Wire {
        kind: Kind::Stream,
        content_type: "text/event-stream",
        prelude: "\r\n".to_owned(),
        before: "data: ".to_owned(),
        after: "\r\n\r\n",
        coding: Coding::Uri,
    }
}
