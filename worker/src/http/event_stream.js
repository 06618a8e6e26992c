// The body of a listener's response: an event stream that bounds what waits to be written, and ends when its listener's time
// is over.
//
// It is JavaScript, not Rust. When a request panics, the runtime throws the WebAssembly instance away, with every Rust
// closure in it: a stream in Rust would leave all other listeners of the isolate connected to nothing. And bytes need no
// copy through WebAssembly.

/** There is room while less than this waits. */
const HIGH_WATER_MARK = 64 * 1024;
/**
 * When a write finds more than this waiting, of which nothing can be written for so long, the listener does not read: it is
 * cut. (What is being written counts as waiting until the kernel has all of it, which takes as long as the network does.)
 */
const MAX_WAITING_BYTES = 256 * 1024;
const PATIENCE_MS = 250;
/** When a write finds more than this waiting, the listener does not read fast enough: it is cut too. */
const MAX_BURST_BYTES = 1024 * 1024;
/** A timer with a longer delay rings at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const encoder = new TextEncoder();
const strategy = new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK });

/** What all event streams of a hub have in common. */
export class StreamSettings {
  /**
   * @param {string} keepAlive what is written at every interval
   * @param {number} keepAliveMs the interval, which the owners of streams keep
   * @param {string} expired what is written when the listener's time is over
   */
  constructor(keepAlive, keepAliveMs, expired) {
    this.keepAlive = encoder.encode(keepAlive);
    this.keepAliveMs = keepAliveMs;
    this.expired = encoder.encode(expired);
  }
}

export class EventStream {
  #settings;
  #awaitsRoom = false;
  #endsAtMs;
  #owner;
  #response;
  #endTimer;
  #ended = false;
  #written = 0;
  #isBeingJudged = false;

  /**
   * @param {StreamSettings} settings
   * @param {number} endsAtMs when the listener's time is over, as `Date.now()` tells it; Infinity for never
   * @param {boolean} tellsOfRoom whether the owner is told of room, which takes 11 KB for a stream, and a tenth of a write
   * @param {{onRoom(): void, onGone(code: number, reason: string): void}} owner is told when little waits, if it awaits that,
   * and once that the stream is over, with a code and a reason for a WebSocket
   */
  constructor(settings, endsAtMs, tellsOfRoom, owner) {
    this.#settings = settings;
    this.#endsAtMs = endsAtMs;
    this.#owner = owner;
    const source = {
      start: (controller) => void (this.#response = controller),
      cancel: () => this.#stop(1000, "the listener left"),
    };
    if (tellsOfRoom) source.pull = () => this.#tellOfRoom();
    /** @type {ReadableStream<Uint8Array>} */
    this.body = new ReadableStream(source, strategy);
    if (endsAtMs < Infinity) this.#endTimer = setTimeout(() => this.#onEndTimer(), 0);
  }

  /** The owner awaits room. A stream that does not tell of it looks once, and leaves the rest to keep-alives. */
  awaitRoom() {
    this.#awaitsRoom = true;
    // Not before whoever says so is through.
    queueMicrotask(() => this.#tellOfRoom());
  }

  #tellOfRoom() {
    if (!this.#awaitsRoom || this.#ended || this.#response.desiredSize <= 0) return;
    this.#awaitsRoom = false;
    this.#owner.onRoom();
  }

  /** Writes whole blocks of the format; many streams may be given the same bytes. */
  write(bytes) {
    if (this.#ended) return;
    const waiting = this.#waiting;
    if (waiting > MAX_BURST_BYTES) return this.#cut();
    if (waiting > MAX_WAITING_BYTES && !this.#isBeingJudged) {
      this.#isBeingJudged = true;
      const taken = this.#written - waiting;
      setTimeout(() => this.#judge(taken), PATIENCE_MS);
    }
    try {
      this.#response.enqueue(bytes);
    } catch {
      // The stream has come to an end that it was not told of.
      return this.#cut();
    }
    this.#written += bytes.byteLength;
  }

  /** Writes a keep-alive. Returns whether the stream goes on. */
  keepAlive() {
    this.write(this.#settings.keepAlive);
    return !this.#ended;
  }

  /** Ends the stream after what was written. */
  end() {
    if (!this.#stop(1000, "done")) return;
    this.#response.close();
  }

  get #waiting() {
    return HIGH_WATER_MARK - this.#response.desiredSize;
  }

  /** Cuts the listener if it has taken nothing since it had taken so much, and too much waits. */
  #judge(taken) {
    this.#isBeingJudged = false;
    const waiting = this.#waiting;
    if (!this.#ended && waiting > MAX_WAITING_BYTES && this.#written - waiting === taken) this.#cut();
  }

  #cut() {
    this.#stop(1008, "the listener does not read");
    // Dropping what waits, instead of ending in good order, frees its memory at once.
    this.#response.error(new Error("the listener does not read"));
  }

  // Everything written is whole blocks, so what is written here follows a whole block, and the listener's cursor is that of
  // the last message that it has.
  #onEndTimer() {
    const leftMs = this.#endsAtMs - Date.now();
    if (leftMs > 0) {
      this.#endTimer = setTimeout(() => this.#onEndTimer(), Math.min(leftMs, MAX_TIMER_MS));
      return;
    }
    this.write(this.#settings.expired);
    this.end();
  }

  /** Returns whether this is the first time. */
  #stop(code, reason) {
    if (this.#ended) return false;
    this.#ended = true;
    clearTimeout(this.#endTimer);
    this.#owner.onGone(code, reason);
    return true;
  }
}
