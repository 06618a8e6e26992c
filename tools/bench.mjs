// `npm run bench`: installs what is missing, builds, measures the hub beside nginx with Nchan, and writes docs/bench.md;
// `npm run bench -- --quick` takes some minutes, and `npm run bench -- --help` says what else there is.

import { build } from "./build.mjs";
import { ensureNchan } from "./nginx.mjs";
import { main, run } from "./run.mjs";

/** Without the peer. */
const ALONE = ["--alone", "--help", "--render", "--smoke"];

await main(import.meta.url, async (args) => {
  const env = args.some((arg) => ALONE.includes(arg)) ? {} : await ensureNchan();
  await build("worker");
  const crates = ["-p", "cyclone-edge-bench", "-p", "cyclone-edge-cli"];
  await run("Building the benchmark", "cargo", ["build", "--release", ...crates]);
  await run("The benchmark", "cargo", ["run", "--release", "-q", "-p", "cyclone-edge-bench", "--", ...args], { env });
});
