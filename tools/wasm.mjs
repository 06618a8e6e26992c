// Making WebAssembly: compiling, optimising, not doing again what was done, and weighing what came of it.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, run, TARGET } from "./run.mjs";
import { WASM } from "./toolchain.mjs";

// What rustc 1.95 emits by default, and the exceptions with which wasm-bindgen catches those of JavaScript; wasm-opt may
// use no more than that.
const FEATURES = [
  "bulk-memory",
  "exception-handling",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
];

/** Compiles a crate of the workspace. */
export async function cargo(what, args) {
  await run(`Compiling ${what}`, "cargo", [...args, "--target", WASM]);
}

/** Where Cargo leaves a crate's WebAssembly. */
export const compiledBy = (profile, name) => join(TARGET, WASM, profile, `${name}.wasm`);

/** Optimises `from` into `to`; returns what wasm-opt prints. */
export function optimise(what, from, to, ...options) {
  const features = FEATURES.map((feature) => `--enable-${feature}`);
  return run(`Optimising ${what}`, "wasm-opt", [...features, from, "-o", to, ...options], { reads: true });
}

/**
 * Makes something from files, unless it was made from files just like these before. What counts is what is in them: Cargo
 * replaces what it built for one crate when it builds another.
 */
export async function makeFrom(name, output, inputs, make) {
  const recipe = ["tools/build.mjs", "tools/client.mjs", "tools/wasm.mjs", "tools/versions.mjs", "package-lock.json"];
  const hash = createHash("sha256");
  for (const path of [...inputs, ...recipe.map((path) => join(ROOT, path))]) hash.update(readFileSync(path));
  const digest = hash.digest("hex");
  const stamp = join(TARGET, "stamps", name.replaceAll("/", "-"));
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  rmSync(stamp, { force: true });
  await make();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

/** Prints what some files weigh as gzip -9 makes them, and returns the sum in bytes. */
export function weigh(what, folder, ...names) {
  const packed = names.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length);
  const list = names.map((name, index) => `${name} ${packed[index]}`).join(" + ");
  const sum = packed.reduce((sum, size) => sum + size);
  console.log(`gzip -9, ${what}: ${list} = ${sum} bytes`);
  return sum;
}
