//! `/xhr`: each frame is a response.

use super::{Coding, JAVASCRIPT, Kind, Wire};

pub(super) fn wire() -> Wire {
    Wire {
        kind: Kind::Poll,
        content_type: JAVASCRIPT,
        prelude: String::new(),
        before: String::new(),
        after: "\n",
        coding: Coding::Plain,
    }
}
