// The package: what WebAssembly exports, and what only JavaScript can be.

import start from "bindings";
import { setReady } from "./ready.js";

export { connect } from "bindings";
export { EventSource } from "./event_source.js";
export { whenReady } from "./ready.js";

let starting;

/** Loads the WebAssembly, once, however often it is called. */
export default function init(module) {
  starting ??= start(module && { module_or_path: module }).then(
    () => setReady(true),
    (error) => {
      // It can be tried again.
      starting = undefined;
      setReady(false);
      throw error;
    },
  );
  return starting;
}
