// nginx, of Debian: in front of a hub in the tests, and with its module Nchan beside one in the benchmark.

import { existsSync } from "node:fs";
import { installDebian } from "./debian.mjs";
import { find } from "./run.mjs";

/** Where Debian's package puts it. */
const NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/** The environment variable that names nginx to the tests; installs it where it is missing. */
export async function ensureNginx() {
  if (!nginx()) await installDebian("nginx", "nginx");
  return { NGINX: nginx() };
}

/** The same for the benchmark, with Nchan; where that is not to be had, it does without. */
export async function ensureNchan() {
  try {
    if (!nginx() || !existsSync(NCHAN)) await installDebian("nginx with Nchan", "nginx", "libnginx-mod-nchan");
  } catch (failure) {
    console.log(`${failure.message} Until then the hub is measured alone.`);
  }
  return { NGINX: nginx() };
}

// Debian's place for it is not on every PATH.
function nginx() {
  return process.env.NGINX || find("nginx") || (existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : undefined);
}
