// What a panel says: names, help and findings; nothing of it changes a value.

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
  const row = (cells, tag, first = tag) =>
    element("tr", {}, ...cells.map((cell, i) => element(i ? tag : first, {}, cell)));
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

let helps = 0;

/** A question mark that shows a line of help, by mouse, finger and keyboard. */
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
