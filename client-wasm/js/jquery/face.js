// The jQuery face: `$.eventsource`, `$.sse` and `$(elements).sse`, as jquery.eventsource and the two versions of jquery.sse
// offered them, over this package's streams. Handlers get the arguments that they got from those plugins.

/** How many messages `history` of a stream keeps. */
const MAX_HISTORY = 100;
/** An address that names channels is a hub's. */
const NAMES_CHANNELS = /[?&]channels(\[\]|%5B%5D)?=/i;

/** Puts the plugin into a jQuery from 1.7 to 4; the rest is what it needs of this package. */
export function install($, { EventSource, connect, whenReady }) {
  const noop = () => {};
  /** What `$.eventsource("streams")` shows: the newest stream of each label. */
  const streams = {};
  /** All open streams of each label: several elements may share one. */
  const open = new Map();
  /** The stream of each element that has one of its own. */
  const own = new WeakMap();

  function add(entry) {
    const { label } = entry.options;
    streams[label] = entry;
    open.set(label, (open.get(label) ?? new Set()).add(entry));
  }

  function remove(entry) {
    const { label } = entry.options;
    entry.stream.close();
    const entries = open.get(label);
    entries?.delete(entry);
    if (entries?.size === 0) open.delete(label);
    if (streams[label] === entry) delete streams[label];
  }

  const methods = {
    close(label) {
      for (const name of label === "*" ? [...open.keys()] : [label]) open.get(name)?.forEach(remove);
      return streams;
    },
    streams(label) {
      if (label === "*") return streams;
      return Object.hasOwn(streams, label) ? streams[label] : {};
    },
  };

  /** Opens a stream, whose handlers are called with the stream as `this`. */
  function openStream(given) {
    const { url } = given;
    const data = $.isPlainObject(given.data) ? $.param(given.data) : given.data;
    const label = String(given.label || `${url}?${data}`);
    const address = data ? url + (url.includes("?") ? "&" : "?") + data : url;
    const defaults = { hub: NAMES_CHANNELS.test(address), open: noop, message: noop, error: noop };
    const options = $.extend(defaults, given, { data, label });
    const stream = new EventSource(address, options);
    const entry = { options, stream, lastEventId: 0, history: [], hasNativeSupport: Boolean(EventSource.native) };
    stream.label = label;
    // Looked up when they are needed: a page may put others into `options`.
    stream.addEventListener("open", (event) => options.open.call(stream, event));
    stream.addEventListener("error", (event) => options.error.call(stream, event));
    stream.addEventListener("message", (event) => {
      const value = options.dataType === "json" && event.data !== "" ? JSON.parse(event.data) : event.data;
      entry.lastEventId = event.lastEventId;
      entry.history.push([event, value]);
      if (entry.history.length > MAX_HISTORY) entry.history.shift();
      options.message.call(stream, value || null, event);
    });
    add(entry);
    return entry;
  }

  $.eventsource = (options, label) => {
    if (typeof options === "string" && Object.hasOwn(methods, options)) return methods[options](String(label || "*"));
    if (typeof options?.url !== "string" || options.url === "") throw new SyntaxError("$.eventsource needs a url");
    if (options.label) methods.close(String(options.label));
    openStream(options);
    return streams;
  };
  for (const name of Object.keys(methods)) $.eventsource[name] = (label) => $.eventsource(name, label);

  /** One connection for all marked elements of the page. */
  $.sse = (given) => {
    const options = $.extend({ eventPrefix: "sse." }, given);
    const { eventPrefix, type } = options;
    const debug = options.debug === true;
    const label = (options.label = String(options.label || "default"));
    let connection;
    const entry = { options, stream: { label, close: () => (connection?.close(), (entry.isClosed = true)) } };
    methods.close(label);
    add(entry);
    const dispatch = (element, name, { data, event }) => {
      if (name === `${eventPrefix}open`) $(element).trigger(name);
      // An array is spread into the arguments of the handler, as `trigger` always did.
      else $(element).trigger(name, event.data === undefined ? event : data);
    };
    whenReady(() => {
      if (entry.isClosed) return;
      try {
        connection = connect({ ...options, type: type && type !== "json" ? "text" : "json", label: undefined, debug, dispatch });
      } catch (error) {
        remove(entry);
        reportError(error);
      }
    });
  };

  /** One connection for each element, by its own `data-sse-address` and `data-sse-channels`. */
  $.fn.sse = function (given) {
    const options = $.extend({ channels: [], type: "json", label: "sse-channel", debug: false }, given);
    const log = (...values) => options.debug === true && console.log(...values);
    return this.each(function () {
      const element = $(this);
      const url = element.attr("data-sse-address") || options.address;
      if (!url) return console.log("no sse server address specified");
      const named = (element.attr("data-sse-channels") ?? "").split(",").map((name) => name.trim());
      const names = named.filter((name) => name !== "");
      const channels = names.length > 0 ? names : options.channels;
      if (channels.length === 0) log("no channels specified");
      if (own.has(this)) remove(own.get(this));
      const entry = openStream({
        ...options,
        url,
        data: channels.length > 0 ? $.param({ channels }, true) : null,
        dataType: options.type,
        open() {
          log("sse connection opened");
          element.trigger("sse.open");
        },
        message(message) {
          log(message);
          if (message) element.trigger("sse.message", message);
        },
        error(error) {
          log("sse connection error:", error);
          element.trigger("sse.error", error);
        },
      });
      // Messages that are gone for good are no `message`.
      entry.stream.addEventListener("sse.gap", (event) => element.trigger("sse.gap", JSON.parse(event.data)));
      own.set(this, entry);
    });
  };
}
