// The legs of listeners that get the same bytes, and the frames that not all of them have yet.

import { join, length } from "./bytes.js";

/** About how many bytes a chunk has at most; a single frame may be larger. */
const MAX_CHUNK_BYTES = 256 * 1024;

export class Group {
  /** @type {Map<number, {leg: {write(bytes: Uint8Array): void, cut(): void}, next: number}>} */
  legs = new Map();
  /** @type {Uint8Array[]} */
  #frames = [];
  /** The number of the first of these frames; frames are numbered as they come. */
  #first = 0;

  get #end() {
    return this.#first + this.#frames.length;
  }

  get hasFrames() {
    return this.#frames.length > 0;
  }

  /** A leg gets what is pushed from now on. One that is here already does so, and may lack earlier frames too. */
  add(number, leg) {
    if (!this.legs.has(number)) this.legs.set(number, { leg, next: this.#end });
  }

  push(frame) {
    this.#frames.push(frame);
  }

  /** What is to be delivered next. */
  nextChunk() {
    let [count, bytes] = [0, 0];
    for (const frame of this.#frames) {
      if (count > 0 && bytes + frame.byteLength > MAX_CHUNK_BYTES) break;
      count += 1;
      bytes += frame.byteLength;
    }
    return new Chunk(this, this.#first, this.#frames.slice(0, count));
  }

  /** Every leg has this chunk. Returns how many bytes wait no more. */
  forget(chunk) {
    // Nothing is left of it where the group was cleared.
    const done = this.#frames.splice(0, Math.max(0, chunk.end - this.#first));
    this.#first += done.length;
    return length(done);
  }

  /** Nobody is left to deliver to. Returns how many bytes wait no more. */
  clear() {
    return this.forget({ end: this.#end });
  }
}

/** Frames that leave together. */
class Chunk {
  #first;
  #frames;
  /** The bytes for legs that begin with a frame, by its number: nearly all begin with the same. */
  #bytes = new Map();

  constructor(group, first, frames) {
    this.group = group;
    this.#first = first;
    this.#frames = frames;
  }

  /** The number of the frame after the last. */
  get end() {
    return this.#first + this.#frames.length;
  }

  get byteLength() {
    return length(this.#frames);
  }

  /** Writes to a leg what it lacks, and returns whether that was anything. */
  writeTo(member) {
    if (member.next >= this.end) return false;
    const bytes = this.#from(member.next);
    member.next = this.end;
    try {
      member.leg.write(bytes);
    } catch (error) {
      console.error(`a leg did not take a chunk: ${error}`);
      // A listener that missed a message must not get the next one: it comes back with its cursor.
      member.next = Infinity;
      member.leg.cut();
    }
    return true;
  }

  #from(first) {
    if (!this.#bytes.has(first)) this.#bytes.set(first, join(this.#frames.slice(first - this.#first)));
    return this.#bytes.get(first);
  }
}
