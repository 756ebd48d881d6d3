// What panels say to the server: changes, which are kept, and previews, which are drawn and forgotten. One of each is
// on its way at a time.

const PATIENCE_MS = 4000; // an answer that is later than this is not waited for

/** Changes: one message at a time, since Streamlit keeps only the last of two. What waits is sent together; of one
 * slider's values the last, which begins a step of undo where one of those that it replaces did.
 */
function send(panel, event) {
  const replaced = (one) => one.id === event.id && "value" in one && "value" in event;
  const begins = panel.waiting.some((one) => replaced(one) && !one.more);
  panel.waiting = panel.waiting.filter((one) => !replaced(one));
  panel.waiting.push(begins ? { ...event, more: false } : event);
  flush(panel);
}

function flush(panel) {
  if (!panel.waiting.length || panel.sent > panel.ack) return;
  const message = { n: Math.max(panel.sent, panel.ack) + 1, events: panel.waiting };
  panel.waiting = [];
  panel.sent = message.n;
  panel.trigger("change", { ...message, before: panel.unanswered }); // Streamlit may have dropped those
  panel.unanswered = [...panel.unanswered, message];
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
function isWaiting() {
  return flight.busy > 0 || [...panels.values()].some((panel) => !settled(panel));
}

/** Whether a control is being dragged. */
function isHeld() {
  return [...panels.values()].some((panel) => panel.held);
}

/** Previews: drawn in the chart and forgotten; one at a time, of those that come meanwhile the last. */
// `busy` is the number of the preview that is on its way, `flown` what it says, `next` the one that waits.
const flight = { number: 0, busy: 0, flown: null, next: null, timer: 0 };

function preview(panel, event) {
  if (!panel.chart || event.still) return;
  flight.next = { panel, event };
  takeOff();
}

function takeOff() {
  if (flight.busy || !flight.next) return;
  flight.flown = flight.next;
  flight.next = null;
  const { panel, event } = flight.flown;
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

/** The chart lacks lines of the answer and has them sent anew. If the control is still held then, it asks once more. */
function again() {
  if (flight.busy && flight.flown.panel.held) flight.next ??= flight.flown;
}

/** A change takes the place of all previews. */
function commit(panel, event) {
  flight.next = null;
  panel.held = null;
  send(panel, event);
}
