// The pipe from a leg (a WebSocket to the object that holds the listener) to the body of the listener's response.
//
// It is JavaScript, not Rust, for two reasons that the platform gives. When a request panics, the runtime throws the
// WebAssembly instance away, with every Rust closure in it: a pipe in Rust would leave all other listeners of the
// isolate connected to nothing. And bytes pass from the socket to the response without a copy through WebAssembly.
//
// Binary messages are for the listener. The text "pause" asks to be told "more" once little of that waits; the text
// "live" says that this will not be needed again. The first binary message is the greeting, which ends a long-poll only
// where a hello makes it an event: who asks for one asks whether it is connected, and not for what comes next.

/** "pause" is answered with "more" once less than this waits. */
const HIGH_WATER_MARK = 64 * 1024;

/**
 * @param {WebSocket} leg not accepted yet
 * @param {boolean} isLongPoll end after the first messages, or after the first keep-alive
 * @param {string} hello what makes the greeting an event, if it is to be one
 * @param {string} keepAlive what to write when nothing else was for a while
 * @param {number} keepAliveMs
 * @param {number} maxWaitingBytes when more than this waits already and cannot be written, the listener is cut
 * @returns {ReadableStream<Uint8Array>}
 */
export function pipe(leg, isLongPoll, hello, keepAlive, keepAliveMs, maxWaitingBytes) {
  const encoder = new TextEncoder();
  const ping = encoder.encode(keepAlive);
  let response;
  let timer;
  let ended = false;
  let greeted = false;
  let live = false;
  let owesMore = false;
  let written = 0;
  let isBeingJudged = false;

  function stop(code, reason) {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    try {
      leg.close(code, reason);
    } catch {
      // It is closed already.
    }
  }

  function end() {
    if (ended) return;
    stop(1000, "done");
    response.close();
  }

  function waiting() {
    return HIGH_WATER_MARK - response.desiredSize;
  }

  function write(bytes) {
    if (waiting() > maxWaitingBytes && !isBeingJudged) {
      // What can be written is written before a timer fires: many messages at once are no fault of the listener.
      isBeingJudged = true;
      setTimeout(judge, 0, written);
    }
    response.enqueue(bytes);
    written += bytes.byteLength;
  }

  /** Cuts the listener if too much still waits of what was written `before`. */
  function judge(before) {
    isBeingJudged = false;
    if (ended || waiting() - (written - before) <= maxWaitingBytes) return;
    stop(1008, "the listener does not read");
    // Dropping what waits, instead of ending in good order, frees its memory at once.
    response.error(new Error("the listener does not read"));
  }

  function askForMore() {
    if (!owesMore || ended || response.desiredSize <= 0) return;
    owesMore = false;
    leg.send("more");
  }

  function onMessage({ data }) {
    if (ended) return;
    if (data === "live") {
      live = true;
    } else if (data === "pause") {
      owesMore = true;
      askForMore();
    } else if (greeted) {
      write(new Uint8Array(data));
      if (isLongPoll) end();
    } else {
      greeted = true;
      if (hello === "") return write(new Uint8Array(data));
      // Without the empty line that ends it: the hello is of the same block.
      write(new Uint8Array(data, 0, data.byteLength - 1));
      write(encoder.encode(hello));
      if (isLongPoll) end();
    }
  }

  function onKeepAlive() {
    write(ping);
    if (isLongPoll) end();
    // An object that lost its memory while it replayed history waits to be asked.
    else if (!live && !owesMore && !ended) leg.send("more");
  }

  return new ReadableStream(
    {
      start(controller) {
        response = controller;
        leg.binaryType = "arraybuffer";
        leg.addEventListener("message", onMessage);
        leg.addEventListener("close", end);
        leg.addEventListener("error", end);
        leg.accept();
        timer = setInterval(onKeepAlive, keepAliveMs);
      },
      pull: askForMore,
      cancel() {
        stop(1000, "the listener left");
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK }),
  );
}
