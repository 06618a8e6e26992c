// The jQuery face as a module, for pages that are bundled: `install(jQuery)`.

import init, { EventSource, connect, whenReady } from "./cyclone_edge_client.js";
import { install as put } from "./face.js";

export function install(jQuery) {
  put(jQuery, { EventSource, connect, whenReady });
  return init();
}
