// The worker's half of a session: frames from a leg, which is a WebSocket to the session's object, to the client.
//
// From the object come frames as they are, and "?", which asks whether the client is still there. To it go "n" when there is
// room for another frame, "!" when the client seems to be there, and "m" with what a WebSocket client sent. A leg closed
// with 1000 ended in good order: nothing was lost.
//
// Heartbeats are sent from here and not by the object, which could not be evicted with a timer.

const OPEN_STATE = 1;
const HEARTBEAT = "h";
const PROBE = "?";
const NEXT = "n";
const ALIVE = "!";
const MESSAGE = "m";
const IN_ORDER = 1000;
/** The client went away, and may not have had everything. */
const GONE = 4000;
/** How long a client that is gone may take to be noticed after something was written to it. */
const PROBE_MS = 300;
/** What a WebSocket client may send in one go. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** After so many characters of frames, the object hears that there is room for more: it counts on hearing that more seldom. */
const HEAR_AFTER_CHARS = 64 * 1024;
/** There is room while less than this waits to be written to a WebSocket's connection. */
const ROOM_BYTES = 256 * 1024;
/** How often it is looked whether there is room again: the runtime does not tell. */
const LOOK_MS = 50;
/** RFC 6455, section 7.4.1. */
const TOO_BIG = 1009;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a frame, which is JSON after its letter, is written for what reads it. */
const CODINGS = {
  plain: (frame) => frame,
  /** In a page, a string must neither end the script that it is in nor begin a comment. */
  script: (frame) => JSON.stringify(frame).replaceAll("<", "\\u003c"),
  /** Clients decode what EventSource brings as they would a URI. */
  uri: (frame) => frame.replaceAll("%", "\\u0025"),
};

class Wire {
  #before;
  #after;
  #coding;

  constructor(before, after, coding) {
    this.#before = before;
    this.#after = after;
    this.#coding = coding;
  }

  write(frame) {
    return this.#before + CODINGS[this.#coding](frame) + this.#after;
  }
}

/** Closes a leg, or a client's socket, whatever its state; codes that may not be sent become 1000. */
function close(socket, code, reason) {
  try {
    socket.close(code === IN_ORDER || (code >= 3000 && code < 5000) || SENDABLE.has(code) ? code : IN_ORDER, reason);
  } catch {
    // It is closed already.
  }
}

const SENDABLE = new Set([1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013]);

function say(leg, what) {
  try {
    if (leg.readyState === OPEN_STATE) leg.send(what);
  } catch {
    // It is closed already: its close event tells.
  }
}

/**
 * The body of a streaming response.
 *
 * @param {WebSocket} leg not accepted yet
 * @returns {ReadableStream<Uint8Array>}
 */
export function stream(leg, prelude, before, after, coding, responseLimit, heartbeatMs) {
  return new Stream(leg, prelude, new Wire(before, after, coding), responseLimit, heartbeatMs).body;
}

class Stream {
  #leg;
  #wire;
  #left;
  #out;
  #timer;
  /**
   * What comes before the runtime has taken the last piece waits here: it would make one chunk of both, and old clients take
   * each chunk for a frame. The object says nothing before it has heard, so little more than one frame ever waits.
   */
  #waiting = [];
  #owesNext = false;
  #ended = false;

  constructor(leg, prelude, wire, responseLimit, heartbeatMs) {
    this.#leg = leg;
    this.#wire = wire;
    this.#left = responseLimit;
    const source = {
      start: (controller) => void (this.#out = controller),
      pull: () => this.#onTaken(),
      cancel: () => this.#onGone(),
    };
    this.body = new ReadableStream(source, new CountQueuingStrategy({ highWaterMark: 1 }));
    this.#out.enqueue(encoder.encode(prelude));
    this.#timer = setInterval(() => this.#write(HEARTBEAT), heartbeatMs);
    leg.addEventListener("message", ({ data }) => this.#onMessage(data));
    leg.addEventListener("close", () => this.#end());
    leg.addEventListener("error", () => this.#end());
    leg.accept();
  }

  #write(frame) {
    if (this.#ended) return;
    const bytes = encoder.encode(this.#wire.write(frame));
    this.#left -= bytes.byteLength;
    if (this.#isTaken) this.#out.enqueue(bytes);
    else this.#waiting.push(bytes);
  }

  /** Whether the runtime has all that was written. */
  get #isTaken() {
    return this.#waiting.length === 0 && this.#out.desiredSize > 0;
  }

  #onMessage(data) {
    if (data === PROBE) return this.#probe();
    this.#write(data);
    if (data[0] === "c") {
      close(this.#leg, IN_ORDER, "closed");
      this.#end();
    } else if (this.#left <= 0) {
      // The response ends once the object knows, so that the client's next request is not one too many.
      close(this.#leg, IN_ORDER, "full");
    } else {
      this.#owesNext = true;
    }
  }

  #onTaken() {
    if (this.#waiting.length > 0) this.#out.enqueue(this.#waiting.shift());
    else if (this.#ended) this.#out.close();
    else if (this.#owesNext) {
      this.#owesNext = false;
      say(this.#leg, NEXT);
    }
  }

  /** A client that went away is noticed when something is written to it. */
  #probe() {
    this.#write(HEARTBEAT);
    setTimeout(() => !this.#ended && say(this.#leg, ALIVE), PROBE_MS);
  }

  #onGone() {
    this.#stop();
    close(this.#leg, GONE, "the client left");
  }

  #end() {
    if (this.#ended) return;
    const isTaken = this.#isTaken;
    this.#stop();
    if (isTaken) this.#out.close();
  }

  #stop() {
    this.#ended = true;
    clearInterval(this.#timer);
  }
}

/**
 * Waits for the frame of a poll.
 *
 * @param {WebSocket} leg not accepted yet
 * @returns {Promise<string | ReadableStream<Uint8Array>>} a stream where the response has to begin before there is a frame
 */
export function poll(leg, before, after, coding, heartbeatMs) {
  return new Promise((resolve) => new Poll(leg, new Wire(before, after, coding), heartbeatMs, resolve));
}

class Poll {
  #leg;
  #wire;
  #resolve;
  #timer;
  /** The body of the response, once it has begun. */
  #out = null;
  #ended = false;
  #saidHeartbeat = false;

  constructor(leg, wire, heartbeatMs, resolve) {
    this.#leg = leg;
    this.#wire = wire;
    this.#resolve = resolve;
    // The object may send a frame until it knows that the poll is over, and that goes instead of a heartbeat.
    this.#timer = setTimeout(() => close(leg, IN_ORDER, "heartbeat"), heartbeatMs);
    leg.addEventListener("message", ({ data }) => (data === PROBE ? this.#probe() : this.#finish(data)));
    leg.addEventListener("close", () => this.#finish(HEARTBEAT));
    leg.addEventListener("error", () => this.#finish(HEARTBEAT));
    leg.accept();
  }

  #finish(frame) {
    if (this.#ended) return;
    this.#stop();
    close(this.#leg, IN_ORDER, "done");
    const text = this.#wire.write(frame);
    if (this.#out === null) return this.#resolve(text);
    if (frame !== HEARTBEAT || !this.#saidHeartbeat) this.#out.enqueue(encoder.encode(text));
    this.#out.close();
  }

  /**
   * A client that went away is noticed when something is written to it. The head of the response changes nothing for one
   * that is there; after that, only a heartbeat is left to write, which ends the poll.
   */
  #probe() {
    if (this.#ended) return;
    if (this.#out === null) {
      const start = (controller) => void (this.#out = controller);
      this.#resolve(new ReadableStream({ start, cancel: () => this.#onGone() }));
      setTimeout(() => !this.#ended && say(this.#leg, ALIVE), PROBE_MS);
    } else if (!this.#saidHeartbeat) {
      this.#saidHeartbeat = true;
      this.#out.enqueue(encoder.encode(this.#wire.write(HEARTBEAT)));
      setTimeout(() => !this.#ended && close(this.#leg, IN_ORDER, "heartbeat"), PROBE_MS);
    }
  }

  #onGone() {
    if (this.#ended) return;
    this.#stop();
    close(this.#leg, GONE, "the client left");
  }

  #stop() {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}

/**
 * Brings a leg and a client's WebSocket together.
 *
 * @param {WebSocket} leg not accepted yet
 * @returns {WebSocket} the client's end
 */
export function bridge(leg, isRaw, heartbeatMs) {
  const { 0: theirs, 1: ours } = new WebSocketPair();
  ours.binaryType = "arraybuffer";
  // A WebSocket without frames has no heartbeats.
  const timer = isRaw ? undefined : setInterval(() => say(ours, HEARTBEAT), heartbeatMs);
  let [passed, look] = [0, undefined];
  const end = (socket, code, reason) => {
    clearInterval(timer);
    clearTimeout(look);
    close(socket, code, reason);
  };
  const tellOfRoom = () => {
    if (ours.bufferedAmount >= ROOM_BYTES) {
      look = setTimeout(tellOfRoom, LOOK_MS);
      return;
    }
    [passed, look] = [0, undefined];
    say(leg, NEXT);
  };
  leg.addEventListener("message", ({ data }) => {
    if (!isRaw) say(ours, data);
    else if (data[0] === "a") for (const message of JSON.parse(data.slice(1))) say(ours, message);
    passed += data.length;
    if (passed >= HEAR_AFTER_CHARS && look === undefined) tellOfRoom();
  });
  leg.addEventListener("close", ({ code, reason }) => end(ours, code, reason));
  leg.addEventListener("error", () => end(ours, 1011, ""));
  ours.addEventListener("message", ({ data }) => {
    const text = typeof data === "string" ? data : decoder.decode(data);
    // Most are so short that they need not be encoded to tell.
    const isShort = 3 * text.length <= MAX_MESSAGE_BYTES;
    if (isShort || encoder.encode(text).byteLength <= MAX_MESSAGE_BYTES) return say(leg, MESSAGE + text);
    end(ours, TOO_BIG, "Message too big");
    close(leg, IN_ORDER, "too big");
  });
  ours.addEventListener("close", ({ code }) => {
    end(leg, IN_ORDER, "the client left");
    close(ours, code, "");
  });
  ours.addEventListener("error", () => end(leg, IN_ORDER, "the client left"));
  ours.accept();
  leg.accept();
  return theirs;
}
