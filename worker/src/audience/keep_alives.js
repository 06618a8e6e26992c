// The keep-alives of an object's stream legs, all from one timer: a timer for each would take memory for every idle listener.

/** The timer ticks so often in an interval. */
const SLOTS = 32;
/** How many legs are written to before the runtime may do something else: a crowd that came together has one slot. */
const SLICE_LEGS = 32;

export class KeepAlives {
  #clock;
  /** @type {Set<{keepAlive(): void}>[]} */
  #slots = Array.from({ length: SLOTS }, () => new Set());
  /** The slot that had its turn last. */
  #last = 0;
  #timer;
  #everyMs;
  /** The timer was set while the clock stood still, and has not rung yet. */
  #standsStill = false;
  /** It was set again since. */
  #wasSetAgain = false;

  /** @param {import("./clock.js").Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** The interval is the same for all legs; the first keep-alive comes up to a tick early. */
  add(leg, everyMs) {
    this.#slots[this.#last].add(leg);
    this.#everyMs = everyMs / SLOTS;
    if (this.#timer === undefined) this.#set();
  }

  remove(leg) {
    for (const slot of this.#slots) slot.delete(leg);
    if (this.#slots.some((slot) => slot.size > 0)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#isSet(false);
  }

  /** Whether keep-alives stand still although the clock does not. Then their timer is set again, which can help. */
  standStill() {
    if (this.#standsStill && !this.#wasSetAgain) {
      this.#wasSetAgain = true;
      clearInterval(this.#timer);
      this.#timer = setInterval(() => this.#tick(), this.#everyMs);
    }
    return this.#standsStill;
  }

  #set() {
    this.#timer = setInterval(() => this.#tick(), this.#everyMs);
    this.#isSet(this.#clock.standsStill);
  }

  #isSet(standsStill) {
    this.#standsStill = standsStill;
    this.#wasSetAgain = false;
  }

  async #tick() {
    // The runtime sets the timer for the next tick.
    this.#isSet(this.#clock.standsStill);
    this.#last = (this.#last + 1) % SLOTS;
    let written = 0;
    for (const leg of [...this.#slots[this.#last]]) {
      leg.keepAlive();
      written += 1;
      if (written % SLICE_LEGS === 0) await scheduler.wait(0);
    }
  }
}
