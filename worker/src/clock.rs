//! The clock of the runtime.

/// Milliseconds since the Unix epoch. The runtime holds it still between one input and the next.
pub(crate) fn now_ms() -> u64 {
    worker::Date::now().as_millis()
}
