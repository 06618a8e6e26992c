//! How the close of a socket is answered.

use worker::WebSocket;

/// The code that stands for a close without one (RFC 6455, section 7.4.1).
const NO_STATUS: usize = 1005;
/// The code that stands for a connection that broke off (the same).
pub const BROKEN_OFF: usize = 1006;

/// Answers the close of a socket: the runtime sends the peer no close frame by itself.
pub fn answer_close(socket: &WebSocket, code: usize) {
    // Neither of these two is ever sent.
    let code = if matches!(code, NO_STATUS | BROKEN_OFF) { None } else { u16::try_from(code).ok() };
    // It fails only where the socket is gone already.
    let _ = socket.close(code, Some(""));
}
