// The controls: each has an element, and a function that shows what the description says of it.

const TEN = 10; // stops that Shift with an arrow, PageUp and PageDown go


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
