// The class `EventSource`: an `EventTarget`, which no class of WebAssembly can be, around the stream that does the work.

import { Source } from "bindings";
import { absolute } from "./page.js";
import { nativeClass } from "./line.js";
import { whenReady } from "./ready.js";
import { readSettings } from "./settings.js";

const STATES = { CONNECTING: 0, OPEN: 1, CLOSED: 2 };

export class EventSource extends EventTarget {
  static native = nativeClass();

  #url;
  /** Whether the page says that a hub is there: then an id is heard, and a silence understood, before the first message. */
  #isHub;
  #settings;
  /** What does the work, once WebAssembly is there and until the stream is closed. */
  #source;
  #readyState = STATES.CONNECTING;
  #lastEventId;
  #transport;
  #types = new Set();
  #handlers = new Map();
  #signal;
  #abort = () => this.close();

  constructor(url, options = {}) {
    if (arguments.length === 0) throw new TypeError("an EventSource needs an address");
    super();
    try {
      this.#url = absolute(url);
    } catch {
      throw new DOMException(`"${url}" is no address`, "SyntaxError");
    }
    this.#isHub = options?.hub === true;
    this.#settings = readSettings(options, this.#url, this.#isHub);
    const { lastEventId, transport, first } = this.#settings;
    this.#lastEventId = lastEventId;
    this.#transport = transport === "auto" ? first : transport;
    this.#signal = options?.signal ?? undefined;
    if (this.#signal?.aborted) this.#readyState = STATES.CLOSED;
    else this.#signal?.addEventListener("abort", this.#abort);
    whenReady(
      () => this.#connect(),
      () => this.#fail(),
    );
  }

  #connect() {
    if (this.#readyState === STATES.CLOSED) return;
    this.#source = new Source(this.#url, this.#settings, this.#isHub, (event) => this.#deliver(event));
    for (const type of this.#types) this.#source.listen(type);
  }

  /** There is nothing to connect with. */
  #fail() {
    if (this.#readyState === STATES.CLOSED) return;
    this.close();
    this.dispatchEvent(new Event("error"));
  }

  #deliver(event) {
    // Failed for good: what is left are the listeners of the page itself.
    if (event.type === "error" && this.readyState === STATES.CLOSED) this.#release();
    this.dispatchEvent(event);
  }

  #look() {
    if (!this.#source) return;
    this.#readyState = this.#source.readyState;
    this.#lastEventId = this.#source.lastEventId;
    this.#transport = this.#source.transport;
  }

  #release() {
    this.#signal?.removeEventListener("abort", this.#abort);
    const source = this.#source;
    this.#source = undefined;
    // Not now: it may be what calls.
    if (source) queueMicrotask(() => source.free());
  }

  get url() {
    return this.#url;
  }

  get withCredentials() {
    return this.#settings.withCredentials;
  }

  get readyState() {
    this.#look();
    return this.#readyState;
  }

  get lastEventId() {
    this.#look();
    return this.#lastEventId;
  }

  get transport() {
    this.#look();
    return this.#transport;
  }

  close() {
    this.#look();
    this.#readyState = STATES.CLOSED;
    this.#source?.close();
    this.#release();
  }

  // The browser's own class, where it does the work, must be asked for each type by name.
  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
    if (!listener) return;
    this.#types.add(String(type));
    this.#source?.listen(String(type));
  }

  /** HTML standard, "event handler IDL attributes": a handler has the place of the one that it replaces. */
  static #handler(type) {
    return {
      configurable: true,
      enumerable: true,
      get() {
        return this.#handlers.get(type)?.handler ?? null;
      },
      set(handler) {
        let entry = this.#handlers.get(type);
        if (typeof handler !== "function" && (typeof handler !== "object" || handler === null)) {
          if (entry) this.removeEventListener(type, entry.call);
          this.#handlers.delete(type);
          return;
        }
        if (!entry) {
          // An object is kept, and does nothing.
          entry = { call: (event) => typeof entry.handler === "function" && entry.handler.call(this, event) };
          this.#handlers.set(type, entry);
          this.addEventListener(type, entry.call);
        }
        entry.handler = handler;
      },
    };
  }

  static {
    // Its name is its own also where it was made shorter.
    Object.defineProperty(this, "name", { value: "EventSource" });
    Object.defineProperty(this.prototype, Symbol.toStringTag, { value: "EventSource", configurable: true });
    for (const name of ["url", "withCredentials", "readyState", "close", "lastEventId", "transport"]) {
      Object.defineProperty(this.prototype, name, { enumerable: true });
    }
    for (const type of ["open", "message", "error"]) Object.defineProperty(this.prototype, `on${type}`, this.#handler(type));
    for (const [name, value] of Object.entries(STATES)) {
      for (const place of [this, this.prototype]) Object.defineProperty(place, name, { value, enumerable: true });
    }
  }
}
