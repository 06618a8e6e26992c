// `npm run fuzz -- [target ...] [--minutes N]`: looks for inputs for which the targets of protocol/fuzz do not hold, for ten
// minutes each unless told otherwise; without a name, all of them, one after the other. It takes a nightly compiler.
//
// It begins with the inputs in protocol/fuzz/corpus, and keeps what it finds in target/fuzz/corpus for the next time. An input
// that fails is in target/fuzz/artifacts: mend what it shows, and put it into protocol/fuzz/corpus, which every test run replays.

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { answer, Failure, main, ROOT, run, step, TARGET } from "./run.mjs";
import { ensureCargoTool } from "./toolchain.mjs";

const FUZZ = join(ROOT, "protocol", "fuzz");
const FOUND = join(TARGET, "fuzz");

await main(import.meta.url, async (options) => {
  const { targets, minutes } = read(options);
  if (!answer("cargo", "+nightly", "--version")) {
    throw new Failure('Fuzzing takes a nightly compiler: run "rustup toolchain install nightly", then try again.');
  }
  await ensureCargoTool("cargo-fuzz");
  for (const target of targets) {
    step(`Fuzzing ${target} for ${minutes} minutes`);
    await fuzz(target, minutes);
  }
});

function read(options) {
  const known = readdirSync(join(FUZZ, "corpus"));
  const place = options.indexOf("--minutes");
  const minutes = place < 0 ? 10 : Number(options.splice(place, 2)[1]);
  if (!(minutes > 0)) throw new Failure("--minutes takes a number above 0.");
  const unknown = options.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Failure(`There is no target "${unknown}": name ${known.join(", ")} or nothing.`);
  return { targets: options.length > 0 ? options : known, minutes };
}

async function fuzz(target, minutes) {
  const [corpus, artifacts] = ["corpus", "artifacts"].map((name) => join(FOUND, name, target));
  for (const folder of [corpus, artifacts]) mkdirSync(folder, { recursive: true });
  // libFuzzer writes what it finds into the first folder only.
  const folders = [corpus, join(FUZZ, "corpus", target)];
  const limits = [`-max_total_time=${Math.ceil(60 * minutes)}`, "-max_len=4096", "-rss_limit_mb=2048", "-timeout=10"];
  await run(`Fuzzing ${target}`, "cargo", [
    ...["+nightly", "fuzz", "run", "--fuzz-dir", FUZZ, "--target-dir", FOUND, "--features", "libfuzzer", target],
    ...[...folders, "--", ...limits, `-artifact_prefix=${artifacts}/`, "-print_final_stats=1"],
  ]);
}
