// Live delivery: from frames, one for each group of listeners that get the same bytes, to the legs of all of them.
//
// A delivery goes in cycles. Each takes what has come since the last one began, as one chunk, and writes it to one leg
// after another; after each slice of them the runtime writes to their connections what it was given. So the first message
// after a quiet moment leaves at once, and a busy channel costs one write for each leg and cycle, and not one for each message.
//
// It is JavaScript, not Rust, so that a panic, which ends the WebAssembly instance, does not end a cycle in its middle; and
// so that nothing passes through WebAssembly once for each listener.

import { Clock } from "./clock.js";
import { Group } from "./group.js";
import { KeepAlives } from "./keep_alives.js";
import { SocketLeg } from "./socket_leg.js";
import { StreamLeg } from "./stream_leg.js";
import { Turns } from "./turns.js";

/**
 * How many legs are written to before the runtime may write to their connections, by all objects of the isolate together. With
 * more, the first wait for the last and publishes wait for all; with fewer, turning to the runtime costs more than it brings.
 */
const SLICE_LEGS = 32;
/** How many bytes each leg of one object is given before it: few legs are given much before there are that many writes. */
const SLICE_BYTES = 64 * 1024;
/** While more than this waits to be delivered, there is no room for more. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** How many objects of the isolate are writing at this moment. */
let writing = 0;

/** By the state that the runtime gives an object, and gives it again after a panic. */
const fanOuts = new WeakMap();

/**
 * The fan-out of an object: the same as long as the object lives.
 *
 * @param {DurableObjectState} state
 * @param {() => Promise<unknown>} wake has the object attend again after a panic
 */
export function fanOutOf(state, wake) {
  if (!fanOuts.has(state)) fanOuts.set(state, new FanOut(state, wake));
  return fanOuts.get(state);
}

class FanOut {
  #state;
  #wake;
  #isWaking = false;
  /** @type {Map<number, Group>} */
  #groups = new Map();
  /** The groups that have frames to deliver. */
  #busy = new Set();
  #waitingBytes = 0;
  #running = false;
  /** What waits for room. */
  #awaitsRoom = [];
  /** @type {Set<StreamLeg>} */
  #streamLegs = new Set();
  #keepAlives;
  #wantsMore = () => false;
  #left = () => {};
  #deliveredAtMs = Date.now();
  /** How much was written since the last turn that was taken here: to how many legs, and to each of them. */
  #written = { legs: 0, bytes: 0 };
  #turns;

  constructor(state, wake) {
    this.#state = state;
    this.#wake = wake;
    const clock = new Clock(state.storage);
    this.#keepAlives = new KeepAlives(clock);
    this.#turns = new Turns(state.storage, clock, this.#keepAlives);
  }

  /**
   * Says whom to tell that a stream leg which is behind has room for more, and that the listener of one has left.
   *
   * @param {(group: number, number: number) => boolean} wantsMore whether it was heard
   * @param {(group: number, number: number) => void} left
   */
  attend(wantsMore, left) {
    this.#isWaking = false;
    this.#wantsMore = wantsMore;
    this.#left = left;
    // What was replayed when the object lost its memory goes on.
    for (const leg of this.#streamLegs) leg.goOn();
  }

  /** A new stream leg, whose answer is its `body`. */
  openStreamLeg(group, number, settings, endsAtMs, isNew, quietMs) {
    const leg = new StreamLeg(this, group, number, settings, endsAtMs, isNew, quietMs);
    this.#streamLegs.add(leg);
    this.#keepAlives.add(leg, settings.keepAliveMs);
    return leg;
  }

  /** The stream legs that are open. */
  get streamLegs() {
    return [...this.#streamLegs];
  }

  /** Whether nothing was delivered for so long. */
  isQuiet(quietMs) {
    return Date.now() - this.#deliveredAtMs > quietMs;
  }

  /** From now on the socket gets what is delivered to its group. (It may do so already, after a panic.) */
  addSocket(group, number, socket) {
    this.#add(group, number, new SocketLeg(socket));
  }

  addStream(leg) {
    this.#add(leg.group, leg.number, leg);
  }

  #add(group, number, leg) {
    this.#turns.onActivity();
    if (!this.#groups.has(group)) this.#groups.set(group, new Group());
    this.#groups.get(group).add(number, leg);
  }

  /** A leg gets nothing any more. */
  remove(group, number) {
    const from = this.#groups.get(group);
    if (from === undefined) return;
    from.legs.delete(number);
    if (from.legs.size > 0) return;
    this.#groups.delete(group);
    this.#busy.delete(from);
    this.#free(from.clear());
  }

  /** A stream leg wants more history. */
  onWantsMore(leg) {
    if (!this.#isHeard(leg)) this.#state.waitUntil(this.#attendAgain());
  }

  #isHeard(leg) {
    try {
      return this.#wantsMore(leg.group, leg.number) === true;
    } catch {
      // The WebAssembly instance is gone, and this object's memory with it. (Where nothing has called it since, it may also be
      // that the next one hears this, and knows nothing of it.)
      return false;
    }
  }

  /** Has the object take up its memory. */
  async #attendAgain() {
    if (this.#isWaking) return;
    this.#isWaking = true;
    try {
      await this.#wake();
    } catch (error) {
      // The next keep-alive tries again.
      console.error(`an object did not wake after a panic: ${error}`);
    } finally {
      this.#isWaking = false;
    }
  }

  /** The listener of a stream leg has left. */
  onGone(leg) {
    this.#turns.onActivity();
    this.#streamLegs.delete(leg);
    this.#keepAlives.remove(leg);
    this.remove(leg.group, leg.number);
    // Not before whoever ended it is through.
    queueMicrotask(() => this.#tellLeft(leg));
  }

  #tellLeft(leg) {
    try {
      this.#left(leg.group, leg.number);
    } catch {
      // When the object takes up its memory, it finds who is still there.
    }
  }

  /** Delivers a frame to all legs that a group has now. */
  deliver(group, frame) {
    this.#deliveredAtMs = Date.now();
    const to = this.#groups.get(group);
    if (to === undefined) return;
    to.push(frame);
    this.#waitingBytes += frame.byteLength;
    this.#busy.add(to);
    this.#turns.onActivity();
    if (this.#running) return;
    this.#running = true;
    this.#state.waitUntil(this.#run());
  }

  /** Waits until there is room for more to deliver; undefined where there is. */
  room() {
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return undefined;
    this.#turns.onActivity();
    return new Promise((resolve) => this.#awaitsRoom.push(resolve));
  }

  #free(bytes) {
    this.#waitingBytes -= bytes;
    if (this.#waitingBytes <= MAX_WAITING_BYTES) for (const resolve of this.#awaitsRoom.splice(0)) resolve();
  }

  async #run() {
    try {
      while (this.#busy.size > 0) {
        // What comes from here on is for the next cycle: it may not be durable when this one is.
        const chunks = [...this.#busy].map((group) => group.nextChunk());
        this.#busy.clear();
        await this.#state.storage.sync();
        writing += 1;
        await this.#write(chunks).finally(() => (writing -= 1));
      }
    } finally {
      this.#running = false;
    }
  }

  async #write(chunks) {
    for (const chunk of chunks) {
      for (const member of chunk.group.legs.values()) {
        if (!chunk.writeTo(member)) continue;
        this.#written.legs += 1;
        if (this.#written.legs >= SLICE_LEGS / writing) await this.#turn();
      }
      this.#written.bytes += chunk.byteLength;
      if (this.#written.bytes > SLICE_BYTES) await this.#turn();
      this.#free(chunk.group.forget(chunk));
      if (chunk.group.hasFrames) this.#busy.add(chunk.group);
    }
  }

  #turn() {
    this.#written = { legs: 0, bytes: 0 };
    return this.#turns.take();
  }
}
