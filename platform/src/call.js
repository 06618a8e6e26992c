// Calls between workers and objects, each with a time limit: whoever waits for an answer keeps others waiting.
//
// In Rust, the request, the timer and the answer's body each are a handful of calls into JavaScript: that took more than
// half of what a publish costs.

/** Objects are addressed by their stub; the host of the address says nothing. */
const HOST = "http://object";
/** How long an object may take to answer. */
const ANSWER_DEADLINE_MS = 10_000;

/**
 * @param {DurableObjectNamespace} namespace
 * @param {string} name
 * @param {string | undefined} locationHint the region in which to make the object, if it has to be made
 */
export function stubOf(namespace, name, locationHint) {
  return namespace.getByName(name, { locationHint });
}

/**
 * Posts a body, with headers or without, and returns any answer; throws when it does not come in time.
 *
 * @param {Headers | undefined} headers
 * @returns {Promise<{status: number, text: string}>}
 */
export function ask(stub, path, body, headers) {
  const controller = new AbortController();
  const { signal } = controller;
  const answered = async () => {
    const answer = await stub.fetch(HOST + path, { method: "POST", headers, body, signal });
    return { status: answer.status, text: await answer.text() };
  };
  // When a panic took whoever waits for the answer, the runtime sees so only once nothing is under way.
  return beforeDeadline(answered(), () => controller.abort());
}

/** Posts a body, and returns that of the answer; throws when it is not 200, or does not come in time. */
export async function post(stub, path, body) {
  const { status, text } = await ask(stub, path, body);
  if (status !== 200) throw new Error(`${path} answered ${status}`);
  return text;
}

/** The same as a function for later, which outlives a panic. (A stub may be of no use after one.) */
export function poster(namespace, name, path, body) {
  return () => post(stubOf(namespace, name), path, body);
}

/**
 * Asks for a leg. The answer is a WebSocket or a body without end; one with any other status is read whole.
 *
 * @param {Headers | undefined} headers
 * @returns {Promise<{status: number, webSocket: WebSocket | null, body: ReadableStream | null, text: string}>}
 */
export function getLeg(stub, pathAndQuery, headers) {
  const all = new Headers(headers);
  all.set("Upgrade", "websocket");
  const answered = async () => {
    const answer = await stub.fetch(HOST + pathAndQuery, { headers: all });
    const { status, webSocket, body } = answer;
    const isLeg = status === 200 || webSocket !== null;
    return { status, webSocket, body, text: isLeg ? "" : await answer.text() };
  };
  // Not to be aborted: the leg is to outlive the call.
  return beforeDeadline(answered(), () => {});
}

async function beforeDeadline(answer, giveUp) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("an object does not answer"));
      giveUp();
    }, ANSWER_DEADLINE_MS);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
