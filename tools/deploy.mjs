// `npm run deploy`: `wrangler deploy` with the project's tools on PATH; arguments after `--` go to wrangler, which
// builds (see wrangler.toml).

import { main, run } from "./run.mjs";
import { ensureToolchain } from "./toolchain.mjs";

await main(import.meta.url, async (extra) => {
  await ensureToolchain();
  await run("Deploying", "wrangler", ["deploy", ...extra]);
});
