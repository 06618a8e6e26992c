// Debian packages: installs them where that is permitted, and otherwise says which ones to install.

import { Failure, find, run, step } from "./run.mjs";

/** Installs `packages`; `missing` starts the sentence for a machine where apt-get is not ours to run. */
export async function installDebian(missing, ...packages) {
  const command = `apt-get install ${packages.join(" ")}`;
  if (process.getuid() !== 0 || !find("apt-get")) {
    throw new Failure(`${missing} is missing: run "${command}" as root, then try again.`);
  }
  step(`Installing ${packages.join(", ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("Updating the package lists", "apt-get", ["update", "-q"], { env });
  await run(`"${command}"`, "apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages], { env });
}
