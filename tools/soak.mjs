// `npm run soak -- --minutes N`: installs what is missing, builds, and runs the fault script with one seed after another;
// `npm run soak -- --seed S` runs one seed again, `npm run soak -- --help` says what else there is.

import { build } from "./build.mjs";
import { main, run } from "./run.mjs";

await main(import.meta.url, async (args) => {
  // The hub that can panic.
  await build("tests/panic");
  await run("The fault script", "cargo", ["run", "-p", "cyclone-edge-tests", "--bin", "soak", "--", ...args]);
});
