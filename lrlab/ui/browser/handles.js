// What of a chart can be taken hold of: buttons laid over Plotly's drawing, one for each handle that Python names, and
// the light that shows which part of the curve an argument shapes. A handle moves the argument's own control in the
// panel, which draws the preview and says the change. Handles of a rate stand at the axis of the rates, where none of
// a step is in the way.

const SVG_LIMIT = 4; // pixels that a press may move before it is a drag

/** Whether a handle of the chart is being dragged: the axes stay until it is let go. */
function isGripped(chart) {
  return chart.host.querySelector(".lrlab-held") !== null;
}

function makeGrips(chart) {
  const { host } = chart;
  const layer = element("div", { class: "lrlab-grips" });
  const band = element("div", { class: "lrlab-light" });
  band.hidden = true;
  layer.append(band);
  const known = new Map();
  let handles = null;
  let lit = null;

  const axes = () => {
    const { xaxis, yaxis } = host._fullLayout ?? {};
    return xaxis?.p2d && yaxis?.p2d ? { x: xaxis, y: yaxis } : null;
  };
  const inside = (axis, pixel) => pixel >= -1 && pixel <= axis._length + 1;

  /** Lay handles and light where the axes are now. */
  const lay = () => {
    if (layer.parentElement !== host) host.append(layer);
    const found = axes();
    for (const grip of known.values()) grip.lay(found);
    glow(found);
  };

  /** A band over the steps, a line at each mark, or a line at the rate, that the lit argument shapes. */
  const glow = (found) => {
    const part = lit === null ? null : handles?.lights?.[lit];
    layer.querySelectorAll(".lrlab-line").forEach((line) => line.remove());
    band.hidden = true;
    if (!part || !found) return;
    const { x, y } = found;
    if (part.steps) {
      const [left, right] = part.steps.map((step) => Math.min(Math.max(x.d2p(step), 0), x._length));
      band.hidden = right - left < 1;
      Object.assign(band.style, {
        left: `${x._offset + left}px`, width: `${right - left}px`, top: `${y._offset}px`, height: `${y._length}px`,
      });
    }
    for (const step of part.at ?? []) {
      const pixel = x.d2p(step);
      if (inside(x, pixel)) layer.append(line(x._offset + pixel, y._offset, 0, y._length));
    }
    if (part.rate !== undefined) {
      const pixel = y.d2p(part.rate);
      if (Number.isFinite(pixel) && inside(y, pixel)) layer.append(line(x._offset, y._offset + pixel, x._length, 0));
    }
  };
  const line = (left, top, width, height) => {
    const made = element("div", { class: "lrlab-line" });
    Object.assign(made.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    return made;
  };

  const show = (next, previewed) => {
    // While something is dragged, handles and light are where they were: all but the dragged one are not seen.
    layer.classList.toggle("lrlab-previewed", !!previewed);
    if (previewed) return lay(); // the handle that is dragged is ahead of what the server knows
    handles = next;
    const wanted = new Map((next?.list ?? []).map((handle) => [handle.id, handle]));
    for (const [id, grip] of known) {
      if (!wanted.has(id)) {
        grip.element.remove();
        known.delete(id);
      }
    }
    for (const [id, handle] of wanted) {
      if (!known.has(id)) {
        known.set(id, makeGrip(chart, axes));
        layer.append(known.get(id).element);
      }
      known.get(id).show(handle, next);
    }
    lay();
  };
  host.on("plotly_afterplot", lay);
  return {
    show,
    light: (id) => {
      lit = id;
      for (const grip of known.values()) grip.light(id);
      glow(axes());
    },
    stop: () => layer.remove(),
  };
}

/** One handle: a button that says what it moves and to what, dragged along one axis, and moved by arrow keys. */
function makeGrip(chart, axes) {
  const said = element("span", { class: "lrlab-says" });
  const knob = element("button", { type: "button", class: "lrlab-grip", role: "slider" }, said);
  let now = null;
  let place = 0; // where it stands: a step, or a rate, in the chart's units
  let value = 0;
  let held = null;

  const panel = () => panels.get(now.panel);
  const control = () => panel()?.controls.get(now.of);
  const event = () => ({ id: now.id, value });
  const speak = () => {
    const what = `${now.name} = ${written(value)}`;
    text(said, what);
    attribute(knob, "aria-valuetext", what);
    attribute(knob, "aria-valuenow", value);
  };
  const tidy = (found) => (now.whole ? Math.round(found) : Number(found.toPrecision(4)));
  const set = (next) => {
    value = Math.max(next, now.low);
    place = now.offset + now.scale * value;
    speak();
    lay(axes());
  };
  const lay = (found) => {
    if (!found || !now) return;
    const { x, y } = found;
    const [px, py] = now.axis === "x" ? [x.d2p(place), y.d2p(now.y)] : [0, y.d2p(place)];
    const seen = Number.isFinite(px) && Number.isFinite(py) && px >= -8 && px <= x._length + 8;
    knob.hidden = !seen || (!held && (py < -8 || py > y._length + 8));
    if (!seen) return;
    knob.style.transform = `translate(${x._offset + px}px, ${y._offset + Math.min(Math.max(py, 0), y._length)}px)`;
    knob.classList.toggle("lrlab-left", px > x._length * 0.75);
  };
  const drag = (next) => {
    set(next);
    const shown = control();
    if (shown) shown.drag(value, event());
    else preview(panel(), event());
  };
  const release = (more = {}) => {
    const shown = control();
    if (shown) shown.release(value, { ...event(), ...more });
    else commit(panel(), { ...event(), ...more });
  };

  knob.addEventListener("pointerdown", (press) => {
    if (press.button !== 0 || !panel()) return;
    press.preventDefault();
    press.stopPropagation();
    knob.focus({ preventScroll: true });
    knob.setPointerCapture(press.pointerId);
    held = { x: press.clientX, y: press.clientY, from: place, moved: false };
    knob.classList.add("lrlab-held");
  });
  knob.addEventListener("pointermove", (move) => {
    const found = axes();
    if (!held || held.key || !found) return;
    const by = now.axis === "x" ? move.clientX - held.x : move.clientY - held.y;
    if (!held.moved && Math.abs(by) < SVG_LIMIT) return;
    held.moved = true;
    const axis = found[now.axis];
    drag(tidy((axis.p2d(axis.d2p(held.from) + by) - now.offset) / now.scale));
  });
  const drop = () => {
    if (!held || held.key) return;
    const { moved } = held;
    held = null;
    knob.classList.remove("lrlab-held");
    if (moved) release();
  };
  knob.addEventListener("pointerup", drop);
  knob.addEventListener("pointercancel", drop);
  knob.addEventListener("keydown", (press) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: TEN, PageDown: -TEN }[press.key];
    if (!by || press.altKey || press.ctrlKey || press.metaKey) return;
    press.preventDefault();
    const stops = press.shiftKey && Math.abs(by) === 1 ? TEN * by : by;
    const next = control()?.step(value, stops) ?? tidy(value + stops * (now.whole ? 1 : Math.abs(value) / TEN || 0.01));
    held = press.repeat ? { key: true } : null;
    if (press.repeat) return drag(next);
    set(next);
    release();
  });
  const letGo = () => {
    if (!held?.key) return;
    held = null;
    release({ more: !control()?.refused() }); // what the first press began
  };
  knob.addEventListener("keyup", letGo);
  knob.addEventListener("blur", letGo);
  const point = (on) => {
    control()?.light(on);
    chart.grips.light(on ? now.of : null);
  };
  knob.addEventListener("pointerenter", () => point(true));
  knob.addEventListener("pointerleave", () => point(false));
  knob.addEventListener("focus", () => point(true));
  knob.addEventListener("blur", () => point(false));
  return {
    element: knob,
    lay,
    light: (id) => knob.classList.toggle("lrlab-lit", id !== null && now?.of === id),
    show: (next, { colour, panel: of }) => {
      now = { ...next, panel: of };
      if (held) return;
      value = now.value;
      place = now.offset + now.scale * value;
      knob.style.setProperty("--colour", colour);
      attribute(knob, "data-axis", now.axis);
      attribute(knob, "aria-label", `${now.label}: ${now.name}`);
      attribute(knob, "aria-orientation", now.axis === "x" ? "horizontal" : "vertical");
      attribute(knob, "title", `${now.label} · ${now.name}`);
      speak();
    },
  };
}
