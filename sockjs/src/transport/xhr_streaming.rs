//! `/xhr_streaming`: each frame is a line. The first is 2 KiB of nothing, since some browsers hand over no less.

use super::{Kind, Wire, xhr};

const PRELUDE_BYTES: usize = 2048;

pub(super) fn wire() -> Wire {
    Wire { kind: Kind::Stream, prelude: format!("{}\n", "h".repeat(PRELUDE_BYTES)), ..xhr::wire() }
}
