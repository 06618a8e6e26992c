// `npm test`: installs what is missing, builds, and runs every test; `npm test -- <step> [arguments for cargo test]`
// runs one step. The first failure ends it.

import { ensureBrowsers } from "./browser.mjs";
import { build } from "./build.mjs";
import { installDebian } from "./debian.mjs";
import { ensureNginx } from "./nginx.mjs";
import { Failure, find, main, run, step } from "./run.mjs";
import { ensureToolchain } from "./toolchain.mjs";

const STEPS = [
  { name: "protocol", title: "Protocol: unit tests", run: cargoTest("cyclone-edge-protocol") },
  { name: "fuzz", title: "Protocol: inputs that fuzzing keeps", run: replayCorpus },
  {
    name: "worker",
    title: "Worker, SockJS server, platform: native unit tests",
    run: cargoTest("cyclone-edge", "-p", "cyclone-edge-sockjs", "-p", "cyclone-edge-platform", "--lib"),
  },
  {
    name: "client",
    title: "Client: native unit tests, tests in Chromium and Firefox",
    run: clientTest,
    prepare: () => ensureToolchain("wasm-pack"),
    browser: true,
  },
  { name: "cli", title: "Command line: unit tests, and a server that misbehaves", run: cargoTest("cyclone-edge-cli") },
  { name: "bench", title: "Benchmark: arithmetic and report", run: cargoTest("cyclone-edge-bench") },
  {
    name: "e2e",
    title: "End to end: worker, runtime, Chromium and Firefox",
    run: cargoTest("cyclone-edge-tests", "--lib", "--bins", "--test", "e2e"),
    prepare: async () => {
      // README's lines are run as they are typed.
      if (!find("curl")) await installDebian("curl", "curl");
      await build("worker", "client", "examples/hooks", "tests/panic");
      const tools = ["-p", "cyclone-edge-cli", "-p", "cyclone-edge-bench"];
      await run("Building the command line and the benchmark", "cargo", ["build", ...tools]);
    },
    browser: true,
    nginx: true,
  },
  {
    name: "sockjs",
    title: "SockJS: the protocol on raw sockets, and its clients in Chromium",
    run: cargoTest("cyclone-edge-tests", "--test", "sockjs"),
    // `npm start` builds the browser package too.
    prepare: () => build("client", "examples/sockjs-echo", "examples/chat", "examples/multiplex", "tests/recorder"),
    browser: true,
  },
  {
    name: "legs",
    title: "End to end, with each kind of leg for all listeners",
    run: testLegs,
    prepare: () => build("worker", "examples/hooks", "tests/panic"),
  },
];

await main(import.meta.url, async ([name, ...extra]) => {
  const chosen = STEPS.filter((one) => name === undefined || one.name === name);
  if (chosen.length === 0) {
    throw new Failure(`There is no test step "${name}": name ${STEPS.map((one) => one.name).join(", ")} or nothing.`);
  }
  await ensureToolchain();
  for (const one of chosen) if (one.prepare) await one.prepare();
  const env = chosen.some((one) => one.browser) ? await ensureBrowsers() : {};
  if (chosen.some((one) => one.nginx)) Object.assign(env, await ensureNginx());

  const timings = [];
  for (const one of chosen) {
    step(one.title);
    const began = Date.now();
    await one.run(`The test step "${one.name}"`, extra, env);
    timings.push(`${one.name} ${((Date.now() - began) / 1000).toFixed(1)} s`);
  }
  step(`Passed: ${timings.join(", ")}`);
});

function cargoTest(crate, ...options) {
  return (purpose, extra, env) => run(purpose, "cargo", ["test", "-p", crate, ...options, ...extra], { env });
}

// A workspace of its own; `npm run fuzz` looks for more.
function replayCorpus(purpose, extra) {
  return run(purpose, "cargo", ["test", "--manifest-path", "protocol/fuzz/Cargo.toml", ...extra]);
}

// The flags of the browsers are in client-wasm/webdriver.json.
async function clientTest(purpose, extra, env) {
  await cargoTest("cyclone-edge-client", "--lib")(purpose, extra, env);
  // wasm-pack names the driver itself: its test runner takes the first that the environment names.
  const noDriver = { CHROMEDRIVER: undefined, GECKODRIVER: undefined };
  const wasmPack = (options, env) =>
    run(purpose, "wasm-pack", ["test", "--headless", ...options, "client-wasm", ...extra], { env: { ...noDriver, ...env } });
  await wasmPack(["--chrome", "--chromedriver", env.CHROMEDRIVER], {});
  await wasmPack(["--firefox", "--geckodriver", env.GECKODRIVER], { GECKODRIVER_ARGS: `--binary='${env.FIREFOX}'` });
}

// The tests of what passes over legs. With the kind that the hub chooses, sockets for so few listeners, they are among all
// others; so those that take long are run with streams only.
async function testLegs(purpose, extra) {
  const socket = ["crowds::", "panic::", "relay::", "resume::", "wire::"];
  const stream = ["ago::", "durability::", "expiry::", "framing::", "history::", "hooks::", "idempotency::", "long_poll::"];
  stream.push("overload::past", "presence::", "publish::", "slow_listeners::", "storage::", ...socket);
  for (const [LEGS, tests] of Object.entries({ socket, stream })) {
    step(`Every leg a ${LEGS}`);
    await run(purpose, "cargo", ["test", "-p", "cyclone-edge-tests", "--test", "e2e", ...extra, "--", ...tests], { env: { LEGS } });
  }
}
