// `node tools/setup.mjs`: installs what building takes, and nothing else.

import { main } from "./run.mjs";
import { ensureToolchain } from "./toolchain.mjs";

await main(import.meta.url, () => ensureToolchain());
