// What the tests need of the page: an EventSource that they drive by hand, a count of listeners, and a record of the
// DOM events that elements get.

export class ScriptedEventSource extends EventTarget {
  static latest;
  static count = 0;
  readyState = 0;

  constructor(url, { withCredentials = false } = {}) {
    super();
    this.url = url;
    this.withCredentials = withCredentials;
    ScriptedEventSource.latest = this;
    ScriptedEventSource.count += 1;
  }

  close() {
    this.readyState = 2;
  }
}

const NativeEventSource = globalThis.EventSource;
const source = () => ScriptedEventSource.latest;

export const useScriptedSource = () => void (globalThis.EventSource = ScriptedEventSource);
export const useNativeSource = () => void (globalThis.EventSource = NativeEventSource);
export const sources = () => ScriptedEventSource.count;
export const sourceUrl = () => source().url;
export const sourceState = () => source().readyState;
export const sourceHasCredentials = () => source().withCredentials;

/** The hub sends an event. */
export function send(type, data, lastEventId) {
  source().dispatchEvent(new MessageEvent(type, { data, lastEventId }));
}

/** The connection opens, breaks or ends. */
export function changeState(readyState) {
  source().readyState = readyState;
  source().dispatchEvent(new Event(readyState === 1 ? "open" : "error"));
}

// Every listener of every target, once each: adding the same one again adds none.
const listeners = new Map();
const { addEventListener, removeEventListener } = EventTarget.prototype;
EventTarget.prototype.addEventListener = function (type, listener, options) {
  if (!listeners.has(this)) listeners.set(this, new Set());
  listeners.get(this).add(`${type} ${identity(listener)}`);
  return addEventListener.call(this, type, listener, options);
};
EventTarget.prototype.removeEventListener = function (type, listener, options) {
  listeners.get(this)?.delete(`${type} ${identity(listener)}`);
  return removeEventListener.call(this, type, listener, options);
};
export const listenerCount = () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0);

const identities = new WeakMap();
let lastIdentity = 0;
function identity(listener) {
  if (!identities.has(listener)) identities.set(listener, ++lastIdentity);
  return identities.get(listener);
}

/** Replaces what the test before this one showed. */
export function show(html) {
  let stage = document.querySelector("#stage");
  stage ??= document.body.appendChild(Object.assign(document.createElement("div"), { id: "stage" }));
  stage.innerHTML = html;
}

export const append = (html) => document.querySelector("#stage").insertAdjacentHTML("beforeend", html);
export const remove = (selector) => document.querySelector(selector).remove();
export const mark = (selector, name, value) => document.querySelector(selector).setAttribute(name, value);

/** The events of these types that reach an element, each as a line `type channel data`. */
export class Heard {
  lines = [];
  details = [];

  constructor(selector, types, onEvent = () => {}) {
    const element = document.querySelector(selector);
    for (const type of types) {
      addEventListener.call(element, type, ({ detail }) => {
        this.lines.push(`${type} ${detail.channel} ${JSON.stringify(detail.data)}`);
        this.details.push(detail);
        onEvent();
      });
    }
  }

  detail(index, name) {
    return this.details[index][name];
  }

  eventType(index) {
    return this.details[index].event.type;
  }
}

export const nextEvent = (selector, type) =>
  new Promise((resolve) => addEventListener.call(document.querySelector(selector), type, resolve, { once: true }));
