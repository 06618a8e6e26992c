// A streaming response: frames from a leg, one after another.

import { ALIVE, GONE, HEARTBEAT, IN_ORDER, NEXT, PROBE, PROBE_MS, close, say } from "./leg.js";
import { Wire } from "./wire.js";

const encoder = new TextEncoder();

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
