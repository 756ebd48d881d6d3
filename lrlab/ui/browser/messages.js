// What is said to the server: changes, which are kept, and previews, which are drawn in the chart and forgotten.

const PATIENCE_MS = 4000; // an answer that is later than this is not waited for

const panels = new Map();

/** Changes: one message at a time, since Streamlit keeps only the last of two. What waits is sent together. */
function send(panel, event) {
  panel.waiting = panel.waiting.filter((one) => one.id !== event.id || !("value" in one) || !("value" in event));
  panel.waiting.push(event);
  flush(panel);
}

function flush(panel) {
  if (!panel.waiting.length || panel.sent > panel.ack) return;
  const events = panel.waiting;
  panel.waiting = [];
  panel.sent = Math.max(panel.sent, panel.ack) + 1;
  panel.trigger("change", { n: panel.sent, events });
  clearTimeout(panel.timer);
  panel.timer = setTimeout(() => {
    panel.ack = Math.max(panel.ack, panel.sent);
    flush(panel);
  }, PATIENCE_MS);
}

/** Whether the server has answered all that was said here: until then a person is ahead of what it knows. */
function settled(panel) {
  return panel.ack >= panel.sent && !panel.waiting.length;
}

/** Whether an answer of the server is on its way, to a change or to a preview. */
function awaited() {
  return flight.busy > 0 || [...panels.values()].some((panel) => !settled(panel));
}

/** Whether a control is being dragged. */
function held() {
  return [...panels.values()].some((panel) => panel.held);
}

/** Previews: drawn in the chart and forgotten; one at a time, of those that come meanwhile the last. */
// `busy` is the number of the preview that is on its way, `next` the one that waits.
const flight = { number: 0, busy: 0, next: null, timer: 0 };

function preview(panel, event) {
  if (!panel.chart || event.still) return;
  flight.next = { panel, event };
  takeOff();
}

function takeOff() {
  if (flight.busy || !flight.next) return;
  const { panel, event } = flight.next;
  flight.next = null;
  const chart = charts.get(panel.chart);
  if (!chart?.preview) return;
  flight.busy = ++flight.number;
  chart.preview({ n: flight.busy, panel: panel.key, id: event.id, value: event.value });
  clearTimeout(flight.timer);
  flight.timer = setTimeout(() => landed(flight.busy), PATIENCE_MS);
}

/** The chart has drawn the preview of this number, or says why there is none. */
function landed(number, error = "") {
  if (number !== flight.busy) return;
  clearTimeout(flight.timer);
  flight.busy = 0;
  for (const panel of panels.values()) panel.held?.say(error);
  takeOff();
}

/** A change takes the place of all previews. */
function commit(panel, event) {
  flight.next = null;
  panel.held = null;
  send(panel, event);
}
