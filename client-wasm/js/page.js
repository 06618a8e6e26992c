// What the connection of a page needs of the browser.

/** The absolute address of what a page wrote, as its links are read. */
export const absolute = (url) => new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;

/** The connections that are open, by their labels: a label names one connection. */
const labelled = new Map();

/** Closes the connection that had the label. */
export function takeLabel(label, connection) {
  labelled.get(label)?.close();
  labelled.set(label, connection);
}

export function releaseLabel(label, connection) {
  if (labelled.get(label) === connection) labelled.delete(label);
}

/** `detail` of a DOM event; see `SseDetail` in `index.d.ts`. */
export const detail = (event, type, data, id, channel = null) => ({ data, channel, id, type, event });

/** Tells an element: by a `CustomEvent` that bubbles, or in the page's own way. What a handler throws is reported. */
export function tell(own, element, type, detail) {
  if (!own) {
    element.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
    return;
  }
  try {
    own(element, type, detail);
  } catch (error) {
    reportError(error);
  }
}
