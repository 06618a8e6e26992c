// The browsers that tests run in, each with its driver: Chromium (CHROMIUM, CHROMEDRIVER) and Firefox (FIREFOX,
// GECKODRIVER). They are named by these environment variables or found on PATH.

import { join } from "node:path";
import { installDebian } from "./debian.mjs";
import { find, ROOT } from "./run.mjs";
import { ensureCargoTool } from "./toolchain.mjs";

/** The environment variables that name the four programs to the tests; installs what is missing. */
export async function ensureBrowsers() {
  const missing = [];
  if (!chromium() || !chromedriver()) missing.push("chromium", "chromium-driver");
  if (!firefox()) missing.push("firefox-esr");
  if (missing.length > 0) await installDebian("A browser for the tests", ...missing);
  await ensureGeckodriver();
  return { CHROMIUM: chromium(), CHROMEDRIVER: chromedriver(), FIREFOX: firefox(), GECKODRIVER: geckodriver() };
}

function chromium() {
  return process.env.CHROMIUM || find("chromium") || find("chromium-browser") || find("google-chrome");
}

function chromedriver() {
  return process.env.CHROMEDRIVER || find("chromedriver");
}

function firefox() {
  return process.env.FIREFOX || find("firefox-esr") || find("firefox");
}

function geckodriver() {
  return process.env.GECKODRIVER || find("geckodriver");
}

/** Debian has no package of it. */
async function ensureGeckodriver() {
  const own = join(ROOT, ".tools", "bin", "geckodriver");
  if (!geckodriver() || geckodriver() === own) await ensureCargoTool("geckodriver");
}
