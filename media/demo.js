// The demo page: everything it hears comes as DOM events from the client package.

import init, { connect } from "/media/client/cyclone_edge_client.js";

const MAX_ROWS = 50;
// Reading the counts wakes those who hold them.
const STATS_INTERVAL_MS = 30_000;
const STATS_PATIENCE_MS = 4_000;
// After a refusal that ends a native EventSource for good, such as a proxy's 502 while the hub restarts.
const RETRY_MS = 3_000;

const element = (id) => document.getElementById(id);
const isLocal = ["127.0.0.1", "localhost"].includes(location.hostname);

// Where the page stands, in case it has to connect anew rather than the browser reconnect.
let lastEventId;

function listen() {
  // Only those types are heard that are named: the ones that the form offers.
  const events = [...element("event").options].map((option) => option.value).filter((type) => type !== "");
  const connection = connect({ events, lastEventId });

  const controller = new AbortController();
  const on = (type, handler) => document.addEventListener(type, handler, { signal: controller.signal });
  on("sse.open", () => {
    // Every panel is told; once is enough to count.
    if (element("connection").dataset.state !== "open") countListeners();
    showState("open");
  });
  on("sse.message", ({ target, detail }) => {
    lastEventId = detail.id;
    addRow(target, detail.channel ?? "", detail.type, detail.data);
  });
  on("sse.gap", ({ target, detail }) => {
    lastEventId = detail.id;
    addRow(target, detail.data?.channels?.join(", ") ?? "", "gap", "Some messages are gone: history does not reach back that far.");
  });
  on("sse.error", () => {
    showState("reconnecting");
    // Every panel is told; the first to hear of the end acts.
    if (connection.readyState !== EventSource.CLOSED || controller.signal.aborted) return;
    controller.abort();
    connection.close();
    setTimeout(listen, RETRY_MS);
  });
}

function showState(state) {
  for (const shown of document.querySelectorAll(".state")) {
    if (shown.dataset.state === state) continue;
    shown.dataset.state = state;
    shown.textContent = state;
  }
}

function addRow(panel, channel, type, data) {
  const row = element("event-row").content.cloneNode(true);
  const now = new Date();
  const time = row.querySelector("time");
  time.dateTime = now.toISOString();
  time.textContent = now.toLocaleTimeString([], { hour12: false });
  const name = row.querySelector(".channel");
  name.dataset.channel = channel;
  name.textContent = channel;
  row.querySelector(".type").textContent = type;
  row.querySelector(".payload").textContent = typeof data === "string" ? data : JSON.stringify(data);
  row.querySelector("li").classList.toggle("gap", type === "gap" && typeof data === "string");

  const rows = panel.querySelector("ol");
  rows.prepend(row);
  while (rows.children.length > MAX_ROWS) rows.lastElementChild.remove();
  panel.querySelector(".empty").hidden = true;
}

async function publish(form) {
  const channel = form.channels.value.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const body = { channel, message: form.message.value, ...(form.event.value !== "" && { event: form.event.value }) };
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${form.key.value}` };
  const response = await fetch("/publish", { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error?.message ?? `The hub answered ${response.status}.`);
  return channel;
}

function report(outcome, text) {
  element("result").dataset.outcome = outcome;
  element("result").textContent = text;
}

element("publish").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target.elements;
  const button = event.submitter ?? event.target.querySelector("button");
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  try {
    const channels = await publish(form);
    report("ok", `Published to ${channels.join(", ")}.`);
  } catch (error) {
    // What fetch throws says nothing to a reader.
    report("failed", error instanceof TypeError ? "The hub cannot be reached." : sentence(error.message));
  }
  button.ariaDisabled = "false";
});

// The hub's messages are written to be put into a log line.
function sentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

element("message").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form.requestSubmit();
});

async function countListeners() {
  if (document.visibilityState !== "visible") return;
  const counts = await fetch("/stats", { signal: AbortSignal.timeout(STATS_PATIENCE_MS) }).then((response) => response.json()).catch(() => undefined);
  if (!Array.isArray(counts)) {
    element("listeners").replaceChildren();
    element("listeners-none").textContent = "The hub does not answer.";
  } else {
    element("listeners").replaceChildren(...counts.flatMap(([channel, count]) => countOf(channel, count)));
    element("listeners-none").textContent = "Nobody.";
  }
  element("listeners-none").hidden = element("listeners").childElementCount > 0;
}

function countOf(channel, count) {
  const name = Object.assign(document.createElement("dt"), { textContent: channel, title: channel });
  name.dataset.channel = channel;
  return [name, Object.assign(document.createElement("dd"), { textContent: count })];
}

async function copy(button) {
  const line = element(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(line.textContent);
    button.textContent = "Copied";
  } catch {
    // Without permission, or over plain http: selected, the line is one key away from the clipboard.
    getSelection().selectAllChildren(line);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2_000);
}

const key = isLocal ? "dev-key" : "";
element("key").value = key;
element("listen-line").textContent = `curl -N '${location.origin}/sse/?channels=cats'`;
element("publish-line").textContent = `curl -d key=${key || "YOUR_KEY"} -d channel=cats -d message=hello ${location.origin}/publish`;
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));

countListeners();
setInterval(countListeners, STATS_INTERVAL_MS);
document.addEventListener("visibilitychange", countListeners);

try {
  await init();
  listen();
} catch (error) {
  element("failure").textContent = `The client did not start: ${error.message}`;
  element("failure").hidden = false;
  showState("stopped");
}
