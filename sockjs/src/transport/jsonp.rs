//! `/jsonp`: each frame is a script that calls a function. The comment keeps the name from being the first bytes, which
//! some plugins would take for a file of theirs.

use super::{Coding, JAVASCRIPT, Kind, Wire};

pub(super) fn wire(callback: &str) -> Wire {
    Wire {
        kind: Kind::Poll,
        content_type: JAVASCRIPT,
        prelude: String::new(),
        before: format!("/**/{callback}("),
        after: ");\r\n",
        coding: Coding::Script,
    }
}
