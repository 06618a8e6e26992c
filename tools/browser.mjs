// The browser that tests run in: Chromium and its driver, named by CHROMIUM and CHROMEDRIVER or found on PATH.

import { installDebian } from "./debian.mjs";
import { find } from "./run.mjs";

/** The environment variables that name both programs to the tests; installs what is missing. */
export async function ensureBrowser() {
  if (!chromium() || !chromedriver()) {
    await installDebian("A browser for the tests (Chromium and chromedriver)", "chromium", "chromium-driver");
  }
  return { CHROMIUM: chromium(), CHROMEDRIVER: chromedriver() };
}

function chromium() {
  return process.env.CHROMIUM || find("chromium") || find("chromium-browser") || find("google-chrome");
}

function chromedriver() {
  return process.env.CHROMEDRIVER || find("chromedriver");
}
