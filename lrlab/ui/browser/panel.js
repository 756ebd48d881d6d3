// The browser half of ui/panel: it draws the nodes of a description, and says what a person does with them.
//
// Every node has an `id` among its neighbours. What is there already is changed, not made anew, so that focus, a drag
// and half-typed text outlive every answer of the server. A node's maker returns its element and a function that shows
// what the description says.

const TEN = 10; // stops that Shift with an arrow, PageUp and PageDown go
const PATIENCE_MS = 4000; // an answer that is later than this is not waited for

const panels = new Map();

// ---------------------------------------------------------------- what is sent

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

// ---------------------------------------------------------------- nodes

const MAKERS = {
  row: box("lrlab-row"),
  columns: box("lrlab-columns"),
  findings: findings,
  section: section,
  form: form,
  menu: menu,
  number: number,
  text: typed,
  choice: choice,
  pills: pills,
  chips: pills,
  tabs: tabs,
  switch: toggle,
  button: button,
  finding: finding,
  table: table,
  title: title,
  copy: copying,
  caption: caption,
};

/** Let a parent hold these nodes, in this order. */
function fill(panel, parent, nodes, known) {
  const wanted = new Map(nodes.map((node) => [`${node.is} ${node.id}`, node]));
  for (const [name, made] of known) {
    if (!wanted.has(name)) {
      if (made.element.contains(document.activeElement)) panel.host.focus({ preventScroll: true });
      made.element.remove();
      made.gone?.();
      known.delete(name);
    }
  }
  let place = parent.firstElementChild;
  for (const [name, node] of wanted) {
    let made = known.get(name);
    if (!made) {
      made = MAKERS[node.is](panel, node);
      known.set(name, made);
    }
    if (made.element !== place) parent.insertBefore(made.element, place);
    else place = place.nextElementSibling;
    made.show(node);
  }
}

function box(name) {
  return (panel) => {
    const host = element("div", { class: name });
    const known = new Map();
    return { element: host, show: (node) => fill(panel, host, node.nodes, known) };
  };
}

function section(panel, node) {
  const heading = element("h4");
  const tools = element("div", { class: "lrlab-tools" });
  const head = element("div", { class: "lrlab-head" }, heading, tools);
  const body = element("div", { class: "lrlab-fields" });
  const host = element("section", { class: "lrlab-section" }, head, body);
  const [inTools, inBody] = [new Map(), new Map()];
  return {
    element: host,
    show: (now) => {
      head.hidden = !now.title;
      text(heading, now.title);
      attribute(host, "aria-label", now.title || null);
      attribute(host, "data-wide", now.wide);
      fill(panel, tools, now.tools, inTools);
      fill(panel, body, now.nodes, inBody);
    },
  };
}

function title() {
  const name = element("strong");
  const about = help();
  return {
    element: element("div", { class: "lrlab-title" }, name, about.element),
    show: (now) => {
      text(name, now.text);
      about.show(now.help, now.text);
    },
  };
}

function caption() {
  const line = element("p", { class: "lrlab-caption" });
  return { element: line, show: (now) => text(line, now.text) };
}

/** A small table; the first cell of a row is its name. */
function table() {
  const host = element("table");
  let key = "";
  const row = (cells, tag, first = tag) => element("tr", {}, ...cells.map((cell, i) => element(i ? tag : first, {}, cell)));
  return {
    element: element("div", { class: "lrlab-table", tabindex: 0 }, host), // so that arrows scroll it
    show: (now) => {
      const wanted = JSON.stringify([now.heads, now.rows]);
      if (wanted === key) return;
      key = wanted;
      attribute(host, "aria-label", now.label);
      host.replaceChildren(row(now.heads, "th"), ...now.rows.map((cells) => row(cells, "td", "th")));
    },
  };
}

/** A question mark that shows a line of help, by mouse, finger and keyboard. */
let helps = 0;
function help() {
  const bubble = element("div", { class: "lrlab-bubble", popover: "auto", id: `lrlab-help-${++helps}` });
  const mark = element("button", { type: "button", class: "lrlab-help", popovertarget: bubble.id }, icon("help"));
  const host = element("span", {}, mark, bubble);
  mark.addEventListener("click", () => {
    const { left, bottom } = mark.getBoundingClientRect();
    Object.assign(bubble.style, { left: `${Math.min(left, innerWidth - 320)}px`, top: `${bottom + 4}px` });
  });
  return {
    element: host,
    show: (said, of) => {
      host.hidden = !said;
      text(bubble, said || "");
      attribute(mark, "aria-label", `Help on ${of}`);
      attribute(mark, "title", said || null);
    },
  };
}

function button(panel, node) {
  const label = element("span");
  const host = element("button", { type: "button", class: "lrlab-button" });
  host.addEventListener("click", () => host.getAttribute("aria-disabled") !== "true" && commit(panel, { id: node.id }));
  let shown = null;
  return {
    element: host,
    show: (now) => {
      if (shown !== now.icon) host.replaceChildren(...(now.icon ? [icon(now.icon)] : []), label);
      shown = now.icon;
      text(label, now.label);
      host.classList.toggle("lrlab-bare", !!now.bare);
      host.classList.toggle("lrlab-primary", !!now.primary);
      attribute(host, "aria-disabled", now.disabled ? "true" : null); // it keeps the focus, unlike a disabled one
      attribute(host, "aria-keyshortcuts", now.shortcut);
      attribute(host, "title", now.shortcut ? `${now.label} (${now.shortcut})` : now.bare ? now.label : null);
      if (now.shortcut) panel.shortcuts.set(now.shortcut.slice(-1), host);
    },
  };
}

/** A button that copies the text of another element; the browser alone does it. */
function copying(panel, node) {
  const label = element("span");
  const said = element("span", { class: "lrlab-caption", role: "status" });
  const host = element("button", { type: "button", class: "lrlab-button" }, icon("content_copy"), label);
  let timer = 0;
  host.addEventListener("click", async () => {
    const whole = document.querySelector(node.of)?.textContent ?? "";
    const done = await copied(whole);
    text(said, done ? "Copied." : "The browser does not allow it: select the text and copy it.");
    clearTimeout(timer);
    timer = setTimeout(() => text(said, ""), 4000);
  });
  return { element: element("div", { class: "lrlab-row" }, host, said), show: (now) => text(label, now.label) };
}

async function copied(whole) {
  try {
    await navigator.clipboard.writeText(whole);
    return true;
  } catch {
    const field = element("textarea"); // a page without https has no clipboard
    field.value = whole;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** A sentence beside a control; readers hear it when it comes. */
function complaint() {
  const line = element("p", { class: "lrlab-error", role: "alert" });
  line.hidden = true;
  return {
    element: line,
    say: (sentence) => {
      line.hidden = !sentence;
      text(line, sentence || "");
    },
  };
}

/** A control's name above it, with its unit and its help. */
function heading(id) {
  const name = element("label", { for: id });
  const unit = element("span", { class: "lrlab-unit" });
  const more = element("span", { class: "lrlab-more" });
  const about = help();
  return {
    element: element("div", { class: "lrlab-label" }, name, unit, about.element, more),
    more,
    show: (now) => {
      text(name, now.label);
      text(unit, now.unit || "");
      about.show(now.help, now.label);
    },
  };
}

let fields = 0;

/** What a field of text does: Enter and leaving it commit, Escape gives back what was there. */
function fielded(panel, input, say, take) {
  const state = { shown: "", tried: null };
  const put = () => {
    if (input.value === (state.tried ?? state.shown)) return;
    state.tried = input.value;
    take(input.value);
  };
  const giveBack = () => {
    if (input.value === state.shown && state.tried === null) return false;
    const refused = state.tried !== null;
    input.value = state.shown;
    state.tried = null;
    say("");
    if (refused) take(state.shown); // so that the server forgets its sentence too
    return true;
  };
  input.addEventListener("change", put);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") put();
    if (event.key === "Escape" && giveBack()) event.stopPropagation();
  });
  input.addEventListener("lrlab:escape", (event) => giveBack() && event.preventDefault()); // on a slide
  return {
    state,
    /** The server's text takes the place of what was sent to it; what is being typed stays. */
    show: (shown, error) => {
      const typing = document.activeElement === input && input.value !== state.shown && input.value !== state.tried;
      if (!error && !typing && settled(panel)) {
        input.value = shown;
        state.tried = null;
      }
      state.shown = shown;
    },
  };
}

// ---------------------------------------------------------------- a number

function number(panel, node) {
  const id = `lrlab-field-${++fields}`;
  const head = heading(id);
  const slider = element("input", { type: "range", min: 0, step: 1 });
  const input = element("input", {
    type: "text", id, autocomplete: "off", spellcheck: "false", inputmode: "text", maxlength: 200,
  });
  const empty = element("button", { type: "button", class: "lrlab-link" });
  const means = element("span", { class: "lrlab-means" });
  const error = complaint();
  const host = element(
    "div", { class: "lrlab-number", role: "group" },
    head.element, element("div", { class: "lrlab-pair" }, slider, input), means, error.element,
  );
  const field = fielded(panel, input, error.say, (said) => commit(panel, { id: node.id, text: said }));
  let now = node;
  let dragging = false;
  let repeating = false; // a key is held down: that is one change, whose first stop is kept already
  head.more.append(empty);

  const count = () => (now.stops ? now.stops.length - 1 : Math.max(Math.ceil((now.high - now.low) / now.step - 1e-9), 1));
  const valueAt = (place) => {
    if (now.stops) return now.stops[place];
    const value = Number((now.low + place * now.step).toPrecision(12));
    return Math.min(Math.max(value, now.least ?? value), now.high);
  };
  const placeOf = (value) => {
    if (value == null) return 0;
    if (!now.stops) return Math.min(Math.max(Math.round((value - now.low) / now.step), 0), count());
    let best = 0;
    now.stops.forEach((stop, place) => {
      const far = (one) => (value > 0 && one > 0 ? Math.abs(Math.log(one / value)) : Math.abs(one - value) + 1e6);
      if (far(stop) < far(now.stops[best])) best = place;
    });
    return best;
  };
  const say = (value) => attribute(slider, "aria-valuetext", [written(value), now.unit].filter(Boolean).join(" "));
  const paint = () => slider.style.setProperty("--at", slider.value / (slider.max || 1));
  const show = (value) => {
    input.value = written(value);
    say(value);
    paint();
    means.hidden = true;
    host.querySelectorAll(".lrlab-form-of").forEach((one) => attribute(one, "aria-pressed", "false"));
    host.classList.remove("lrlab-unset");
  };
  const chosen = () => valueAt(Number(slider.value));
  const control = {
    element: host,
    say: error.say,
    /** Show a value that is being dragged to, and draw it. */
    drag: (value, event = { id: node.id, value }) => {
      dragging = true;
      panel.held = control;
      slider.value = String(placeOf(value));
      show(value);
      preview(panel, { ...event, still: now.still });
    },
    /** Make the value the one that is kept. */
    release: (value, event = { id: node.id, value }) => {
      dragging = false;
      slider.value = String(placeOf(value));
      show(value);
      field.state.tried = input.value;
      commit(panel, event);
    },
    step: (value, by) => {
      const place = Math.min(Math.max(placeOf(value) + by, 0), count());
      return valueAt(place);
    },
    light: (on) => host.classList.toggle("lrlab-lit", on),
  };
  slider.addEventListener("input", () => control.drag(chosen()));
  slider.addEventListener("change", () => {
    if (!repeating) control.release(chosen());
  });
  slider.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: TEN, PageDown: -TEN }[event.key];
    const end = { Home: 0, End: count() }[event.key];
    if ((by === undefined && end === undefined) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const place = end ?? Number(slider.value) + (event.shiftKey && Math.abs(by) === 1 ? TEN * by : by);
    const next = Math.min(Math.max(place, 0), count());
    if (next === Number(slider.value) && valueAt(next) === now.at) return;
    slider.value = String(next);
    repeating = event.repeat;
    if (repeating) control.drag(chosen());
    else control.release(chosen());
  });
  const letGo = () => {
    if (repeating) control.release(chosen(), { id: node.id, value: chosen(), more: !now.error });
    else if (dragging) control.release(chosen());
    repeating = false;
  };
  slider.addEventListener("keyup", letGo);
  slider.addEventListener("blur", letGo);
  for (const end of ["pointerup", "pointercancel"]) slider.addEventListener(end, () => setTimeout(letGo)); // after "change"
  empty.addEventListener("click", () => {
    input.focus();
    commit(panel, { id: node.id, text: "" });
  });
  hoverable(panel, host, node.id);
  panel.controls.set(node.id, control);
  return {
    element: host,
    gone: () => {
      panel.controls.delete(node.id);
      charts.get(panel.chart)?.light?.(null);
    },
    show: (next) => {
      now = next;
      head.show(now);
      attribute(host, "aria-label", now.label);
      attribute(slider, "aria-label", now.label);
      attribute(input, "aria-label", `${now.label}, exact`);
      attribute(input, "aria-invalid", now.error ? "true" : null);
      attribute(input, "placeholder", now.unset || null);
      empty.hidden = !now.empty;
      text(empty, now.empty || "");
      attribute(empty, "title", now.empty ? `${now.label} ${now.empty}` : null);
      text(means, now.means ? `= ${now.means}` : "");
      means.hidden = !now.means;
      error.say(now.error);
      field.show(now.text, now.error);
      forms(panel, head.more, empty, now);
      if (dragging || repeating || !settled(panel)) return;
      host.classList.toggle("lrlab-unset", !!now.unset);
      attribute(slider, "max", count());
      slider.value = String(placeOf(now.at));
      say(now.at ?? valueAt(0));
      if (now.unset) attribute(slider, "aria-valuetext", now.unset);
      paint();
    },
  };
}

/** Small buttons that write the same duration in another unit. */
function forms(panel, host, before, node) {
  const wanted = node.forms ?? {};
  const known = new Map([...host.querySelectorAll(".lrlab-form-of")].map((one) => [one.textContent, one]));
  for (const [unit, one] of known) if (!(unit in wanted)) one.remove();
  for (const [unit, said] of Object.entries(wanted)) {
    let one = known.get(unit);
    if (!one) {
      one = element("button", { type: "button", class: "lrlab-form-of" }, unit);
      one.addEventListener("click", () => {
        if (one.getAttribute("aria-pressed") !== "true") commit(panel, { id: node.id, text: one.dataset.said });
      });
      host.insertBefore(one, before);
    }
    one.dataset.said = said;
    attribute(one, "title", `Write it as ${said}`);
    attribute(one, "aria-pressed", String(said === node.text));
    attribute(one, "aria-label", `${node.label} in ${unit}: ${said}`);
  }
}

// ---------------------------------------------------------------- other controls

function typed(panel, node) {
  const id = `lrlab-field-${++fields}`;
  const head = heading(id);
  const input = element("input", { type: "text", id, autocomplete: "off", spellcheck: "false", maxlength: 20000 });
  const error = complaint();
  const host = element("div", { class: "lrlab-typed" }, head.element, input, error.element);
  const field = fielded(panel, input, error.say, (said) => commit(panel, { id: node.id, text: said }));
  hoverable(panel, host, node.id);
  return {
    element: host,
    show: (now) => {
      head.show(now);
      head.element.hidden = !!now.quiet;
      host.classList.toggle("lrlab-code", !!now.code);
      attribute(input, "aria-label", now.label);
      attribute(input, "title", now.quiet ? now.label : null);
      attribute(input, "aria-invalid", now.error ? "true" : null);
      error.say(now.error);
      field.show(now.text, now.error);
    },
  };
}

function choice(panel, node) {
  const id = `lrlab-field-${++fields}`;
  const head = heading(id);
  const select = element("select", { id });
  const error = complaint();
  select.addEventListener("change", () => commit(panel, { id: node.id, text: select.value }));
  const host = element("div", { class: "lrlab-choice" }, head.element, select, error.element);
  return {
    element: host,
    show: (now) => {
      head.show(now);
      head.element.hidden = !!now.quiet;
      attribute(select, "aria-label", now.label);
      options(select, now.options);
      if (settled(panel)) select.value = now.value;
      error.say(now.error);
    },
  };
}

function options(select, wanted) {
  const key = JSON.stringify(wanted);
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  select.replaceChildren(...wanted.map(([value, label]) => element("option", { value }, label)));
}

/** One of a few, all in sight: native radio buttons. Chips have the trial's colour and dash, and its findings. */
function pills(panel, node) {
  const head = heading("");
  const name = `lrlab-pills-${++fields}`;
  const group = element("div", { class: "lrlab-pills", role: "radiogroup" });
  const error = complaint();
  const host = element("div", { class: "lrlab-choice" }, head.element, group, error.element);
  let key = "";
  group.addEventListener("change", (event) => commit(panel, { id: node.id, text: event.target.value }));
  return {
    element: host,
    show: (now) => {
      head.show(now);
      head.element.hidden = !!now.quiet || now.is === "chips";
      attribute(group, "aria-label", now.label);
      error.say(now.error);
      const wanted = JSON.stringify(now.options);
      if (wanted !== key) {
        const focused = group.contains(document.activeElement) ? document.activeElement.value : null;
        group.replaceChildren(...now.options.map((option) => pill(name, option, now.is === "chips")));
        if (focused !== null) group.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
      }
      if (settled(panel) || wanted !== key) check(group, now.value);
      key = wanted;
    },
  };
}

function check(group, value) {
  for (const input of group.querySelectorAll("input")) input.checked = input.value === value;
}

const DASHES = { solid: "", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3", longdash: "11 4", longdashdot: "11 3 2 3" };

function pill(name, [value, label, colour, dash, sign], chip) {
  const input = element("input", { type: "radio", name, value });
  const parts = [input];
  if (chip) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("viewBox", "0 0 28 8");
    svg.innerHTML = `<line x1="1" x2="27" y1="4" y2="4" stroke-width="3"></line>`;
    svg.firstChild.setAttribute("stroke", colour);
    svg.firstChild.setAttribute("stroke-dasharray", DASHES[dash] ?? "");
    parts.push(svg);
  }
  parts.push(element("span", {}, label));
  if (sign) parts.push(element("span", { class: "lrlab-sign" }, sign));
  return element("label", {}, ...parts);
}

/** A bar of tabs: arrows go along it, as everywhere on the web. */
function tabs(panel, node) {
  const bar = element("div", { class: "lrlab-tabs", role: "tablist" });
  bar.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) commit(panel, { id: node.id, text: tab.textContent });
  });
  bar.addEventListener("keydown", (event) => {
    const all = [...bar.children];
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = all[(all.indexOf(document.activeElement) + by + all.length) % all.length];
    next.focus();
    next.click();
  });
  return {
    element: bar,
    show: (now) => {
      attribute(bar, "aria-label", now.label);
      if (!bar.children.length) {
        bar.append(...now.options.map((one) => element("button", { type: "button", role: "tab" }, one)));
      }
      for (const tab of bar.children) {
        const open = tab.textContent === now.value;
        attribute(tab, "aria-selected", String(open));
        attribute(tab, "tabindex", open ? 0 : -1);
      }
    },
  };
}

function toggle(panel, node) {
  const input = element("input", { type: "checkbox", role: "switch" });
  const label = element("span");
  const about = help();
  const error = complaint();
  input.addEventListener("change", () => commit(panel, { id: node.id, value: input.checked }));
  const host = element(
    "div", { class: "lrlab-switch" }, element("label", {}, input, label), about.element, error.element,
  );
  return {
    element: host,
    show: (now) => {
      text(label, now.label);
      about.show(now.help, now.label);
      error.say(now.error);
      if (settled(panel)) input.checked = now.on;
    },
  };
}

// ---------------------------------------------------------------- what opens

/** A button, and what is shown beneath it while it is open; Escape closes it and gives the focus back. */
function opening(panel, node, body) {
  const label = element("span");
  const head = element("button", { type: "button", class: "lrlab-button", "aria-expanded": "false" });
  const host = element("div", { class: "lrlab-open" }, head, body);
  let open = false;
  let shown = null;
  const set = (wanted) => commit(panel, { id: node.id, open: wanted });
  head.addEventListener("click", () => set(!open));
  host.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    set(false);
    head.focus();
  });
  return {
    element: host,
    head,
    show: (now) => {
      if (shown !== now.icon) head.replaceChildren(icon(now.icon), label, icon("expand_more"));
      shown = now.icon;
      text(label, now.label);
      attribute(head, "aria-expanded", String(now.open));
      body.hidden = !now.open;
      const opened = now.open && !open;
      if (!now.open && open && host.contains(document.activeElement)) head.focus();
      open = now.open;
      return opened;
    },
  };
}

function form(panel, node) {
  const body = element("div", { class: "lrlab-sheet" });
  const opens = opening(panel, node, body);
  const known = new Map();
  return {
    element: opens.element,
    show: (now) => {
      fill(panel, body, now.nodes ?? [], known);
      if (opens.show(now)) body.querySelector("input, select, button")?.focus();
    },
  };
}

/** A list to choose from: typing finds, arrows go through it, Enter takes. A second button may take it otherwise. */
function menu(panel, node) {
  const find = element("input", { type: "search", placeholder: "Type to search", autocomplete: "off" });
  const list = element("select", { size: 8 });
  const go = element("button", { type: "button", class: "lrlab-button lrlab-primary" });
  const also = element("button", { type: "button", class: "lrlab-button" });
  const nothing = element("p", { class: "lrlab-caption", role: "status" });
  const noted = element("p", { class: "lrlab-caption", role: "status" });
  const tools = element("div", { class: "lrlab-row" }, go, also);
  const body = element("div", { class: "lrlab-sheet" }, find, list, nothing, noted, tools);
  const opens = opening(panel, node, body);
  const error = complaint();
  let all = [];
  let now = node;
  const filter = () => {
    const words = find.value.toLowerCase().split(/[\s.·]+/).filter(Boolean);
    const fits = all.filter(([, label]) => words.every((word) => label.toLowerCase().includes(word)));
    const far = ([, label]) => {
      const name = label.toLowerCase().split(/[\s.·]+/).at(-1);
      const last = words.at(-1) ?? "";
      return name === last ? 0 : name.startsWith(last) ? 1 : 2; // what is called so comes first
    };
    fits.sort((a, b) => far(a) - far(b));
    options(list, fits);
    list.selectedIndex = fits.length ? 0 : -1;
    list.hidden = !fits.length;
    tools.hidden = !fits.length;
    nothing.hidden = !!fits.length;
    tell();
    text(nothing, all.length ? "Nothing found." : now.nothing || "");
  };
  const tell = () => {
    const said = now.notes?.[list.value];
    noted.hidden = !said;
    text(noted, said || "");
  };
  const take = () => list.value && commit(panel, { id: node.id, text: list.value });
  list.addEventListener("change", tell);
  also.addEventListener("click", () => list.value && commit(panel, { id: now.also.id, text: list.value }));
  find.addEventListener("input", filter);
  find.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      list.selectedIndex = Math.min(Math.max(list.selectedIndex + by, 0), list.options.length - 1);
      tell();
    }
    if (event.key === "Enter") take();
  });
  list.addEventListener("dblclick", take);
  list.addEventListener("keydown", (event) => event.key === "Enter" && take());
  go.addEventListener("click", take);
  opens.element.append(error.element);
  return {
    element: opens.element,
    show: (next) => {
      now = next;
      error.say(now.error);
      text(go, now.go || "");
      text(also, now.also?.label || "");
      also.hidden = !now.also;
      attribute(find, "aria-label", `${now.label}: search`);
      attribute(list, "aria-label", now.label);
      const wanted = now.options ?? [];
      const other = JSON.stringify(wanted) !== JSON.stringify(all);
      all = wanted;
      if (opens.show(now)) {
        find.value = "";
        filter();
        find.focus();
      } else if (other) filter();
    },
  };
}

// ---------------------------------------------------------------- findings

/** What is wrong; said aloud when it comes. */
function findings(panel) {
  const host = element("div", { class: "lrlab-findings", role: "status" });
  const known = new Map();
  return {
    element: host,
    show: (now) => {
      attribute(host, "aria-label", now.label);
      fill(panel, host, now.nodes, known);
    },
  };
}

const SIGNS = { error: "error", warning: "warning", note: "info" };

function finding(panel, node) {
  const badge = element("span", { class: `lrlab-badge lrlab-${node.severity}` });
  const said = element("span", { class: "lrlab-said" });
  const tools = element("div", { class: "lrlab-tools" });
  const known = new Map();
  return {
    element: element("div", { class: "lrlab-finding" }, badge, said, tools),
    show: (now) => {
      badge.replaceChildren(icon(SIGNS[now.severity]), `${now.severity} ${now.code}`);
      badge.className = `lrlab-badge lrlab-${now.severity}`;
      text(said, now.text);
      fill(panel, tools, now.nodes, known);
    },
  };
}

// ---------------------------------------------------------------- lights

/** A control that is pointed at, or has the focus, lights up its part of the curve. */
function hoverable(panel, host, id) {
  host.dataset.control = id;
  const on = () => charts.get(panel.chart)?.light?.(id);
  const off = () => {
    const focused = document.activeElement?.closest("[data-control]");
    charts.get(panel.chart)?.light?.(focused && focused !== host ? focused.dataset.control : null);
  };
  host.addEventListener("pointerenter", on);
  host.addEventListener("pointerleave", off);
  host.addEventListener("focusin", on);
  host.addEventListener("focusout", off);
}

// ---------------------------------------------------------------- one panel

function makePanel(key) {
  const host = element("div", { class: "lrlab-panel", role: "region", tabindex: -1 });
  const panel = {
    key, host, known: new Map(), controls: new Map(), shortcuts: new Map(),
    waiting: [], sent: 0, ack: 0, timer: 0, trigger: null, chart: "", held: null,
  };
  panel.press = (event) => {
    const letter = /^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : event.code.replace("Key", "");
    const wanted = event.altKey && !event.ctrlKey && !event.metaKey && letter;
    const target = wanted && panel.shortcuts.get(wanted);
    if (!target || !host.isConnected) return;
    event.preventDefault();
    target.click();
  };
  document.addEventListener("keydown", panel.press);
  return panel;
}

function retirePanel(key, panel) {
  if (panel.host.isConnected || panels.get(key) !== panel) return;
  panels.delete(key);
  clearTimeout(panel.timer);
  document.removeEventListener("keydown", panel.press);
}

/** Move an element to its parent; whoever has the keyboard keeps it. */
function settle(host, parent) {
  if (host.parentElement === parent) return;
  const focused = host.contains(document.activeElement) ? document.activeElement : null;
  parent.append(host);
  if (focused && focused !== document.activeElement) focused.focus({ preventScroll: true });
}

function showPanel({ data, parentElement, setTriggerValue }) {
  const { key, nodes, chart, ack, label } = data;
  const panel = panels.get(key) ?? makePanel(key);
  panels.set(key, panel);
  panel.trigger = setTriggerValue;
  panel.chart = chart;
  if (ack > panel.ack || panel.sent === 0) panel.ack = ack;
  panel.sent = Math.max(panel.sent, panel.waiting.length ? panel.sent : ack);
  attribute(panel.host, "aria-label", label || null);
  settle(panel.host, parentElement);
  fill(panel, panel.host, nodes, panel.known);
  flush(panel);
  return () => setTimeout(() => retirePanel(key, panel), GRACE_MS);
}
