// The jQuery face as a plain script, for pages that load jquery.eventsource.js and jquery.sse.js that way: it is complete
// but for the WebAssembly, which it looks for beside itself.

import init, { EventSource, connect, whenReady } from "../index.js";
import { install } from "./face.js";

if (!window.jQuery) throw new Error("jquery.sse.js extends jQuery: load jQuery before it");
install(window.jQuery, { EventSource, connect, whenReady });
init(new URL("cyclone_edge_client_bg.wasm", document.currentScript.src));
