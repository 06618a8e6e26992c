//! `/xhr`: each frame is a response.

use super::{JAVASCRIPT, Wire};
use crate::session::Kind;

pub(super) fn wire() -> Wire {
    Wire {
        kind: Kind::Poll,
        content_type: JAVASCRIPT,
        prelude: String::new(),
        before: String::new(),
        after: "\n",
        is_quoted: false,
    }
}
