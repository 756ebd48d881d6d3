// The browser half of ui/panel: it draws the nodes of a description. words.js, fields.js, controls.js and menus.js make
// them; messages.js says what a person does with them.
//
// Every node has an `id` among its neighbours. What is there already is changed, not made anew, so that focus, a drag
// and half-typed text outlive every answer of the server. A node's maker returns its element and a function that shows
// what the description says.

const panels = new Map();

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

/** The letter of a shortcut: Alt and a letter, or as everywhere Ctrl and Z or Y where nothing is being typed. */
function shortcut(event) {
  const { altKey, ctrlKey, metaKey, shiftKey, key, code } = event;
  const letter = /^[a-z]$/i.test(key) ? key.toUpperCase() : code.replace("Key", "");
  if (altKey && !ctrlKey && !metaKey) return letter;
  const types = event.target.closest?.("input:not([type=range], [type=checkbox], [type=radio]), textarea, [contenteditable]");
  if (altKey || !(ctrlKey || metaKey) || types) return null;
  return letter === "Z" && shiftKey ? "Y" : "ZY".includes(letter) ? letter : null;
}

function makePanel(key) {
  const host = element("div", { class: "lrlab-panel", role: "region", tabindex: -1 });
  const panel = {
    key, host, known: new Map(), controls: new Map(), shortcuts: new Map(),
    waiting: [], unanswered: [], sent: 0, ack: 0, heard: 0, timer: 0, trigger: null, chart: "", held: null,
  };
  panel.press = (event) => {
    const target = panel.shortcuts.get(shortcut(event));
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
  // Another process, after the first one was lost, knows nothing of what was said, and its page is not the same.
  panel.unanswered = ack < panel.heard ? [] : panel.unanswered.filter(({ n }) => n > ack);
  panel.heard = ack;
  attribute(panel.host, "aria-label", label || null);
  settle(panel.host, parentElement);
  fill(panel, panel.host, nodes, panel.known);
  flush(panel);
  return () => setTimeout(() => retirePanel(key, panel), GRACE_MS);
}
