// Running programs: where they are looked for, how progress looks, and how a failure becomes one sentence.

import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { OLDEST_NODE } from "./versions.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const TARGET = join(ROOT, "target");
const TOOLS = join(ROOT, ".tools", "bin");
const PACKAGES = join(ROOT, "node_modules", ".bin");

/** A failure that its message explains completely. */
export class Failure extends Error {}

/**
 * The environment of every program started here: the project's own tools come first on PATH (among them the Node that
 * wrangler asks for), and rustup's programs last, for a shell that was opened before rustup was installed.
 */
export const ENVIRONMENT = {
  ...process.env,
  PATH: [PACKAGES, TOOLS, process.env.PATH || "", join(homedir(), ".cargo", "bin")].join(delimiter),
  CARGO_TARGET_DIR: TARGET,
  // worker-build takes these from here instead of downloading its own.
  WASM_BINDGEN_BIN: join(TOOLS, "wasm-bindgen"),
  WASM_OPT_BIN: join(PACKAGES, "wasm-opt"),
  ESBUILD_BIN: join(PACKAGES, "esbuild"),
  WRANGLER_SEND_METRICS: "false",
  // The local runtime would otherwise ask a remote host for the data of `request.cf`.
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

/** Announces the next piece of work. */
export function step(title) {
  console.log(`\n==> ${title}`);
}

/** The path of a program, or undefined. */
export function find(program) {
  for (const folder of ENVIRONMENT.PATH.split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** What a program prints, or undefined when it is missing or fails. */
export function answer(program, ...args) {
  const result = spawnSync(program, args, { cwd: ROOT, env: ENVIRONMENT, encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/**
 * Runs a program to its end; a failure is the sentence `${purpose} failed: ...`. Its output is shown, or returned if `reads`.
 */
export async function run(purpose, program, args, { env = {}, cwd = ROOT, reads = false } = {}) {
  const stdio = ["ignore", reads ? "pipe" : "inherit", "inherit"];
  const child = spawn(program, args, { cwd, env: { ...ENVIRONMENT, ...env }, stdio });
  let output = "";
  child.stdout?.on("data", (text) => (output += text));
  const ending = await new Promise((resolve) => {
    child.on("error", (error) => resolve(error.code === "ENOENT" ? "is not installed" : error.message));
    child.on("close", (code, signal) => resolve(signal ? `was ended by ${signal}` : code));
  });
  if (ending === 0) return output;
  throw new Failure(`${purpose} failed: ${program} ${typeof ending === "number" ? `ended with code ${ending}` : ending}.`);
}

/** Runs `work` with the command line's arguments when the module at `url` is the one that Node was started with. */
export async function main(url, work) {
  if (pathToFileURL(process.argv[1]).href !== url) return;
  try {
    if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
      throw new Failure(`Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or newer.`);
    }
    await work(process.argv.slice(2));
  } catch (error) {
    console.error(`\nerror: ${error.message}`);
    process.exitCode = 1;
  }
}
