// nginx, of Debian: in front of a hub in the tests, and with its module Nchan beside one in the benchmark.

import { existsSync } from "node:fs";
import { installDebian } from "./debian.mjs";
import { find } from "./run.mjs";

/** The environment variable that names nginx to the tests; installs it where it is missing. */
export async function ensureNginx() {
  if (!nginx()) await installDebian("nginx", "nginx");
  return { NGINX: nginx() };
}

// Debian's place for it is not on every PATH.
function nginx() {
  return process.env.NGINX || find("nginx") || (existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : undefined);
}
