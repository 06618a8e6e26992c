// The clock of an object, and the system's.

/** By how much they may differ for no reason. */
const TOLERANCE_MS = 5;

export class Clock {
  #storage;

  /** @param {DurableObjectStorage} storage of the object */
  constructor(storage) {
    this.#storage = storage;
  }

  /**
   * Whether the system's clock is behind the object's, by which its timers go. In `workerd` an object's never goes back: when
   * the system's does, it waits until that has caught up. SQLite asks the system (in 5 us).
   */
  get standsStill() {
    const { ms } = this.#storage.sql.exec("SELECT unixepoch('now', 'subsec') * 1000 AS ms").one();
    return ms < Date.now() - TOLERANCE_MS;
  }
}
