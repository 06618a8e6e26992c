// Builds the worker into worker/build and the browser package into media/client: what is deployed.
// `node tools/build.mjs [worker|client|<folder> ...]`, where a folder, such as examples/hooks, has the crate of another
// worker, and gets a folder `build` too. wrangler runs it as well (see wrangler.toml).

import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildClient } from "./client.mjs";
import { Failure, main, ROOT, run, step, TARGET } from "./run.mjs";
import { ensureToolchain } from "./toolchain.mjs";
import { cargo, compiledBy, makeFrom, optimise, weigh } from "./wasm.mjs";

/** Builds the named parts; without names, what is deployed. */
export async function build(...names) {
  const parts = names.length > 0 ? names : ["worker", "client"];
  const unknown = parts.find((name) => name !== "client" && !existsSync(manifest(name)));
  if (unknown !== undefined) throw new Failure(`There is no "${unknown}" to build: name worker, client or the folder of a crate.`);
  await ensureToolchain();
  for (const name of parts) {
    step(`Building ${name}`);
    await (name === "client" ? buildClient() : buildWorker(name));
  }
}

const manifest = (path) => join(ROOT, path, "Cargo.toml");

/** The worker whose crate is in the folder `path`. */
async function buildWorker(path) {
  const [, crate] = /^name = "(.+)"/m.exec(readFileSync(manifest(path), "utf8"));
  await cargo(path, ["build", "--lib", "--profile", "release", "-p", crate]);
  const folder = join(ROOT, path, "build");
  const wasm = join(folder, "index_bg.wasm");
  const compiled = compiledBy("release", crate.replaceAll("-", "_"));
  await makeFrom(path, wasm, [compiled, manifest(path)], async () => {
    const packed = join(TARGET, "packed", crate);
    const pack = ["--release", "--no-opt", "--out-dir", packed];
    await run(`Packing ${path}`, "worker-build", pack, { cwd: join(ROOT, path) });
    cpSync(join(packed, "index.js"), join(folder, "index.js"));
    // worker-build would keep the names of all functions, a tenth of the whole: a panic tells its file and line anyway.
    await optimise(path, join(packed, "index_bg.wasm"), wasm, "-O");
  });
  weigh(path, folder, "index.js", "index_bg.wasm");
}

await main(import.meta.url, (names) => build(...names));
