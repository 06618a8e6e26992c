// The versions of the command-line tools that come from crates.io. npm packages are pinned in package.json and the
// compiler in rust-toolchain.toml.

export const OLDEST_NODE = 20;

/** Installed into .tools by name of the crate; `program` is what the crate installs. */
export const CARGO_TOOLS = {
  "worker-build": { version: "0.8.7", program: "worker-build" },
  // Must be the version of the wasm-bindgen crate in Cargo.toml.
  "wasm-bindgen-cli": { version: "0.2.130", program: "wasm-bindgen" },
  geckodriver: { version: "0.37.1", program: "geckodriver" },
  "cargo-fuzz": { version: "0.13.2", program: "cargo-fuzz" },
  "wasm-pack": { version: "0.15.1", program: "wasm-pack" },
};
