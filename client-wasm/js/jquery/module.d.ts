import type { EventSourceError } from "./cyclone_edge_client.js";

/**
 * The jQuery plugin as a module, for pages that are bundled. A page with plain script tags loads `jquery.sse.js` instead.
 *
 * ```js
 * import $ from "jquery";
 * import { install } from "cyclone-edge-client/jquery";
 *
 * install($);
 * $("#news").on("sse.message", (event, message) => console.log(message)).sse({ address: "https://hub.example.com/" });
 * ```
 */

/**
 * Adds `$.eventsource`, `$.sse` and `$(elements).sse` to a jQuery from 1.7 to 4. They can be called at once: what they are
 * asked for before the WebAssembly is there is done then.
 *
 * @returns when the WebAssembly is there; rejects when it cannot be loaded
 */
export function install(jQuery: JQueryStatic): Promise<void>;

/** What `$.eventsource` takes; of the options of this package's `EventSource` it takes all. */
export interface EventsourceOptions {
  /** The address of the stream. */
  url: string;
  /** The query of the address, as text or as what `$.param` makes one of. */
  data?: string | Record<string, unknown> | null;
  /** How messages are read: `json`, or anything else for text, which is the default. */
  dataType?: "json" | "text" | (string & {});
  /** The name of the stream, under which `close` and `streams` find it. One that is taken closes the stream that had it. */
  label?: string;
  /** Whether a Cyclone Edge hub is there; by default, whether the address names channels. */
  hub?: boolean;
  /** A token that the server asks for, or a function that gets one, also when it has expired. */
  token?: string | (() => string | Promise<string>) | null;
  open?(this: LabelledStream, event: Event): void;
  /** `data` is `null` for `0`, `false`, `""` and `null`. */
  message?(this: LabelledStream, data: any, event: MessageEvent<string>): void;
  /**
   * The stream broke, and reconnects, or ended: then its `readyState` is 2. The event's `status` and `cause` say why, where
   * that is known.
   */
  error?(this: LabelledStream, event: EventSourceError): void;
  [option: string]: unknown;
}

/** An open stream with the name that it was given. */
export interface LabelledStream extends EventTarget {
  readonly label: string;
  /** 0 while connecting or waiting to reconnect, 1 while open, 2 once closed for good. */
  readonly readyState: number;
  readonly url: string;
  readonly lastEventId: string;
  close(): void;
}

/** What `$.eventsource("streams", label)` shows of a stream. */
export interface StreamEntry {
  options: EventsourceOptions;
  stream: LabelledStream;
  lastEventId: string | number;
  /** The last hundred messages: each as an event, and as its data was read. */
  history: [event: MessageEvent<string>, data: any][];
  hasNativeSupport: boolean;
}

/** The newest stream of each label. */
export type Streams = Record<string, StreamEntry>;

/** What `$.eventsource` is. */
export interface Eventsource {
  /** Opens a stream. */
  (options: EventsourceOptions): Streams;
  /** Closes all streams of a label, also those of `$.sse` and `$(elements).sse`; without one, or for `"*"`, all there are. */
  (method: "close", label?: string): Streams;
  /** The newest stream of a label, or an empty object. */
  (method: "streams", label: string): StreamEntry | Record<string, never>;
  /** All streams. */
  (method: "streams", label?: "*"): Streams;
  close(label?: string): Streams;
  streams(label: string): StreamEntry | Record<string, never>;
  streams(label?: "*"): Streams;
}

/** What `$.sse` takes; of the options of this package's `connect` it takes all. */
export interface PageOptions {
  /** Which elements are told; `.sse` by default. */
  selector?: string;
  /** The address of the hub; `/sse/` by default. */
  url?: string;
  /** The attribute that names an element's channels, separated by commas; `data-sse-channels` by default. */
  channelAttr?: string;
  /** The attribute that names the types an element wants, if not all; `data-sse-events` by default. */
  eventAttr?: string;
  /** What the names of all events begin with; `sse.` by default. */
  eventPrefix?: string;
  /** How messages are read: `json`, the default, or anything else for text. */
  type?: "json" | "text" | (string & {});
  /** The name under which `$.eventsource("close", label)` finds the connection; `default` by default. */
  label?: string;
  /** `true`: the console tells what comes. */
  debug?: boolean;
  /** A token that the hub asks for, or a function that gets one, also when it has expired. */
  token?: string | (() => string | Promise<string>) | null;
  [option: string]: unknown;
}

/** What `$(elements).sse` takes; of the options of this package's `EventSource` it takes all. */
export interface ElementOptions {
  /** The address of the hub for elements without `data-sse-address`. */
  address?: string | null;
  /** The channels for elements without `data-sse-channels`. */
  channels?: string[];
  /** How messages are read: `json`, the default, or anything else for text. */
  type?: "json" | "text" | (string & {});
  /** The name under which `$.eventsource("close", label)` finds all these streams; `sse-channel` by default. */
  label?: string;
  /** `true`: the console tells what comes. */
  debug?: boolean;
  /** A token that the hub asks for, or a function that gets one, also when it has expired. */
  token?: string | (() => string | Promise<string>) | null;
  [option: string]: unknown;
}

declare global {
  interface JQueryStatic {
    /** Opens a stream, or closes or shows those that are open. */
    eventsource: Eventsource;
    /**
     * Opens one connection for all marked elements of the page. Each hears the types it names in `data-sse-events`, as
     * `sse.<type>`, or all and `sse.message`, from its own channels; and `sse.open`, `sse.error` and `sse.gap`.
     */
    sse(options?: PageOptions): void;
  }

  interface JQuery<TElement = HTMLElement> {
    /**
     * Opens a connection for each element, by its `data-sse-address` and `data-sse-channels`. It hears `sse.message`,
     * `sse.open`, `sse.error` and `sse.gap`; an array comes as so many arguments of the handler.
     */
    sse(options?: ElementOptions): this;
  }
}
