// Reading a client's body up to bounds of its size and its time, and what is random.

/** How many bytes are asked for first, then as many again, and so on: memory is taken for what comes, not for what is announced. */
const FIRST_BYTES = 8 * 1024;

/**
 * @param {Request} request
 * @returns {Promise<Uint8Array | "large" | "slow">} the body, or which bound it met
 */
export async function readBody(request, maxBytes, maxMs) {
  if (Number(request.headers.get("Content-Length")) > maxBytes) return "large";
  if (request.body === null) return new Uint8Array(0);
  const reader = request.body.getReader({ mode: "byob" });
  let timer;
  const tooLate = new Promise((resolve) => (timer = setTimeout(resolve, maxMs, "slow")));
  try {
    return await readWhole(reader, maxBytes, tooLate);
  } finally {
    clearTimeout(timer);
  }
}

async function readWhole(reader, maxBytes, tooLate) {
  const giveUp = (why) => {
    reader.cancel().catch(() => {});
    return why;
  };
  let whole = new Uint8Array(0);
  for (;;) {
    // One byte more than there may be tells an end from more.
    const wanted = Math.min(Math.max(FIRST_BYTES, whole.byteLength), maxBytes + 1 - whole.byteLength);
    const read = await Promise.race([reader.readAtLeast(wanted, new Uint8Array(wanted)), tooLate]);
    if (read === "slow") return giveUp("slow");
    const piece = read.value ?? new Uint8Array(0);
    const joined = new Uint8Array(whole.byteLength + piece.byteLength);
    joined.set(whole);
    joined.set(piece, whole.byteLength);
    whole = joined;
    if (whole.byteLength > maxBytes) return giveUp("large");
    // Less than was asked for is the last.
    if (piece.byteLength < wanted) return whole;
  }
}

export function entropy() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

export function unique() {
  return crypto.randomUUID();
}
