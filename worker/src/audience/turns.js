// The turns that the runtime gets, in which it writes to connections what it was given. Only a timer gives it one thoroughly,
// and timers can be held up.

export class Turns {
  #storage;
  #clock;
  #keepAlives;
  /** Ends the turn that the runtime has now. */
  #end;
  /** A timer was set that has not rung yet. */
  #isTimerSet = false;

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
    // A timer of an earlier turn that was ended without it: it is held up.
    if (this.#isTimerSet || this.#areTimersHeldUp()) return this.#storage.sync();
    await new Promise((resolve) => {
      this.#end = resolve;
      this.#isTimerSet = true;
      scheduler.wait(0).then(() => this.#ring(resolve));
    });
    this.#end = undefined;
  }

  /** To be called when something happens: ends the turn that the runtime has now if its timer is held up. */
  onActivity() {
    if (this.#end === undefined && !this.#keepAlives.isHeldUp) return;
    if (this.#areTimersHeldUp()) this.#end?.();
  }

  #ring(resolve) {
    this.#isTimerSet = false;
    resolve();
  }

  /**
   * Timers wait for the clock. One that was set meanwhile goes on waiting for as long as it then had to, also when the clock is
   * set ahead again, and so do all that are set after it.
   */
  #areTimersHeldUp() {
    if (this.#clock.standsStill) return true;
    if (!this.#keepAlives.isHeldUp) return false;
    this.#keepAlives.setAgain();
    return true;
  }
}
