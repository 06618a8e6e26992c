// When the WebAssembly is there: a page may make event sources before that, and they connect then.

let isReady = false;
let waiting = [];

/** Calls `act` now, or as soon as the package is ready; `fail` if it cannot be loaded. */
export function whenReady(act, fail) {
  if (isReady) act();
  else waiting.push([act, fail]);
}

/** Says that the WebAssembly is there, or that it cannot be loaded. */
export function setReady(ready) {
  isReady = ready;
  const told = waiting;
  waiting = [];
  for (const [act, fail] of told) (ready ? act : fail)?.();
}
