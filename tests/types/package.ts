// Uses every public item of the browser package's declarations, as a page's own TypeScript does. tests/e2e/package.rs has
// it type-checked; nobody runs it. A line after `@ts-expect-error` must not type-check.

import init, {
  connect,
  EventSource,
  whenReady,
  type Connection,
  type ConnectOptions,
  type EventSourceError,
  type EventSourceEventMap,
  type EventSourceOptions,
  type GapData,
  type ReadyState,
  type SseDetail,
  type SseEvent,
  type StreamOptions,
  type Transport,
  type WasmSource,
} from "cyclone-edge-client";
import { connection as automatic } from "cyclone-edge-client/auto.js";

const address = new URL("cyclone_edge_client_bg.wasm", "https://hub.example.com/media/client/");
const loaded: Promise<void> = init();
const sources: WasmSource[] = [address, address.href, new Request(address), new Response(), new Uint8Array(8)];
await Promise.all([loaded, init(fetch(address)), init(WebAssembly.compileStreaming(fetch(address))), ...sources.map(init)]);

whenReady(() => console.log("ready"));

const stream: StreamOptions = {
  transport: "auto",
  headers: { "X-Mine": "1" },
  token: async () => (await fetch("/token")).text(),
  method: "POST",
  body: new URLSearchParams({ channels: "cats" }),
  withCredentials: true,
  lastEventId: "1795242991119",
  retry: 3000,
  maxRetry: 30000,
  firstBytes: 5000,
  climbAfter: 60000,
};
// @ts-expect-error
const wrong: StreamOptions = { transport: "carrier pigeon" };
const tokens: StreamOptions[] = [{ token: "text" }, { token: () => "text" }, { token: null }];
// @ts-expect-error
const noText: StreamOptions = { token: () => 5 };
// @ts-expect-error
const once: StreamOptions = { body: new ReadableStream() };
console.log(wrong, once, tokens, noText);

const options: ConnectOptions = {
  ...stream,
  selector: ".sse",
  url: "/sse/",
  eventPrefix: "sse.",
  type: "json",
  events: ["price"],
  channelAttr: "data-sse-channels",
  eventAttr: "data-sse-events",
  label: "page",
  debug: false,
  dispatch: (element, type, detail) => element.setAttribute(type, `${detail.channel}`),
};
const connection: Connection = connect(options);
connect();
connect(null).close();
connect({ selector: null, label: undefined });
// @ts-expect-error
connect({ selector: 5 });
const channels: string[] = connection.channels;
const state: ReadyState = connection.readyState;
const way: Transport | "" = connection.transport;
console.log(channels, state, way, connection.url.length, connection.label.length);
// @ts-expect-error
connection.label = "another";
const same: Connection = await automatic;
same.close();

document.addEventListener("sse.message", ({ target, detail }) => {
  const { data, channel, id, type, event }: SseDetail = detail;
  console.log(target, data.anything, channel?.length, id?.length, type.length, event.timeStamp);
});
document.body.addEventListener("sse.gap", (event: SseEvent<GapData>) => console.log(event.detail.data.channels.join()));
window.addEventListener("sse.open", ({ detail }) => {
  const nothing: null = detail.data;
  console.log(nothing);
});
document.addEventListener("sse.error", ({ detail }) => why(detail.event as EventSourceError));
document.addEventListener("sse.transport", () => console.log(connection.transport));
document.querySelector<HTMLElement>("#prices")?.addEventListener("sse.price", (event: SseEvent<{ eur: number }>) => {
  const euros: number = event.detail.data.eur;
  console.log(euros);
});
// The browser's own events are what they were.
document.addEventListener("click", (event) => console.log(event.clientX));

const abort = new AbortController();
const init2: EventSourceOptions = { ...stream, withCredentials: false, hub: true, signal: abort.signal };
const source = new EventSource(new URL("https://hub.example.com/sse/?channels=cats"), init2);
new EventSource("/sse/?channels=cats");
new EventSource("/sse/?channels=cats", null);
// @ts-expect-error
new EventSource();
source.onopen = function (event) {
  console.log(this.lastEventId, this.transport, event.type);
};
source.onmessage = (event) => console.log(event.data, event.lastEventId, event.origin);
const why = ({ status, cause }: EventSourceError) => console.log(status?.toFixed(), cause);
source.addEventListener("error", why);
source.onerror = why;
source.addEventListener("sse.expired", ({ data }) => console.log(data));
source.onerror = () => source.readyState === EventSource.CLOSED && console.log("closed for good");
source.onmessage = null;
const told = (event: EventSourceEventMap["transport"]) => console.log(event.type, source.transport);
source.addEventListener("transport", told);
source.removeEventListener("transport", told);
source.addEventListener("message", function ({ data }) {
  console.log(data.toUpperCase(), this.lastEventId);
});
source.addEventListener("price", ({ data, lastEventId }) => console.log(data, lastEventId), { once: true });
source.addEventListener("price", { handleEvent: (event: Event) => console.log(event.type) });
source.dispatchEvent(new Event("open"));
console.log(source.url.length, source.withCredentials, source.CONNECTING, source.OPEN, source.CLOSED);
console.log(EventSource.CONNECTING, EventSource.OPEN, EventSource.CLOSED);
// @ts-expect-error
source.lastEventId = "1";
abort.abort();
source.close();

// The class can take the place of the browser's own, and its instances go wherever those of that one do.
window.EventSource = EventSource;
const standard: globalThis.EventSource = source;
const native: typeof globalThis.EventSource | undefined = EventSource.native;
console.log(standard.readyState, native && new native("/sse/?channels=cats").url);
