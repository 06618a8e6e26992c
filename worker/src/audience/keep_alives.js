// The keep-alives of an object's stream legs, all from one timer: a timer for each would take memory for every idle listener.

/** The timer ticks so often in an interval. */
const SLOTS = 32;
/** How many legs are written to before the runtime may do something else: a crowd that came together has one slot. */
const SLICE_LEGS = 32;

/** By how much the timer may be late for no reason. */
const MAX_DELAY_MS = 1000;

export class KeepAlives {
  #clock;
  /** @type {Set<{keepAlive(): void}>[]} */
  #slots = Array.from({ length: SLOTS }, () => new Set());
  /** The slot that had its turn last. */
  #last = 0;
  #timer;
  #tickMs;
  /** When the timer is to ring. */
  #dueAtMs = Infinity;
  /** It was set while the clock stood still. */
  #wasSetInStandstill = false;
  /** When it was last set again, since it had not rung. */
  #setAgainAtMs = -Infinity;

  /** @param {import("./clock.js").Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** The interval is the same for all legs; the first keep-alive comes up to a tick early. */
  add(leg, intervalMs) {
    this.#slots[this.#last].add(leg);
    this.#tickMs = intervalMs / SLOTS;
    if (this.#timer !== undefined) return;
    this.#setTimer();
    this.#onSet();
  }

  remove(leg) {
    for (const slot of this.#slots) slot.delete(leg);
    if (this.#slots.some((slot) => slot.size > 0)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#dueAtMs = Infinity;
    this.#wasSetInStandstill = false;
  }

  /** Whether the timer is held up: see `turns.js`. */
  get isHeldUp() {
    return this.#wasSetInStandstill || Date.now() - this.#dueAtMs > MAX_DELAY_MS;
  }

  /** Sets the timer again: when the clock goes on, it may ring sooner then. It counts as held up until it rings. */
  setAgain() {
    const now = Date.now();
    if (now - this.#setAgainAtMs < MAX_DELAY_MS) return;
    this.#setAgainAtMs = now;
    clearInterval(this.#timer);
    this.#setTimer();
  }

  #setTimer() {
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
  }

  #onSet() {
    this.#dueAtMs = Date.now() + this.#tickMs;
    this.#wasSetInStandstill = this.#clock.standsStill;
    this.#setAgainAtMs = -Infinity;
  }

  async #tick() {
    // The runtime sets the timer for the next tick.
    this.#onSet();
    this.#last = (this.#last + 1) % SLOTS;
    let written = 0;
    for (const leg of [...this.#slots[this.#last]]) {
      leg.keepAlive();
      written += 1;
      if (written % SLICE_LEGS === 0) await scheduler.wait(0);
    }
  }
}
