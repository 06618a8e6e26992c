// Builds the browser package: client-wasm into media/client, which is what pages load and what `npm pack` packs.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Failure, ROOT, run, TARGET } from "./run.mjs";
import { cargo, compiledBy, makeFrom, optimise, weigh } from "./wasm.mjs";

const NAME = "cyclone_edge_client";
const SOURCE = join(ROOT, "client-wasm");
const FOLDER = join(ROOT, "media", "client");
/** What a page loads of it at most, JavaScript and WebAssembly, as gzip -9 makes it. */
const MAX_BYTES = 32 * 1024;

/** What each file is bundled from. The script is for pages without modules; the others import the package's module. */
const BUNDLES = [
  { from: "index.js", to: `${NAME}.js`, options: ["--format=esm"] },
  { from: "auto.js", to: "auto.js", options: ["--format=esm"] },
  { from: "jquery/module.js", to: "jquery.js", options: ["--format=esm"] },
  // A plain script knows its own address by other means.
  { from: "jquery/script.js", to: "jquery.sse.js", options: ["--format=iife", "--define:import.meta.url=undefined"] },
];

export async function buildClient() {
  // The crate is an `rlib` too, for its tests, and Cargo optimises across crates only what is not.
  const crate = ["-p", "cyclone-edge-client", "--crate-type", "cdylib", "--features", "standalone"];
  await cargo("client", ["rustc", "--lib", "--profile", "client", ...crate]);
  const compiled = compiledBy("client", NAME);
  const wasm = join(FOLDER, `${NAME}_bg.wasm`);
  const sources = (await readdir(join(SOURCE, "js"), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const texts = ["package.json", "README.md"].map((name) => join(SOURCE, "npm", name));
  await makeFrom("client", wasm, [compiled, ...sources.sort(), ...texts], async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    const bindings = await bind(compiled, wasm);
    for (const { from, to, options } of BUNDLES) await bundle(bindings, from, to, options);
    for (const path of texts) cpSync(path, join(FOLDER, path.slice(join(SOURCE, "npm").length)));
    cpSync(join(ROOT, "LICENSE"), join(FOLDER, "LICENSE"));
    cpSync(join(SOURCE, "js", "index.d.ts"), join(FOLDER, `${NAME}.d.ts`));
    cpSync(join(SOURCE, "js", "auto.d.ts"), join(FOLDER, "auto.d.ts"));
    cpSync(join(SOURCE, "js", "jquery", "module.d.ts"), join(FOLDER, "jquery.d.ts"));
  });
  const loads = { "a page with modules": ["auto.js", `${NAME}.js`], "a page with jQuery": ["jquery.sse.js"], "jQuery as a module": ["jquery.js", `${NAME}.js`] };
  for (const [page, scripts] of Object.entries(loads)) {
    const size = weigh(page, FOLDER, ...scripts, `${NAME}_bg.wasm`);
    if (size > MAX_BYTES) throw new Failure(`The client has ${size} bytes: a page is to load ${MAX_BYTES} at most.`);
  }
}

/** Writes the WebAssembly, and the JavaScript between it and the browser, whose path it returns. */
async function bind(compiled, wasm) {
  const folder = join(TARGET, "client-bindings");
  rmSync(folder, { recursive: true, force: true });
  await run("Writing the bindings of client", "wasm-bindgen", ["--target", "web", "--out-dir", folder, "--out-name", NAME, compiled]);
  const bound = join(folder, `${NAME}_bg.wasm`);
  const names = await optimise("client", bound, wasm, "-Oz", "--strip-producers", "--strip-target-features", "--minify-imports-and-exports-and-modules");
  const path = join(folder, `${NAME}.js`);
  let glue = rename(readFileSync(path, "utf8"), JSON.parse(names));
  // wasm-bindgen copies the files that Rust imports; the package has each once.
  glue = glue.replaceAll(/(["'])\.\/snippets\/[^/]+\/js\//g, `$1${join(SOURCE, "js")}/`);
  writeFileSync(path, glue);
  return path;
}

/** Gives the imports and exports in wasm-bindgen's JavaScript the short names that wasm-opt gave them: 3 KB less. */
function rename(glue, { imports, exports }) {
  const replace = (from, to) => {
    if (!from.test(glue)) throw new Failure(`wasm-bindgen's JavaScript is not what it was: it has no ${from}.`);
    glue = glue.replace(from, () => to);
  };
  // Functions that need nothing between them and WebAssembly come from modules of their own.
  const direct = [];
  for (const [module, name, short] of imports) {
    const key = JSON.stringify(short);
    if (module === `./${NAME}_bg.js`) {
      replace(new RegExp(`(?<=^\\s+)${name}:`, "m"), `${key}:`);
    } else {
      const [, namespace] = new RegExp(`"${module}": (import\\d+)`).exec(glue);
      direct.push(`${key}: ${namespace}.${name}`);
    }
  }
  replace(/return \{\s+__proto__: null,[^}]*\};|return \{[^}]*import0[^}]*\};/, `return { a: { ...import0, ${direct.join(", ")} } };`);
  for (const [name, short] of exports) {
    if (glue.includes(`wasm.${name}`)) replace(new RegExp(`\\bwasm\\.${name}\\b`, "g"), `wasm[${JSON.stringify(short)}]`);
  }
  return glue;
}

async function bundle(bindings, from, to, options) {
  const shared = ["--bundle", "--minify", "--target=es2022", "--log-level=warning", `--alias:bindings=${bindings}`, `--external:./${NAME}.js`];
  await run(`Bundling ${to}`, "esbuild", [join(SOURCE, "js", from), ...shared, ...options, `--outfile=${join(FOLDER, to)}`]);
}
