// A poll: a response that ends with its first frame.

import { ALIVE, GONE, HEARTBEAT, IN_ORDER, PROBE, PROBE_MS, close, say } from "./leg.js";
import { Wire } from "./wire.js";

const encoder = new TextEncoder();

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
