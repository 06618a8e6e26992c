// The types of the package. What is said here of defaults and errors is decided in `settings.js`, `event_source.js` and
// `line.js`, and in Rust in `src/options.rs`, `src/connection.rs` and `src/page.rs`.

/** What the WebAssembly can be loaded from: its address, a response with it, its bytes, or a module that is compiled. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/**
 * Loads the WebAssembly, once: later calls return the first one's promise, whatever they name, unless it failed. `connect`
 * needs it; event sources that were made before connect as soon as it is there, and fail if it cannot be loaded.
 *
 * @param module where the WebAssembly is. Default: `cyclone_edge_client_bg.wasm` beside the file that this is called from,
 * which after bundling is the bundle.
 * @returns rejects when it cannot be fetched, or a Content-Security-Policy without `'wasm-unsafe-eval'` forbids it
 */
export default function init(
  module?: WasmSource | Promise<Response | BufferSource | WebAssembly.Module>,
): Promise<void>;

/** Calls `act` when the WebAssembly is there, at once if it is; or `fail` when `init` has failed. */
export function whenReady(act: () => void, fail?: () => void): void;

/**
 * How events come: by the browser's own `EventSource`, by one `fetch` whose response streams, or by one request after
 * another, each answered with the next messages.
 */
export type Transport = "native" | "fetch" | "longpoll";

/** As of the standard's `EventSource`: 0 while connecting or waiting to reconnect, 1 while open, 2 once closed for good. */
export type ReadyState = 0 | 1 | 2;

/** What a page may ask of a stream; every option has a default, and `undefined` and `null` mean it. */
export interface StreamOptions {
  /**
   * How events come. `auto` begins with `native`, or with `fetch` where an option is given that `native` cannot send, and
   * goes on with another where that does not work. The others stay what they are. Default: `"auto"`.
   *
   * With `native` a `token` goes into the address, where logs on the way may keep it.
   * `native` together with `headers`, `method` or `body`, or with `lastEventId` for a server that is no hub, is a `TypeError`.
   */
  transport?: "auto" | Transport | null;
  /** Headers of each request. Default: none but `Accept` and `Last-Event-ID`. One that cannot be sent is a `TypeError`. */
  headers?: HeadersInit | null;
  /**
   * A token that the server asks for, or a function that gets one, such as from the page's own backend. It is called before
   * the first connection, and again when the hub says that the token has expired (`sse.expired`) or answers 401 to one that
   * was used before. A token that was got just now and is refused all the same closes the stream.
   *
   * When the function throws, rejects or returns no text of visible ASCII characters, there is an event `error`, with what it
   * threw as `cause`, and the function is called again after a pause. The stream waits for it as long as it takes.
   *
   * Sent as `Authorization: Bearer TOKEN`, in place of one in `headers`; by `native`, which then does the work only where it
   * is asked for by name, as the parameter `access_token` of the address. Where a redirect leads to another origin, browsers
   * leave that header out: Chrome and Edge from 119, Firefox from 111, Safari. Default: none.
   */
  token?: string | (() => string | Promise<string>) | null;
  /** The method of each request. Default: `"GET"`. One that the browser does not allow is a `TypeError`. */
  method?: string | null;
  /**
   * The body of each request, with a `method` that has one. A stream, which could be sent only once, is a `TypeError`.
   * Default: none.
   */
  body?: Exclude<BodyInit, ReadableStream> | null;
  /** Whether cookies go along to another origin. Default: `false`. */
  withCredentials?: boolean | null;
  /**
   * Where to go on: the first request says it as that of a reconnection does. Default: `""`, from now on.
   *
   * A line break or NUL in it is a `TypeError`.
   */
  lastEventId?: string | null;
  /**
   * Milliseconds from 0 on before the first attempt to reconnect, until the server says `retry:`; each attempt that fails
   * after that doubles them, and up to half as long again is added at random. While `native` does the work the browser
   * decides instead. `Retry-After` in a 429 or 503 is waited for, 5 minutes at most. Default: 3000.
   */
  retry?: number | null;
  /** Milliseconds from 0 on that doubling goes up to; a server that asks for more gets more. Default: 30000. */
  maxRetry?: number | null;
  /**
   * Milliseconds from 0 on that `auto` waits for the first bytes of a response. Then it asks the server as one polls, and
   * polls from then on if a hub answers: something on the way holds streams back. 0 means forever. Default: 5000.
   */
  firstBytes?: number | null;
  /**
   * Milliseconds from 0 on that `auto` polls before it tries a better transport again; each attempt in vain doubles them, up
   * to an hour. Default: 60000.
   */
  climbAfter?: number | null;
}

/** What a page may say to `connect`; every option has a default, and `undefined` and `null` mean it. */
export interface ConnectOptions extends StreamOptions {
  /** CSS selector of the marked elements. Default: `".sse"`. */
  selector?: string | null;
  /** Where the hub answers, absolute or relative to the page. It must not name channels. Default: `"/sse/"`. */
  url?: string | null;
  /** How the types of the DOM events begin. Default: `"sse."`. */
  eventPrefix?: string | null;
  /** How payloads are read; one that is no JSON arrives as text all the same. Default: `"json"`. */
  type?: "json" | "text" | null;
  /** SSE event types to hear besides those that elements name in `data-sse-events`. Default: none. */
  events?: string[] | null;
  /** The attribute that names an element's channels. Default: `"data-sse-channels"`. */
  channelAttr?: string | null;
  /** The attribute that names the types an element wants. Default: `"data-sse-events"`. */
  eventAttr?: string | null;
  /** A name for the connection: opening another of the same name closes it. Default: `""`, none. */
  label?: string | null;
  /** Whether everything that elements are told is written to the console too. Default: `false`. */
  debug?: boolean | null;
  /**
   * Tells an element, in place of dispatching a DOM event on it: called for each element that is concerned, with the type,
   * prefix included. What it throws is reported as of an event handler. Default: a `CustomEvent` that bubbles.
   */
  dispatch?: ((element: Element, type: string, detail: SseDetail) => void) | null;
}

/** `detail` of the DOM events. */
export interface SseDetail<T = any> {
  /**
   * The payload: whole in `sse.message`, without its type in the `sse.<type>` of a message `["type", data]`, a
   * `GapData` in `sse.gap`, `null` in `sse.open`, `sse.error` and `sse.transport`.
   */
  data: T;
  /** The channel of the message; `null` where there is none, or where the server does not tell. */
  channel: string | null;
  /** The id of the message; `null` in `sse.open`, `sse.error` and `sse.transport`. */
  id: string | null;
  /** The type of the message, without prefix: `"message"`, its SSE event type, or `type` of `["type", data]`. */
  type: string;
  /** What the connection dispatched: a `MessageEvent` of a message, an `EventSourceError` in `sse.error`. */
  event: Event;
}

/** `data` of `sse.gap`: messages in these channels are gone for good. */
export interface GapData {
  channels: string[];
}

/** A DOM event on a marked element; it bubbles. */
export type SseEvent<T = any> = CustomEvent<SseDetail<T>>;

/** The connection of a page. It lasts until `close()`, whether or not the page keeps this. */
export interface Connection {
  /** Closes the connection and removes every listener; the elements get no more events. */
  close(): void;
  /** The names of the channels that elements want now, sorted as the hub sorts them. */
  readonly channels: string[];
  /** As of an `EventSource`; 0 also while no element wants anything. */
  readonly readyState: ReadyState;
  /** The absolute address of the connection, without what a transport adds; empty while there is none. */
  readonly url: string;
  /** How events come now; empty while there is no connection. The DOM event `sse.transport` tells of changes. */
  readonly transport: Transport | "";
  /** What the option `label` said. */
  readonly label: string;
}

/**
 * Opens one connection for all marked elements of the page and tells them, in DOM events, what it brings. Elements that
 * are added, removed or marked otherwise later are followed.
 *
 * A page that has no such element yet has no connection yet.
 *
 * @throws when `init` has not finished, when an option is wrong, which the message names, or when an element names something
 * that is no channel
 */
export function connect(options?: ConnectOptions | null): Connection;

/** What the constructor of `EventSource` takes; every option has a default, and `undefined` and `null` mean it. */
export interface EventSourceOptions extends StreamOptions {
  /**
   * Whether a Cyclone Edge hub is there. Then the stream knows where it stands before the first message, and says so in the
   * address, for which no other origin has to be asked. Default: `false`, any server.
   */
  hub?: boolean | null;
  /** Closes the stream when it aborts; one that has aborted makes a stream that is closed. Default: none. */
  signal?: AbortSignal | null;
}

/** The event `error`, with why as far as that is known; `native` does not say. */
export interface EventSourceError extends Event {
  /** The status of the response, when it was no event stream. */
  readonly status?: number;
  /** What the function `token` threw, or what is wrong with what it returned. */
  readonly cause?: unknown;
}

/** The events of an `EventSource` besides those that the server names. */
export interface EventSourceEventMap {
  /** The response has begun. */
  open: Event;
  /** A message whose publisher named no type. */
  message: MessageEvent<string>;
  /** The connection was lost: `readyState` is 0 if it comes again, 2 if not. */
  error: EventSourceError;
  /**
   * A hub says that the token or the cookie has expired. The stream goes on with another by itself, and tells `open`
   * again when it does.
   */
  "sse.expired": MessageEvent<string>;
  /** `transport` has changed. */
  transport: Event;
}

/**
 * The standard's `EventSource` with headers, a body, a place to start, and other ways where the browser's own does not get
 * through. It can take the place of the browser's own: `window.EventSource = EventSource`.
 */
export class EventSource extends EventTarget {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSED: 2;

  /** The browser's own class, also where this one has taken its place; `undefined` where the browser has none. */
  static readonly native: typeof globalThis.EventSource | undefined;

  /**
   * Connects, as soon as `init` has loaded the WebAssembly.
   *
   * @param url absolute, or relative to the page
   * @throws {DOMException} `SyntaxError` when the address is none
   * @throws {TypeError} when an option is wrong, which the message names
   */
  constructor(url: string | URL, options?: EventSourceOptions | null);

  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;

  /** The absolute address. */
  readonly url: string;
  readonly withCredentials: boolean;
  readonly readyState: ReadyState;
  /**
   * Where the stream stands: what the next request says. The browser's own class shows an id only with a message, so
   * that while `transport` is `native` this lags behind ids that come alone.
   */
  readonly lastEventId: string;
  /** How events come now; the event `transport` tells of changes. */
  readonly transport: Transport;

  // Handlers are read as those of the standard's class, whose place this one can take, and know all of this one.
  get onopen(): ((this: globalThis.EventSource, event: Event) => any) | null;
  set onopen(handler: ((this: EventSource, event: Event) => any) | null);
  get onmessage(): ((this: globalThis.EventSource, event: MessageEvent) => any) | null;
  set onmessage(handler: ((this: EventSource, event: MessageEvent) => any) | null);
  get onerror(): ((this: globalThis.EventSource, event: Event) => any) | null;
  set onerror(handler: ((this: EventSource, event: EventSourceError) => any) | null);

  /** Closes for good: no events follow. */
  close(): void;

  addEventListener<K extends keyof EventSourceEventMap>(
    type: K,
    listener: (this: EventSource, event: EventSourceEventMap[K]) => any,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: (this: EventSource, event: MessageEvent) => any,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof EventSourceEventMap>(
    type: K,
    listener: (this: EventSource, event: EventSourceEventMap[K]) => any,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: (this: EventSource, event: MessageEvent) => any,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  /** What elements, `document` and `window` hear, as long as `eventPrefix` is what it is by default. */
  interface GlobalEventHandlersEventMap {
    "sse.open": SseEvent<null>;
    "sse.error": SseEvent<null>;
    "sse.transport": SseEvent<null>;
    "sse.gap": SseEvent<GapData>;
    [type: `sse.${string}`]: SseEvent;
  }
}
