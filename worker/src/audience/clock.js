// The clock of an object, and the system's.

/** By how much they may differ for no reason. */
const TOLERANCE_MS = 5;

/**
 * Whether timers stand still. In `workerd` the clock of an object, by which its timers go, never goes back: when the
 * system's does, it waits until that has caught up. SQLite asks the system (in 5 us).
 */
export function timersStandStill(storage) {
  const { ms } = storage.sql.exec("SELECT unixepoch('now', 'subsec') * 1000 AS ms").one();
  return ms < Date.now() - TOLERANCE_MS;
}
