// The keep-alives of an object's stream legs, all from one timer: a timer for each would take memory for every idle listener.

/** The legs are spread over so many ticks of the timer, so that not all are written to at once. */
const SLOTS = 32;

export class KeepAlives {
  /** @type {Set<{keepAlive(): void}>[]} */
  #slots = Array.from({ length: SLOTS }, () => new Set());
  /** The slot whose turn is next, and the one that the next leg is given. */
  #next = 0;
  #dealt = 0;
  #timer;

  /** The interval is the same for all legs. The first keep-alive comes within one, as the leg's place among them has it. */
  add(leg, everyMs) {
    this.#slots[this.#dealt].add(leg);
    this.#dealt = (this.#dealt + 1) % SLOTS;
    this.#timer ??= setInterval(() => this.#tick(), everyMs / SLOTS);
  }

  remove(leg) {
    for (const slot of this.#slots) slot.delete(leg);
    if (this.#slots.some((slot) => slot.size > 0)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick() {
    const legs = this.#slots[this.#next];
    this.#next = (this.#next + 1) % SLOTS;
    for (const leg of legs) leg.keepAlive();
  }
}
