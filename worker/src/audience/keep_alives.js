// The keep-alives of an object's stream legs, all from one timer: a timer for each would take memory for every idle listener.

/** The legs are spread over so many ticks of the timer, so that not all are written to at once. */
const SLOTS = 8;

export class KeepAlives {
  /** @type {Set<{keepAlive(): void}>[]} */
  #slots = Array.from({ length: SLOTS }, () => new Set());
  /** The slot that had its turn last. */
  #last = 0;
  #timer;

  /** The leg's first keep-alive comes up to an eighth early, all others at their interval. */
  add(leg, everyMs) {
    this.#slots[this.#last].add(leg);
    this.#timer ??= setInterval(() => this.#tick(), everyMs / SLOTS);
  }

  remove(leg) {
    for (const slot of this.#slots) slot.delete(leg);
    if (this.#slots.some((slot) => slot.size > 0)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick() {
    this.#last = (this.#last + 1) % SLOTS;
    for (const leg of this.#slots[this.#last]) leg.keepAlive();
  }
}
