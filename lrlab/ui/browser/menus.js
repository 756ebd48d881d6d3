// What opens beneath a button: a form to fill in, a list to choose from.

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
