// What a page may ask of a stream: read once, checked, and complete.

import { nativeClass } from "./line.js";

const TRANSPORTS = ["auto", "native", "fetch", "longpoll"];

/**
 * @param {object | null | undefined} options
 * @param {string} url the absolute address of the stream
 * @param {boolean} isHub whether a hub of ours is there, which reads a last event id from the address
 * @throws {TypeError} names the option that is wrong and what was expected
 */
export function readSettings(options, url, isHub) {
  const given = options ?? {};
  if (typeof given !== "object") throw new TypeError("the options must be an object");
  const read = (name, fallback, expected, isRight) => {
    const value = given[name] ?? fallback;
    if (!isRight(value)) throw new TypeError(`the option \`${name}\` must be ${expected}`);
    return value;
  };
  const ms = (name, fallback) =>
    read(name, fallback, "a number of milliseconds from 0 on", (value) => typeof value === "number" && value >= 0);

  const { headers, method, body, withCredentials } = given;
  const lastEventId = read(
    "lastEventId",
    "",
    "a text without line breaks and NUL",
    (value) => typeof value === "string" && !/[\0\r\n]/.test(value),
  );
  const isToken = (value) => typeof value === "string" && /^[!-~]+$/.test(value);
  const asks = [headers, method, body].some((value) => value != null) || (lastEventId !== "" && !isHub);
  const transport = read("transport", "auto", `one of ${TRANSPORTS.join(", ")}`, (value) => TRANSPORTS.includes(value));
  if (asks && transport === "native") throw new TypeError("the transport `native` sends no headers, method, body or lastEventId");
  if (transport === "native" && !nativeClass()) throw new TypeError("this browser has no EventSource of its own");
  const request = { credentials: withCredentials ? "include" : "same-origin", cache: "no-store" };
  for (const [name, value] of Object.entries({ headers, method, body })) if (value != null) request[name] = value;
  // What cannot be sent is refused now, in the browser's own words; what can be sent only once could not be sent again.
  if (asks) new Request(url, request);
  read("body", "", "a text, a form or bytes", (value) => !(value instanceof ReadableStream));

  const expected = "a text without spaces, or a function that returns one";
  const token = read("token", undefined, expected, (value) => value === undefined || typeof value === "function" || isToken(value));
  const hasToken = token !== undefined;

  const streams = "body" in Response.prototype;
  return {
    transport,
    first: nativeClass() && !asks && !hasToken ? "native" : streams ? "fetch" : "longpoll",
    lastEventId,
    // A poll is asked for again and again.
    mayPoll: body == null && /^(get)?$/i.test(method ?? ""),
    // What is sent elsewhere than where the page said is not for this code to repeat.
    mayMove: !asks && !hasToken,
    hasToken,
    /** Gets a token from the page, and keeps it as `bearer`. Whatever goes wrong, what is returned rejects. */
    async ask() {
      const given = typeof token === "function" ? await token() : token;
      if (!isToken(given)) throw new TypeError(`the option \`token\` must be ${expected}`);
      this.bearer = given;
    },
    isNear: new URL(url).origin === globalThis.location?.origin,
    retry: ms("retry", 3000),
    maxRetry: ms("maxRetry", 30000),
    firstBytes: ms("firstBytes", 5000),
    climbAfter: ms("climbAfter", 60000),
    withCredentials: Boolean(withCredentials),
    request,
  };
}
