// Builds what is deployed: the worker into worker/build, the browser package into media/client.
// `node tools/build.mjs [worker|client]`; wrangler runs it too (see wrangler.toml).

import { cpSync, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Failure, main, ROOT, run, step, TARGET } from "./run.mjs";
import { ensureToolchain, WASM } from "./toolchain.mjs";

const BUILDERS = { worker: buildWorker, client: buildClient };
const CLIENT = "cyclone_edge_client";

// What rustc 1.95 emits by default, and the exceptions with which wasm-bindgen catches those of JavaScript; wasm-opt may
// use no more than that.
const WASM_FEATURES = [
  "bulk-memory",
  "exception-handling",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
];

/** Builds the named parts, or both. */
export async function build(...names) {
  const unknown = names.find((name) => !Object.hasOwn(BUILDERS, name));
  if (unknown !== undefined) throw new Failure(`There is no "${unknown}" to build: name worker, client or nothing.`);
  await ensureToolchain();
  for (const name of names.length > 0 ? names : Object.keys(BUILDERS)) await BUILDERS[name]();
}

async function buildWorker() {
  step("Building the worker");
  await cargo("the worker", ["build", "--lib", "--profile", "release", "-p", "cyclone-edge"]);
  const compiled = join(TARGET, WASM, "release", "cyclone_edge.wasm");
  const folder = join(ROOT, "worker", "build");
  const wasm = join(folder, "index_bg.wasm");
  if (!upToDate(wasm, compiled, join(ROOT, "worker", "Cargo.toml"))) {
    const packed = join(TARGET, "worker-package");
    await run("Packing the worker", "worker-build", ["--release", "--no-opt", "--out-dir", packed], { cwd: join(ROOT, "worker") });
    cpSync(join(packed, "index.js"), join(folder, "index.js"));
    // worker-build would keep the names of all functions, a tenth of the whole: a panic tells its file and line anyway.
    await optimise("the worker", "-O", join(packed, "index_bg.wasm"), wasm);
  }
  sizes(folder, "index.js", "index_bg.wasm");
}

async function buildClient() {
  step("Building the client");
  // The crate is an `rlib` too, for its tests, and Cargo optimises across crates only what is not.
  await cargo("the client", ["rustc", "--lib", "--profile", "client", "-p", "cyclone-edge-client", "--crate-type", "cdylib"]);
  const compiled = join(TARGET, WASM, "client", `${CLIENT}.wasm`);
  const folder = join(ROOT, "media", "client");
  const wasm = join(folder, `${CLIENT}_bg.wasm`);
  if (!upToDate(wasm, compiled)) {
    const bound = join(TARGET, "client-bindings");
    const bind = ["--target", "web", "--out-dir", bound, "--out-name", CLIENT, compiled];
    rmSync(bound, { recursive: true, force: true });
    await run("Writing the client's bindings", "wasm-bindgen", bind);
    cpSync(bound, folder, { recursive: true });
    const glue = `${CLIENT}.js`;
    const minify = ["--minify", "--format=esm", "--log-level=warning"];
    await run("Minifying the client", "esbuild", [join(bound, glue), ...minify, `--outfile=${join(folder, glue)}`]);
    await optimise("the client", "-Oz", join(bound, `${CLIENT}_bg.wasm`), wasm);
  }
  sizes(folder, `${CLIENT}.js`, `${CLIENT}_bg.wasm`);
}

async function optimise(what, level, from, to) {
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  await run(`Optimising ${what}`, "wasm-opt", [level, ...features, from, "-o", to]);
}

async function cargo(what, args) {
  await run(`Compiling ${what}`, "cargo", [...args, "--target", WASM]);
}

/** Whether `output` is newer than its inputs and than what decides how it is made. */
function upToDate(output, ...inputs) {
  const recipe = ["tools/build.mjs", "tools/versions.mjs", "package-lock.json"].map((path) => join(ROOT, path));
  return existsSync(output) && [...inputs, ...recipe].every((path) => statSync(path).mtimeMs <= statSync(output).mtimeMs);
}

function sizes(folder, ...names) {
  const packed = names.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length);
  const list = names.map((name, index) => `${name} ${packed[index]}`).join(" + ");
  console.log(`gzip -9: ${list} = ${packed.reduce((sum, size) => sum + size)} bytes`);
}

await main(import.meta.url, (names) => build(...names));
