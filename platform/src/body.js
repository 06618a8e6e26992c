// Reading a request's body up to bounds: of its size, of its time, and of what all bodies take that are being read.
//
// It is JavaScript for the runtime's own way to read (`readAtLeast`), which gathers pieces of any size in native code. Read
// piece by piece, a body that comes byte by byte costs 50 us for each. And what is counted here outlives a panic.

/** How many bytes are asked for first, then as many again, and so on: memory is taken for what comes, not for what is announced. */
const FIRST_BYTES = 8 * 1024;
/** What all bodies may take beyond their first bytes: the isolate, which has 128 MB, serves all listeners too. */
const MAX_BYTES_OF_ALL = 32 * 1024 * 1024;

/**
 * The bodies that are being read and are larger than their first bytes. The runtime drops a request whose client has gone
 * without another word, so one that has outlived its time does not count.
 *
 * @type {Set<{bytes: number, until: number}>}
 */
const large = new Set();

/** Bodies that say that they are no larger than this are read in one go, in half the time. */
const MAX_SMALL_BYTES = 64 * 1024;

/**
 * Reads the body of a request that says how large it is.
 *
 * @param {Request} request
 * @param {number} announcedBytes no more than `maxBytes`
 * @param {number} maxBytes
 * @param {number} maxMs
 * @returns {Promise<Uint8Array | "large" | "slow" | "crowd">} the body, or which bound it met
 */
export async function readAnnouncedBody(request, announcedBytes, maxBytes, maxMs) {
  if (announcedBytes > MAX_SMALL_BYTES) return readBody(request.body, maxBytes, maxMs);
  return inTime(maxMs, async (tooLate) => {
    const read = await Promise.race([request.arrayBuffer(), tooLate]);
    return read === "slow" ? read : new Uint8Array(read);
  });
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {number} maxBytes
 * @param {number} maxMs
 * @returns {Promise<Uint8Array | "large" | "slow" | "crowd">} the body, or which bound it met
 */
export async function readBody(body, maxBytes, maxMs) {
  const reader = body.getReader({ mode: "byob" });
  const taken = { bytes: 0, until: Date.now() + maxMs };
  const giveUp = (why) => {
    reader.cancel().catch(() => {});
    return why;
  };
  try {
    return await inTime(maxMs, async (tooLate) => {
      let whole = new Uint8Array(0);
      for (;;) {
        // One byte more than there may be tells an end from more.
        const wanted = Math.min(Math.max(FIRST_BYTES, whole.byteLength), maxBytes + 1 - whole.byteLength);
        if (whole.byteLength > 0 && !take(taken, wanted)) return giveUp("crowd");
        const read = await Promise.race([reader.readAtLeast(wanted, new Uint8Array(wanted)), tooLate]);
        if (read === "slow") return giveUp(read);
        const piece = read.value ?? new Uint8Array(0);
        whole = join(whole, piece);
        if (whole.byteLength > maxBytes) return giveUp("large");
        // Less than was asked for is the last.
        if (piece.byteLength < wanted) return whole;
      }
    });
  } finally {
    large.delete(taken);
  }
}

function join(whole, piece) {
  if (whole.byteLength === 0) return piece;
  const joined = new Uint8Array(whole.byteLength + piece.byteLength);
  joined.set(whole);
  joined.set(piece, whole.byteLength);
  return joined;
}

/** Reads with a promise of "slow", which is kept when the time is over. */
async function inTime(maxMs, read) {
  let timer;
  const tooLate = new Promise((resolve) => (timer = setTimeout(resolve, maxMs, "slow")));
  try {
    return await read(tooLate);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes so many more bytes for a body, if there is room. */
function take(taken, bytes) {
  const now = Date.now();
  for (const one of large) if (one.until < now) large.delete(one);
  if (bytes + [...large].reduce((sum, one) => sum + one.bytes, 0) > MAX_BYTES_OF_ALL) return false;
  taken.bytes += bytes;
  large.add(taken);
  return true;
}
