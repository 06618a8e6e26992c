// The pipe from a socket leg (a WebSocket to the object that holds the listener) to the body of the listener's response.
//
// Binary messages are for the listener. The text "pause" asks to be told "more" once little of that waits; the text
// "live" says that this will not be needed again. The first binary message is the greeting, which ends a long-poll only
// where it is an event: who asks for that asks whether it is connected, and not for what comes next.

import { EventStream } from "../http/event_stream.js";

/**
 * @param {WebSocket} leg not accepted yet
 * @param {boolean} isLongPoll end after the first messages, or after the first keep-alive
 * @param {boolean} endsWithGreeting end a long-poll after the greeting
 * @param {boolean} isNew there is no history for the listener
 * @param {import("../http/event_stream.js").StreamSettings} settings
 * @param {number} endsAtMs when the listener's time is over, as `Date.now()` tells it; Infinity for never
 * @returns {ReadableStream<Uint8Array>}
 */
export function pipe(leg, isLongPoll, endsWithGreeting, isNew, settings, endsAtMs) {
  return new Pipe(leg, isLongPoll, endsWithGreeting, isNew, settings, endsAtMs).body;
}

class Pipe {
  #leg;
  #isLongPoll;
  /** How many binary messages a long-poll waits for. */
  #awaited;
  #stream;
  #keepAliveTimer;
  #isLive = false;

  constructor(leg, isLongPoll, endsWithGreeting, isNew, settings, endsAtMs) {
    this.#leg = leg;
    this.#isLongPoll = isLongPoll;
    this.#awaited = endsWithGreeting ? 1 : 2;
    this.#stream = new EventStream(settings, endsAtMs, !isNew, this);
    this.#keepAliveTimer = setInterval(() => this.#keepAlive(), settings.keepAliveMs);
    leg.binaryType = "arraybuffer";
    leg.addEventListener("message", ({ data }) => this.#onMessage(data));
    leg.addEventListener("close", () => this.#stream.end());
    leg.addEventListener("error", () => this.#stream.end());
    leg.accept();
  }

  get body() {
    return this.#stream.body;
  }

  onRoom() {
    if (!this.#isLive) this.#leg.send("more");
  }

  onGone(code, reason) {
    clearInterval(this.#keepAliveTimer);
    try {
      this.#leg.close(code, reason);
    } catch {
      // It is closed already.
    }
  }

  #keepAlive() {
    if (!this.#stream.keepAlive()) return;
    if (this.#isLongPoll) this.#stream.end();
    // An object that lost its memory while it replayed history waits to be asked, and so does one that replays after all.
    else if (!this.#isLive) this.#stream.awaitRoom();
  }

  #onMessage(data) {
    if (data === "live") {
      this.#isLive = true;
    } else if (data === "pause") {
      this.#stream.awaitRoom();
    } else {
      this.#stream.write(new Uint8Array(data));
      this.#awaited -= 1;
      if (this.#isLongPoll && this.#awaited === 0) this.#stream.end();
    }
  }
}
