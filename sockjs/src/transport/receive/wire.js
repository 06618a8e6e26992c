// How frames are written for what reads them.

/** How a frame, which is JSON after its letter, is written for what reads it. */
const CODINGS = {
  plain: (frame) => frame,
  /** In a page, a string must neither end the script that it is in nor begin a comment. */
  script: (frame) => JSON.stringify(frame).replaceAll("<", "\\u003c"),
  /** Clients decode what EventSource brings as they would a URI. */
  uri: (frame) => frame.replaceAll("%", "\\u0025"),
};

export class Wire {
  #before;
  #after;
  #coding;

  constructor(before, after, coding) {
    this.#before = before;
    this.#after = after;
    this.#coding = coding;
  }

  write(frame) {
    return this.#before + CODINGS[this.#coding](frame) + this.#after;
  }
}
