// The one-tag form: connects the marked elements of the page to the hub that served this file. The options of `connect`
// are data attributes of the tag, such as `data-max-retry="60000"` for `maxRetry`.

import init, { connect } from "./cyclone_edge_client.js";

const flag = (text) => text !== "false";
/** Nothing is no number, and `connect` says so. */
const number = (text) => (text.trim() === "" ? NaN : Number(text));

/** Attributes are texts: how options are read that are something else. */
const readers = {
  debug: flag,
  withCredentials: flag,
  events: (text) => text.split(/[\s,]+/).filter((name) => name !== ""),
  headers: JSON.parse,
  climbAfter: number,
  firstBytes: number,
  maxRetry: number,
  retry: number,
};

function readOptions() {
  const tag = [...document.scripts].find((script) => script.src === import.meta.url);
  const given = Object.entries(tag?.dataset ?? {}).map(([name, text]) => [name, readers[name]?.(text) ?? text]);
  return { url: new URL("/sse/", import.meta.url).href, ...Object.fromEntries(given) };
}

/** With the attribute `async`, the tag may be run before the elements are there. */
function parsed() {
  if (document.readyState !== "loading") return;
  return new Promise((resolve) => addEventListener("DOMContentLoaded", resolve, { once: true }));
}

async function start() {
  await Promise.all([init(), parsed()]);
  return connect(readOptions());
}

/** The connection of the page, once it is there. */
export const connection = start();
connection.catch((error) => console.error(error));
