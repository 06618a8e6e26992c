// The turns that the runtime gets, in which it writes to connections what it was given. Only a timer gives it one thoroughly,
// and timers can stand still.

/** By how much a timer may be late for no reason. */
const MAX_DELAY_MS = 1000;

export class Turns {
  #storage;
  #clock;
  #keepAlives;
  /** Ends the turn that the runtime has now. */
  #end;
  /** When the timer was set that has not rung yet. */
  #waitingSinceMs = Infinity;

  /**
   * @param {DurableObjectStorage} storage
   * @param {import("./clock.js").Clock} clock
   * @param {import("./keep_alives.js").KeepAlives} keepAlives
   */
  constructor(storage, clock, keepAlives) {
    this.#storage = storage;
    this.#clock = clock;
    this.#keepAlives = keepAlives;
  }

  /** Gives the runtime its turn. */
  async take() {
    if (this.#timersStandStill()) return this.#storage.sync();
    await new Promise((resolve) => {
      this.#end = resolve;
      this.#waitingSinceMs = Date.now();
      scheduler.wait(0).then(() => this.#ring(resolve));
    });
    this.#end = undefined;
  }

  /** To be called when something happens: ends the turn that the runtime has now if no timer will. */
  see() {
    if (this.#timersStandStill()) this.#end?.();
  }

  #ring(resolve) {
    this.#waitingSinceMs = Infinity;
    resolve();
  }

  /**
   * Timers stand still with the clock. One that was set meanwhile goes on waiting for as long as it then had to, also when the
   * clock is set ahead again, and so do all that are set after it.
   */
  #timersStandStill() {
    if (this.#clock.standsStill) return true;
    return this.#keepAlives.standStill() || Date.now() - this.#waitingSinceMs > MAX_DELAY_MS;
  }
}
