// What is pressed or chosen with one click: buttons, switches, lists, pills and tabs.

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
