// Where a number or a text is typed: a number has a slider too.

const TEN = 10; // stops that Shift with an arrow, PageUp and PageDown go

let fields = 0;

/** What a field of text does: Enter and leaving it commit, Escape gives back what was there. */
function makeField(panel, input, say, take) {
  const state = { shown: null, tried: null };
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
      if (state.shown === null || (!error && !typing && settled(panel))) {
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
  const field = makeField(panel, input, error.say, (said) => commit(panel, { id: node.id, text: said }));
  let now = node;
  let dragging = false;
  let repeating = false; // a key is held down: that is one change, whose first stop is kept already
  head.more.append(empty);

  const count = () =>
    now.stops ? now.stops.length - 1 : Math.max(Math.ceil((now.high - now.low) / now.step - 1e-9), 1);
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
    refused: () => !!now.error,
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
    if (repeating) control.release(chosen(), { id: node.id, value: chosen(), more: !control.refused() });
    else if (dragging) control.release(chosen());
    repeating = false;
  };
  slider.addEventListener("keyup", letGo);
  slider.addEventListener("blur", letGo);
  for (const end of ["pointerup", "pointercancel"]) {
    slider.addEventListener(end, () => setTimeout(letGo)); // after "change"
  }
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
      if (panel.held === control) panel.held = null;
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
  const field = makeField(panel, input, error.say, (said) => commit(panel, { id: node.id, text: said }));
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
