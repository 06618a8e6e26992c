// A client's WebSocket, and the leg that belongs to it.

import { HEARTBEAT, IN_ORDER, MESSAGE, NEXT, close, say } from "./leg.js";

/** What a client may send in one go. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** After so many characters of frames, the object hears that there is room for more: it counts on hearing that more seldom. */
const HEAR_AFTER_CHARS = 64 * 1024;
/** There is room while less than this waits to be written to the client's connection. */
const ROOM_BYTES = 256 * 1024;
/** How often it is looked whether there is room again: the runtime does not tell. */
const LOOK_MS = 50;
/** RFC 6455, section 7.4.1. */
const TOO_BIG = 1009;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Brings a leg and a client's WebSocket together.
 *
 * @param {WebSocket} leg not accepted yet
 * @returns {WebSocket} the client's end
 */
export function bridge(leg, isRaw, heartbeatMs) {
  const { 0: theirs, 1: ours } = new WebSocketPair();
  ours.binaryType = "arraybuffer";
  // A WebSocket without frames has no heartbeats.
  const timer = isRaw ? undefined : setInterval(() => say(ours, HEARTBEAT), heartbeatMs);
  let [passed, look] = [0, undefined];
  const end = (socket, code, reason) => {
    clearInterval(timer);
    clearTimeout(look);
    close(socket, code, reason);
  };
  const tellOfRoom = () => {
    if (ours.bufferedAmount >= ROOM_BYTES) {
      look = setTimeout(tellOfRoom, LOOK_MS);
      return;
    }
    [passed, look] = [0, undefined];
    say(leg, NEXT);
  };
  leg.addEventListener("message", ({ data }) => {
    if (!isRaw) say(ours, data);
    else if (data[0] === "a") for (const message of JSON.parse(data.slice(1))) say(ours, message);
    passed += data.length;
    if (passed >= HEAR_AFTER_CHARS && look === undefined) tellOfRoom();
  });
  leg.addEventListener("close", ({ code, reason }) => end(ours, code, reason));
  leg.addEventListener("error", () => end(ours, 1011, ""));
  ours.addEventListener("message", ({ data }) => {
    const text = typeof data === "string" ? data : decoder.decode(data);
    // Most are so short that they need not be encoded to tell.
    const isShort = 3 * text.length <= MAX_MESSAGE_BYTES;
    if (isShort || encoder.encode(text).byteLength <= MAX_MESSAGE_BYTES) return say(leg, MESSAGE + text);
    end(ours, TOO_BIG, "Message too big");
    close(leg, IN_ORDER, "too big");
  });
  ours.addEventListener("close", ({ code }) => {
    end(leg, IN_ORDER, "the client left");
    close(ours, code, "");
  });
  ours.addEventListener("error", () => end(leg, IN_ORDER, "the client left"));
  ours.accept();
  leg.accept();
  return theirs;
}
