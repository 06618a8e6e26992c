// Builds the worker into worker/build and the browser package into media/client: what is deployed.
// `node tools/build.mjs [worker|client|<folder> ...]`, where a folder, such as examples/hooks, has the crate of another
// worker, and gets a folder `build` too. wrangler runs it as well (see wrangler.toml).

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Failure, main, ROOT, run, step, TARGET } from "./run.mjs";
import { ensureToolchain, WASM } from "./toolchain.mjs";

const CLIENT = "cyclone_edge_client";
/** What a page loads of it at most, JavaScript and WebAssembly, as gzip -9 makes it. */
const MAX_CLIENT_BYTES = 32 * 1024;

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

/** Builds the named parts; without names, what is deployed. */
export async function build(...names) {
  const parts = names.length > 0 ? names : ["worker", "client"];
  const unknown = parts.find((name) => name !== "client" && !existsSync(manifest(name)));
  if (unknown !== undefined) throw new Failure(`There is no "${unknown}" to build: name worker, client or the folder of a crate.`);
  await ensureToolchain();
  for (const name of parts) await (name === "client" ? buildClient() : buildWorker(name));
}

const manifest = (path) => join(ROOT, path, "Cargo.toml");

/** The worker whose crate is in the folder `path`. */
async function buildWorker(path) {
  step(`Building ${path}`);
  const [, crate] = /^name = "(.+)"/m.exec(readFileSync(manifest(path), "utf8"));
  await cargo(path, ["build", "--lib", "--profile", "release", "-p", crate]);
  const compiled = join(TARGET, WASM, "release", `${crate.replaceAll("-", "_")}.wasm`);
  const folder = join(ROOT, path, "build");
  const wasm = join(folder, "index_bg.wasm");
  await makeFrom(path, wasm, [compiled, manifest(path)], async () => {
    const packed = join(TARGET, "packed", crate);
    const pack = ["--release", "--no-opt", "--out-dir", packed];
    await run(`Packing ${path}`, "worker-build", pack, { cwd: join(ROOT, path) });
    cpSync(join(packed, "index.js"), join(folder, "index.js"));
    // worker-build would keep the names of all functions, a tenth of the whole: a panic tells its file and line anyway.
    await optimise(path, "-O", join(packed, "index_bg.wasm"), wasm);
  });
  sizes(folder, "index.js", "index_bg.wasm");
}

async function buildClient() {
  step("Building client");
  // The crate is an `rlib` too, for its tests, and Cargo optimises across crates only what is not.
  await cargo("client", ["rustc", "--lib", "--profile", "client", "-p", "cyclone-edge-client", "--crate-type", "cdylib"]);
  const compiled = join(TARGET, WASM, "client", `${CLIENT}.wasm`);
  const folder = join(ROOT, "media", "client");
  const wasm = join(folder, `${CLIENT}_bg.wasm`);
  await makeFrom("client", wasm, [compiled], async () => {
    const bound = join(TARGET, "client-bindings");
    const bind = ["--target", "web", "--out-dir", bound, "--out-name", CLIENT, compiled];
    rmSync(bound, { recursive: true, force: true });
    await run("Writing the bindings of client", "wasm-bindgen", bind);
    cpSync(bound, folder, { recursive: true });
    const glue = `${CLIENT}.js`;
    const minify = ["--minify", "--format=esm", "--log-level=warning"];
    await run("Minifying client", "esbuild", [join(bound, glue), ...minify, `--outfile=${join(folder, glue)}`]);
    await optimise("client", "-Oz", join(bound, `${CLIENT}_bg.wasm`), wasm);
  });
  const size = sizes(folder, `${CLIENT}.js`, `${CLIENT}_bg.wasm`);
  if (size > MAX_CLIENT_BYTES) throw new Failure(`The client has ${size} bytes: a page is to load ${MAX_CLIENT_BYTES} at most.`);
}

async function optimise(what, level, from, to) {
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  await run(`Optimising ${what}`, "wasm-opt", [level, ...features, from, "-o", to]);
}

async function cargo(what, args) {
  await run(`Compiling ${what}`, "cargo", [...args, "--target", WASM]);
}

/**
 * Makes something from files, unless it was made from files just like these before. What counts is what is in them: Cargo
 * replaces what it built for one crate when it builds another.
 */
async function makeFrom(name, output, inputs, make) {
  const recipe = ["tools/build.mjs", "tools/versions.mjs", "package-lock.json"].map((path) => join(ROOT, path));
  const hash = createHash("sha256");
  for (const path of [...inputs, ...recipe]) hash.update(readFileSync(path));
  const digest = hash.digest("hex");
  const stamp = join(TARGET, "stamps", name.replaceAll("/", "-"));
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  rmSync(stamp, { force: true });
  await make();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

function sizes(folder, ...names) {
  const packed = names.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length);
  const list = names.map((name, index) => `${name} ${packed[index]}`).join(" + ");
  const sum = packed.reduce((sum, size) => sum + size);
  console.log(`gzip -9: ${list} = ${sum} bytes`);
  return sum;
}

await main(import.meta.url, (names) => build(...names));
