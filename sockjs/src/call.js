// Calls between the worker and its objects, each with a time limit: whoever waits for an answer keeps others waiting.

/** Objects are addressed by their stub; the host of the address says nothing. */
const HOST = "http://object";
/** How long an object may take to answer. */
const ANSWER_DEADLINE_MS = 10_000;

/** @param {DurableObjectNamespace} namespace */
export function stubOf(namespace, name) {
  return namespace.getByName(name);
}

/**
 * Posts a body, with what else the object has to know of a client's request.
 *
 * @returns {Promise<{status: number, text: string}>}
 */
export function post(stub, path, body, address, kind) {
  const controller = new AbortController();
  const headers = { "SockJS-Address": address, "SockJS-Kind": kind };
  const ask = async () => {
    const answer = await stub.fetch(HOST + path, { method: "POST", body, headers, signal: controller.signal });
    return { status: answer.status, text: await answer.text() };
  };
  return beforeDeadline(ask(), () => controller.abort());
}

/**
 * Asks for a leg.
 *
 * @param {string} opening JSON of the characters that a header may have
 * @returns {Promise<WebSocket>} not accepted yet
 */
export function getLeg(stub, path, opening) {
  const ask = async () => {
    const answer = await stub.fetch(HOST + path, { headers: { Upgrade: "websocket", "SockJS-Opening": opening } });
    if (answer.webSocket === null) throw new Error(`no leg: the session answered ${answer.status}`);
    return answer.webSocket;
  };
  // Not to be aborted: the leg is to outlive the call.
  return beforeDeadline(ask(), () => {});
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
