// A stream leg: the object's own answer to the listener's worker, which passes it through untouched.
//
// It outlives a panic with all that the object must know of it: see `fan_out.js`.

import { EventStream } from "../http/event_stream.js";

export class StreamLeg {
  #fanOut;
  #stream;
  #quietMs;

  /**
   * @param fanOut what is told how the listener is doing
   * @param {number} group
   * @param {number} number unlike that of any other leg of the group
   * @param {import("../http/event_stream.js").StreamSettings} settings
   * @param {number} endsAtMs when the listener's time is over
   * @param {boolean} isNew there is no history for the listener
   * @param {number} quietMs after how long without a message the leg ends, since it keeps the object awake: the listener
   * comes back, and may get a socket leg; Infinity for never
   */
  constructor(fanOut, group, number, settings, endsAtMs, isNew, quietMs) {
    this.#fanOut = fanOut;
    this.group = group;
    this.number = number;
    this.#quietMs = quietMs;
    /** The cursor of a listener that history is replayed to; undefined when it is live. */
    this.behind = undefined;
    this.#stream = new EventStream(settings, endsAtMs, !isNew, this);
  }

  get body() {
    return this.#stream.body;
  }

  write(bytes) {
    this.#stream.write(bytes);
  }

  /** There is more history: tell the fan-out when there is room for it. */
  pause() {
    this.#stream.awaitRoom();
  }

  /** Ends the leg: the listener comes back with its cursor. */
  cut() {
    this.#stream.end();
  }

  onRoom() {
    if (this.behind !== undefined) this.#fanOut.onWantsMore(this);
  }

  /** Has the replay of history go on when there is room, if there is any to replay. One that is under way is not disturbed. */
  goOn() {
    if (this.behind !== undefined) this.#stream.awaitRoom();
  }

  keepAlive() {
    if (!this.#stream.keepAlive()) return;
    if (this.#fanOut.isQuiet(this.#quietMs)) this.cut();
    // An object that lost its memory while it replayed history waits to be asked, and so does one that replays after all.
    else this.goOn();
  }

  onGone() {
    this.#fanOut.onGone(this);
  }
}
