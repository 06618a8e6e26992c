// `npm start`: installs what is missing, builds, and serves on this machine until Ctrl-C. `npm start examples/hooks`
// serves the worker of that folder instead. PORT chooses the port, which is 8787 where its
// wrangler.toml names no other; arguments after `--` go to wrangler.

import { spawn } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ENVIRONMENT, Failure, main, ROOT, step } from "./run.mjs";

const ADDRESS = "127.0.0.1";
const PATIENCE_MS = 5000;
const PARENT_CHECK_MS = 500;

await main(import.meta.url, async (args) => {
  const [folder, extra] = args[0] && !args[0].startsWith("-") ? [args[0], args.slice(1)] : ["", args];
  const config = join(folder, "wrangler.toml");
  if (!existsSync(join(ROOT, config))) throw new Failure(`There is no ${config}: name the folder of a worker, or nothing.`);
  const port = process.env.PORT || portOf(config);
  await requireFree(port);
  await build(folder || "worker", "client");
  ensureSecrets(folder);
  step(`Serving on http://${ADDRESS}:${port} (Ctrl-C to stop)`);
  const where = ["--config", config, "--ip", ADDRESS, "--port", port];
  await serve(["dev", ...where, "--show-interactive-dev-session=false", ...extra]);
});

/** The port that a worker's own configuration names. */
function portOf(config) {
  const [, port] = /^\[dev\]\n(?:(?!\[).*\n)*?port = (\d+)/m.exec(readFileSync(join(ROOT, config), "utf8")) ?? [];
  return port ?? "8787";
}

/** wrangler would move to another port without asking. */
async function requireFree(port) {
  await new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", () => reject(new Failure(`Port ${port} is taken: stop what listens there, or set PORT.`)));
    server.listen({ host: ADDRESS, port: Number(port) }, () => server.close(resolve));
  });
}

/** wrangler reads the file beside its configuration. */
function ensureSecrets(folder) {
  const secrets = join(folder, ".dev.vars");
  const example = `${secrets}.example`;
  if (existsSync(join(ROOT, secrets)) || !existsSync(join(ROOT, example))) return;
  copyFileSync(join(ROOT, example), join(ROOT, secrets));
  console.log(`\nCreated ${secrets} from ${example}; it holds local secrets and stays out of git.`);
}

/** Runs wrangler in a process group of its own, so that nothing it started outlives it. */
async function serve(args) {
  const wrangler = spawn("wrangler", args, {
    cwd: ROOT,
    env: ENVIRONMENT,
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  const signalAll = (signal) => {
    try {
      process.kill(-wrangler.pid, signal);
    } catch {
      // The whole group has ended.
    }
  };
  let stopping = false;
  const stop = () => {
    if (!stopping) setTimeout(signalAll, PATIENCE_MS, "SIGKILL").unref();
    stopping = true;
    signalAll("SIGINT");
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  // npm can be killed without a signal reaching this process.
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && stop(), PARENT_CHECK_MS);
  if (process.env.npm_lifecycle_event !== "start") clearInterval(watch);
  const code = await new Promise((resolve, reject) => {
    wrangler.on("error", (error) => reject(new Failure(`wrangler could not be started: ${error.message}.`)));
    wrangler.on("exit", resolve);
  });
  clearInterval(watch);
  signalAll("SIGKILL");
  if (!stopping && code !== 0) throw new Failure("wrangler ended by itself; its own message is above.");
}
