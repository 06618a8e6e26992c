// One connection of a stream, by the browser's own EventSource or by fetch; one pause between two; or one question to the page.
//
// It is JavaScript because it is all promises and callbacks of the browser: in WebAssembly the same took 12 KB more. What
// it means is decided in Rust (`src/stream`): each function here starts something, tells of it with `tell(what, value)`,
// where `what` is one of the names in `src/stream/line.rs`, and returns what stops it.

/** What a hub answers `greeting=event` with, besides its first bytes. */
const HELLO = "sse.hello";
/** A cursor of a hundred channels is 1.7 KB long. */
const MAX_GREETING = 4096;
/** How long it may take a hub to answer a poll that asks for no more than the greeting. */
const LOOK_MS = 10_000;
/** Longer than any hub lets a poll wait: its keep-alive interval is 300 s at most. */
const POLL_MS = 330_000;
/** The longest time that a timer can be set to. */
const MAX_TIMER_MS = 0x7fffffff;

/** The browser's own EventSource, also where a page has put the package's class in its place. */
export function nativeClass() {
  const own = globalThis.EventSource;
  return own && "native" in own ? own.native : own;
}

/** A new MessageEvent. */
export const message = (type, data, lastEventId, origin) => new MessageEvent(type, { data, lastEventId, origin });

/** A new Event of the connection, with the members that say why. */
export const signal = (type, members) => Object.assign(new Event(type), members);

/** The browser's own class, which reconnects by itself. It shows neither bytes nor, without an event, an id. */
export function startNative(url, settings, isHub, types, tell) {
  const { withCredentials } = settings;
  const source = new (nativeClass())(url, { withCredentials });
  const watch = startWatch(url, settings, isHub, () => tell("silent"));
  // A message can be of the type `open` or `error` too: what tells it from the connection's own is that it has data.
  const isMessage = (event) => event.data !== undefined;
  const listeners = new Map();
  const add = (name, type, act) => {
    if (listeners.has(name)) return;
    listeners.set(name, [type, act]);
    source.addEventListener(type, act);
  };
  let heard = false;
  const hear = (what, value) => {
    heard = true;
    watch.stop();
    tell(what, value);
  };
  const listen = (type) =>
    add(`message ${type}`, type, (event) => {
      // An event that was dispatched can be dispatched again only as a copy.
      if (isMessage(event)) hear("message", message(type, event.data, event.lastEventId, event.origin));
    });
  add("open", "open", (event) => {
    if (isMessage(event)) return;
    if (!heard) watch.start();
    tell("open");
  });
  add("error", "error", (event) => {
    if (isMessage(event)) return;
    watch.stop();
    // The next connection may go another way.
    heard = false;
    tell(source.readyState === 2 ? "closed" : "interrupted");
  });
  add("hello", HELLO, (event) => hear("id", event.lastEventId));
  types.forEach(listen);
  return {
    listen,
    stop() {
      watch.stop();
      source.close();
      for (const [type, act] of listeners.values()) source.removeEventListener(type, act);
    },
  };
}

/** One request. A poll is not expected to say anything soon. */
export function startFetch(url, settings, lastEventId, isPoll, isHub, tell) {
  const abort = new AbortController();
  const { signal } = abort;
  const say = (what, value, afterMs) => signal.aborted || tell(what, value, afterMs);
  const watch = isPoll ? undefined : startWatch(url, settings, isHub, () => say("silent"));
  const lose = () => say("lost");
  const timer = isPoll ? setTimeout(lose, POLL_MS) : undefined;
  // A connection from before a pause of the network is mostly dead, and nobody says so.
  addEventListener("online", lose);
  const stop = () => {
    watch?.stop();
    clearTimeout(timer);
    removeEventListener("online", lose);
    abort.abort();
  };
  async function run() {
    const response = await request(url, settings, lastEventId, signal);
    const { status } = response;
    if (status !== 200 || !isEventStream(response)) return say("refused", { status }, retryAfter(response));
    // The next attempt goes where this one was led to.
    if (response.redirected && settings.mayMove) settings.moved = { from: url, to: response.url };
    say("open", new URL(response.url).origin);
    for await (const bytes of pieces(response)) {
      watch?.stop();
      say("bytes", bytes);
    }
    say("end");
  }
  run()
    .catch(lose)
    .finally(stop);
  return { listen() {}, stop };
}

/** Waits, but no longer than until the browser is online again or the page is looked at again: then somebody waits too. */
export function startPause(ms, offlineMs, tell) {
  const page = globalThis.document;
  const again = () => tell("again");
  const onVisible = () => page.visibilityState === "visible" && again();
  // 0 as a timer, too, so that what is told comes later.
  const timer = setTimeout(again, Math.min(globalThis.navigator?.onLine === false ? Math.max(ms, offlineMs) : ms, MAX_TIMER_MS));
  addEventListener("online", again);
  page?.addEventListener("visibilitychange", onVisible);
  return {
    listen() {},
    stop() {
      clearTimeout(timer);
      removeEventListener("online", again);
      page?.removeEventListener("visibilitychange", onVisible);
    },
  };
}

/** Asks the page for a token. It is asked once at a time, however often the stream begins anew meanwhile. */
export function startAsk(settings, tell) {
  let say = tell;
  settings.asking ??= settings.ask().finally(() => (settings.asking = undefined));
  settings.asking.then(
    () => say?.("token"),
    (cause) => say?.("tokenless", { cause }),
  );
  return {
    listen() {},
    stop() {
      say = undefined;
    },
  };
}

function request(url, { request: init, bearer, moved }, lastEventId, signal) {
  const headers = new Headers(init.headers);
  // Browsers drop this header where a redirect leads to another origin.
  if (bearer) headers.set("Authorization", `Bearer ${bearer}`);
  if (!headers.has("Accept")) headers.set("Accept", "text/event-stream");
  // "the UTF-8 encoding" of the id; a header is a string of bytes.
  if (lastEventId !== "") headers.set("Last-Event-ID", Array.from(new TextEncoder().encode(lastEventId), (byte) => String.fromCharCode(byte)).join(""));
  return fetch(moved?.from === url ? moved.to : url, { ...init, headers, signal });
}

/** "Content-Type is not text/event-stream": its essence, that is. */
const isEventStream = ({ headers }) => /^\s*text\/event-stream\s*(;|$)/i.test(headers.get("Content-Type"));

/** What `Retry-After` says, seconds or a date, in milliseconds; NaN where it says nothing. */
function retryAfter({ headers }) {
  const after = headers.get("Retry-After") ?? NaN;
  const ms = after * 1000;
  return Number.isNaN(ms) ? Date.parse(after) - Date.now() : ms;
}

/** The body as it comes, or whole where the browser does not stream. */
async function* pieces(response) {
  if (!response.body) return yield new Uint8Array(await response.arrayBuffer());
  const reader = response.body.getReader();
  for (let read; !(read = await reader.read()).done; ) yield read.value;
}

/**
 * Looks after a while, when a stream has said nothing, whether a poll is answered. Only a hub of ours answers so, and sends
 * the first bytes of a stream at once; any other server may just have nothing to say.
 */
function startWatch(url, settings, isHub, onSilent) {
  let timer;
  let abort;
  const stop = () => {
    clearTimeout(timer);
    abort?.abort();
  };
  const start = () => {
    stop();
    // A transport that was asked for is kept, whatever it brings; and one look at another server is enough.
    const { transport, firstBytes, mayPoll, isForeign } = settings;
    if (transport === "auto" && firstBytes > 0 && mayPoll && !isForeign) timer = setTimeout(look, Math.min(firstBytes, MAX_TIMER_MS));
  };
  const look = async () => {
    const looking = (abort = new AbortController());
    let isLate = false;
    timer = setTimeout(() => {
      isLate = true;
      looking.abort();
    }, LOOK_MS);
    const answers = await answersPolls(url, settings, looking.signal).catch(() => undefined);
    if (looking.signal.aborted && !isLate) return;
    stop();
    if (answers) return onSilent();
    // There is a hub, but nothing gets through to it now.
    if (isHub) start();
    else settings.isForeign = answers === false;
  };
  start();
  return { start, stop };
}

/** Whether a hub greets who polls. Fails when there is no answer that tells. */
async function answersPolls(url, settings, signal) {
  const address = new URL(url);
  address.searchParams.set("transport", "longpoll");
  address.searchParams.set("greeting", "event");
  const response = await request(address.href, settings, "", signal);
  const { status } = response;
  // A gateway on the way may be out of order, a hub busy, a token have expired.
  if (status >= 500 || status === 429 || status === 401) throw new Error(`status ${status}`);
  if (status !== 200 || !isEventStream(response)) return false;
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of pieces(response)) {
    text += decoder.decode(bytes, { stream: true });
    if (text.includes(HELLO)) return true;
    // A greeting is short.
    if (text.length > MAX_GREETING) return false;
  }
  return false;
}

/** Milliseconds on a clock that is never set. */
export const now = () => performance.now();

function key(url) {
  const { origin, pathname } = new URL(url);
  return `cyclone-edge.longpoll ${origin}${pathname}`;
}

/** Whether only polling worked with the server of this address, as far as the tab remembers. */
export function polls(url) {
  try {
    return sessionStorage.getItem(key(url)) !== null;
  } catch {
    // The browser keeps nothing for this page: it finds out anew each time.
    return false;
  }
}

/** Remembers for as long as the tab is open whether only polling works. */
export function rememberPolling(url, only) {
  try {
    if (only) sessionStorage.setItem(key(url), "");
    else sessionStorage.removeItem(key(url));
  } catch {
    // As above.
  }
}
