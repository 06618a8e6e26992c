// A socket leg, as far as live delivery goes. What else it is, Rust knows.

export class SocketLeg {
  #socket;

  constructor(socket) {
    this.#socket = socket;
  }

  write(bytes) {
    this.#socket.send(bytes);
  }

  cut() {
    cutSocket(this.#socket);
  }
}

/** Ends a leg: its close event has the object forget the listener, who comes back with its cursor. */
export function cutSocket(socket) {
  try {
    // 1012, "service restart" in the registry of RFC 6455.
    socket.close(1012, "resume");
  } catch {
    // It is closed already.
  }
}
