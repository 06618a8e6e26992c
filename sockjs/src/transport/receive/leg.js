// Legs, as the worker has them: WebSockets to a session's object.
//
// From the object come frames as they are, and "?", which asks whether the client is still there. To it go "n" when there is
// room for another frame, "!" when the client seems to be there, and "m" with what a WebSocket client sent. A leg closed
// with 1000 ended in good order: nothing was lost.

const OPEN_STATE = 1;
/** Heartbeats are sent from the worker and not by the object, which could not be evicted with a timer. */
export const HEARTBEAT = "h";
export const PROBE = "?";
export const NEXT = "n";
export const ALIVE = "!";
export const MESSAGE = "m";
export const IN_ORDER = 1000;
/** The client went away, and may not have had everything. */
export const GONE = 4000;
/** How long a client that is gone may take to be noticed after something was written to it. */
export const PROBE_MS = 300;
/** Codes of the standard that may be sent. */
const SENDABLE = new Set([1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013]);

/** Closes a leg, or a client's socket, whatever its state; codes that may not be sent become 1000. */
export function close(socket, code, reason) {
  try {
    socket.close(code === IN_ORDER || (code >= 3000 && code < 5000) || SENDABLE.has(code) ? code : IN_ORDER, reason);
  } catch {
    // It is closed already.
  }
}

export function say(leg, what) {
  try {
    if (leg.readyState === OPEN_STATE) leg.send(what);
  } catch {
    // It is closed already: its close event tells.
  }
}
