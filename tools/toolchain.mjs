// The compilers and build tools: each is used when its pinned version is there and installed when it is not.

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { installDebian } from "./debian.mjs";
import { answer, Failure, find, ROOT, run, step } from "./run.mjs";
import { CARGO_TOOLS } from "./versions.mjs";

export const WASM = "wasm32-unknown-unknown";
const COMPONENTS = ["rustfmt", "clippy"];

/** Everything that building takes, and `tools` from CARGO_TOOLS besides. */
export async function ensureToolchain(...tools) {
  await ensureRust();
  await ensurePackages();
  for (const tool of ["wasm-bindgen-cli", "worker-build", ...tools]) await ensureCargoTool(tool);
}

/** The npm packages of package-lock.json. */
async function ensurePackages() {
  // Inside wrangler they are in use, and must not be replaced.
  if (process.env.WRANGLER_COMMAND) return;
  const installed = join(ROOT, "node_modules", ".package-lock.json");
  const modified = (path) => statSync(path).mtimeMs;
  if (existsSync(installed) && modified(installed) >= modified(join(ROOT, "package-lock.json"))) return;
  step("Installing npm packages");
  // Below "error" npm warns that wrangler wants a newer Node, which is one of the packages.
  await run("Installing the npm packages", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** The compiler that rust-toolchain.toml names, with the WebAssembly target. */
async function ensureRust() {
  if (!find("rustup")) throw new Failure("Rust is missing: install rustup (https://rustup.rs), then try again.");
  if (!find("cc")) await installDebian("A C linker (cc)", "build-essential");
  if (!answer("rustc", "--version")) {
    const [, channel] = /channel = "(.+)"/.exec(readFileSync(join(ROOT, "rust-toolchain.toml"), "utf8"));
    step(`Installing Rust ${channel}`);
    await run(`Installing Rust ${channel}`, "rustup", ["toolchain", "install", channel, "--profile", "minimal"]);
  }
  if (!(answer("rustup", "target", "list", "--installed") || "").includes(WASM)) {
    step(`Installing Rust's target ${WASM}`);
    await run(`Installing Rust's target ${WASM}`, "rustup", ["target", "add", WASM]);
  }
  const components = answer("rustup", "component", "list", "--installed") || "";
  const missing = COMPONENTS.filter((component) => !components.includes(component));
  if (missing.length > 0) {
    step(`Installing ${missing.join(" and ")}`);
    await run(`Installing ${missing.join(" and ")}`, "rustup", ["component", "add", ...missing]);
  }
}

/** One program of crates.io, in .tools/bin. */
export async function ensureCargoTool(crate) {
  const { version, program } = CARGO_TOOLS[crate];
  const found = answer(join(ROOT, ".tools", "bin", program), "--version") || "";
  if (found.split(/\s+/).includes(version)) return;

  // worker-build links OpenSSL, although nothing here makes it download anything.
  if (crate === "worker-build" && answer("pkg-config", "--exists", "openssl") === undefined) {
    await installDebian("OpenSSL's development package", "pkg-config", "libssl-dev");
  }
  step(`Installing ${crate} ${version} (some minutes, once)`);
  const install = ["install", "--root", ".tools", "--target-dir", ".tools/target", `${crate}@${version}`];
  // They run for milliseconds and compile for minutes: optimise less.
  const env = {
    CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
    CARGO_PROFILE_RELEASE_LTO: "off",
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
  };
  try {
    await run(`Installing ${crate} ${version}`, "cargo", [...install, "--locked"], { env });
  } catch {
    // A registry mirror can lack a version that the tool's own lock file names.
    console.log(`Trying again without ${crate}'s lock file.`);
    await run(`Installing ${crate} ${version}`, "cargo", [...install, "--force"], { env });
  }
}
