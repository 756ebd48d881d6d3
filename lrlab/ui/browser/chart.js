// The browser half of ui/chart.py: one living Plotly figure per Streamlit key.
//
// Streamlit calls showChart again at every change of data or theme, and may give
// it a new parent element. The figure's own element is therefore kept here, by key, and moved
// to wherever the parent is: zoom, mode and mode bar survive both.

const GRACE_MS = 3000; // a remount within this time finds its figure again
const RESIZE_MS = 80;
const DOUBLE_CLICK_MS = 300;
const REST_MS = 150; // after a quick drawing the whole one waits for so long a rest,
const HELD_MS = 400; // and for so long a one while a control is held
const LIBRARY_FAILED =
  "The chart cannot be drawn: its drawing library did not load. Reload the page to try again.";
const DRAWING_FAILED =
  "The chart cannot be drawn from these values. Change a setting to try again.";

// A curve between two handles: what a vector drawing looks like in every drawing program.
const VECTOR_ICON = {
  width: 24,
  height: 24,
  path:
    "M2 2h7v7H2z M4 4v3h3V4z M15 15h7v7h-7z M17 17v3h3v-3z " +
    "M4.5 9h2c0 6.500 3.500 9 8.500 9v2C8.500 20 4.500 16.500 4.500 9z " +
    "M9 4.750h7v-2h4v5.500h-4v-2H9z",
};

const charts = new Map();

// ---------------------------------------------------------------- colours

const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** Any CSS colour as [r, g, b]; plotly.js itself does not know color-mix(), oklch() and others. */
function rgb(css) {
  brush.clearRect(0, 0, 1, 1);
  brush.fillStyle = css;
  brush.fillRect(0, 0, 1, 1);
  return brush.getImageData(0, 0, 1, 1).data.slice(0, 3);
}

function mix(back, front, share) {
  const channels = Array.from(back, (b, i) => Math.round(b + (front[i] - b) * share));
  return `rgb(${channels.join(", ")})`;
}

/** Streamlit's theme as a Plotly template: defaults that the figure's own layout overrides. */
function readTheme(element, size) {
  const css = getComputedStyle(element);
  const read = (name, otherwise) => {
    const value = css.getPropertyValue(name).trim();
    return value && value !== "unset" ? value : otherwise;
  };
  const paper = read("--st-background-color", "#ffffff");
  const text = read("--st-text-color", "#31333f");
  const primary = read("--st-primary-color", text);
  const [back, front] = [rgb(paper), rgb(text)];
  const grid = mix(back, front, 0.12);
  const muted = mix(back, front, 0.7);
  const clear = "rgba(0, 0, 0, 0)";
  const axis = {
    automargin: true,
    gridcolor: grid,
    zerolinecolor: grid,
    zerolinewidth: 1,
    linecolor: mix(back, front, 0.35),
    tickcolor: mix(back, front, 0.35),
    tickfont: { color: muted },
    ticklabelstandoff: 4,
    title: { font: { color: text, size }, standoff: 10 },
    spikecolor: mix(back, front, 0.45),
    spikethickness: 1,
  };
  const template = {
    layout: {
      font: { family: read("--st-font", "sans-serif"), color: text, size },
      title: { font: { color: text } },
      paper_bgcolor: clear,
      plot_bgcolor: paper, // Plotly would take a clear one for white and draw a white halo in the dark
      xaxis: axis,
      yaxis: axis,
      legend: { bgcolor: clear },
      hoverlabel: { bgcolor: paper, bordercolor: mix(back, front, 0.3), font: { color: text } },
      modebar: { bgcolor: clear, color: mix(back, front, 0.55), activecolor: primary },
      newshape: { line: { color: primary } },
    },
  };
  const dark = Math.max(...back) < 128;
  return { paper, template, dark };
}

// ---------------------------------------------------------------- one chart

/** Save what is seen; a solid background, because a transparent picture is unreadable elsewhere. */
function download(chart, format) {
  const { host, paper } = chart;
  // A picture cannot load web fonts: text measured in one font and drawn in another is cut off.
  const font = { ...host.layout.font, family: "Arial, Helvetica, sans-serif" };
  const layout = { ...host.layout, font, paper_bgcolor: paper, plot_bgcolor: paper };
  const options = {
    format,
    filename: layout.meta?.filename || "lrlab",
    width: host.clientWidth,
    height: host.clientHeight,
    scale: format === "png" ? 2 : 1,
  };
  window.Plotly.downloadImage({ data: host.data, layout }, options).catch((error) =>
    console.error("lrlab chart: download failed", error),
  );
}

/** Built once per chart: Plotly.react compares the config and starts anew if a function differs. */
function makeConfig(chart, Plotly) {
  const save = (format, icon) => ({
    name: `save-${format}`,
    title: `Download as ${format.toUpperCase()}`,
    icon,
    click: () => download(chart, format),
  });
  return {
    displaylogo: false,
    displayModeBar: true,
    responsive: false,
    modeBarButtons: [
      ["zoom2d", "pan2d", "resetScale2d"],
      [save("png", Plotly.Icons.camera), save("svg", VECTOR_ICON)],
    ],
  };
}

function makeChart() {
  const host = document.createElement("div");
  host.className = "lrlab-chart";
  host.setAttribute("role", "figure"); // "img" would hide the mode bar's buttons from a reader
  const chart = {
    host, config: null, wanted: null, drawn: 0, send: null, report: null, preview: null, last: ["", 0], frames: [],
    outline: null, moved: new Map(), timer: 0, pinned: {},
  };
  chart.player = makePlayer(
    () => pose(chart),
    (index) => chart.report?.(String(index)),
  );
  let timer = 0;
  chart.observer = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const size = host._fullLayout;
      if (!size || !host.clientWidth || size.width === host.clientWidth) return;
      resize(chart).catch(() => {}); // hidden meanwhile: the next change sees to it
    }, RESIZE_MS);
  });
  chart.observer.observe(host);
  return chart;
}

/** Plotly leaves a legend whose lines become fewer where it was, and puts it right when it draws the same once more. */
async function resize({ host, config }) {
  await window.Plotly.Plots.resize(host);
  await window.Plotly.react(host, host.data, host.layout, config);
}

/** Where Python owns which lines are hidden: report a legend click and let Plotly do nothing. */
function listen(chart) {
  const { host } = chart;
  host.on("plotly_legendclick", ({ curveNumber }) => {
    if (!chart.send) return true;
    const trace = host.data[curveNumber];
    const name = String(trace.legendgroup || trace.name || "");
    const [before, when] = chart.last;
    const now = performance.now();
    chart.last = [name, now];
    // The second half of a double click would undo the first.
    if (name && (name !== before || now - when > DOUBLE_CLICK_MS)) chart.send(name);
    return false;
  });
  host.on("plotly_legenddoubleclick", () => !chart.send);
  // Plotly has drawn by itself, since somebody zoomed or resized: the lines it knows are older than the moved ones.
  host.on("plotly_afterplot", () => chart.moved.size && draw(chart));
}

/** Draw the frame at which the player stands; of those that come meanwhile, the last. */
async function pose(chart) {
  if (chart.busy || !chart.drawn) return;
  chart.busy = true;
  try {
    while (chart.posed !== chart.player.at && chart.frames.length) {
      chart.posed = chart.player.at;
      const { data, traces } = chart.frames[chart.posed];
      const options = { mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: false } };
      await window.Plotly.animate(chart.host, { data: data.map(unpacked), traces }, options);
    }
  } catch (error) {
    if (error) console.error("lrlab chart:", error); // an animation that was overtaken rejects with nothing
  } finally {
    chart.busy = false;
  }
}

/** Arrays that were sent before come by name. Without one of them the figure cannot be drawn: null. */
const arrays = new Map();
const MOST_ARRAYS = 400; // twice as many as Python names
function keep(name, array) {
  arrays.delete(name);
  arrays.set(name, array); // the last one that was used
  if (arrays.size > MOST_ARRAYS) arrays.delete(arrays.keys().next().value);
}
function recallLines(data) {
  let whole = true;
  const recall = (array) => {
    if (array?.known) {
      const found = arrays.get(array.known);
      whole &&= !!found;
      if (found) keep(array.known, found);
      return found;
    }
    if (!array?.name) return array;
    const { name, ...rest } = array;
    keep(name, rest);
    return rest;
  };
  const found = data.map((trace) => {
    const { x, y } = trace;
    return { ...trace, ...(x && { x: recall(x) }), ...(y && { y: recall(y) }) };
  });
  return whole ? found : null;
}

/** The figure's lines, as its frame at this place moves them. */
function linesOf(data, frame) {
  const lines = data.map((trace) => ({ ...trace }));
  frame?.traces.forEach((place, i) => Object.assign(lines[place], unpacked(frame.data[i])));
  return lines;
}

function note(chart, sentence) {
  chart.host.querySelector(".lrlab-chart-note")?.remove();
  if (!sentence) return;
  const paragraph = document.createElement("p");
  paragraph.className = "lrlab-chart-note";
  paragraph.setAttribute("role", "status");
  paragraph.textContent = sentence;
  chart.host.append(paragraph);
}

async function draw(chart) {
  const { host } = chart;
  let Plotly;
  try {
    Plotly = await loadPlotly(chart.library);
  } catch (error) {
    console.error("lrlab chart:", error);
    note(chart, LIBRARY_FAILED);
    return;
  }
  const wanted = chart.wanted;
  if (!wanted) return; // a later call has drawn already what this one was called for
  chart.wanted = null;
  clearTimeout(chart.timer);
  chart.frames = wanted.frames;
  chart.posed = chart.player.at;
  chart.busy = true;
  host.dataset.whole = "now";
  try {
    chart.config ??= makeConfig(chart, Plotly);
    const layout = layoutOf(chart, wanted);
    forget(chart);
    chart.outline = outlineOf(wanted);
    await Plotly.react(host, linesOf(wanted.data, chart.frames[chart.posed]), layout, chart.config);
    if (!chart.listening) listen(chart);
    chart.listening = true;
    chart.grips ??= makeGrips(chart);
    chart.grips.show(wanted.handles, wanted.preview);
    note(chart, "");
    chart.drawn += 1;
    host.dataset.drawn = String(chart.drawn);
  } catch (error) {
    console.error("lrlab chart:", error);
    chart.outline = null;
    Plotly.purge(host);
    host.replaceChildren(); // purge leaves the old lines, and half a figure is worse than none
    chart.listening = false;
    chart.grips?.stop();
    chart.grips = null; // purge took its ear
    note(chart, DRAWING_FAILED);
  } finally {
    chart.busy = false;
  }
  if (wanted.preview) landed(wanted.preview);
  pose(chart);
}

/** The layout in Streamlit's theme: a copy, because Plotly writes into what it is given, and Streamlit hands the same
 * object out again when only the theme has changed.
 *
 * While a control is dragged, axes on which the curves lie stay as they are: a handle would run away under the finger.
 */
function layoutOf(chart, { layout, player, preview: dragged, quick }) {
  const size = layout.font?.size ?? 14;
  const { paper, template, dark } = readTheme(chart.host, size);
  chart.paper = paper;
  const { style } = chart.player.element;
  Object.assign(style, { height: `${player}px`, fontSize: `${size}px`, colorScheme: dark ? "dark" : "light" });
  const own = { uirevision: "lrlab", autosize: true, ...structuredClone(layout), template };
  if (!dragged || !(quick || isGripped(chart))) chart.pinned = {};
  else {
    for (const [name, axis] of Object.entries(chart.host._fullLayout ?? {})) {
      if (name.startsWith("yaxis") && axis?.autorange) chart.pinned[name] = [...axis.range];
    }
  }
  for (const [name, range] of Object.entries(chart.pinned)) {
    if (own[name]) Object.assign(own[name], { range, autorange: false });
  }
  return own;
}

/** The whole follows a quick drawing when nothing is on its way from the server; the element says so until then. */
function drawLater(chart) {
  clearTimeout(chart.timer);
  chart.host.dataset.whole = "later";
  chart.timer = setTimeout(() => (isWaiting() ? drawLater(chart) : draw(chart)), isHeld() ? HELD_MS : REST_MS);
}

/** Streamlit also calls the clean-up of overtaken runs, so look whether the chart is really gone. */
function retire(key, chart) {
  if (chart.host.isConnected || charts.get(key) !== chart) return;
  charts.delete(key);
  chart.observer.disconnect();
  clearTimeout(chart.timer);
  chart.grips?.stop();
  chart.player.stop();
  window.Plotly?.purge(chart.host);
}

/** Move chart and player to where they are wanted; whoever has the keyboard keeps it. */
function place(chart, parent, playable) {
  const { host, player } = chart;
  const focused = player.element.contains(document.activeElement) ? document.activeElement : null;
  if (host.parentElement !== parent) parent.append(host);
  if (!playable) {
    player.stop();
    player.element.remove();
  } else if (player.element.parentElement !== parent) parent.append(player.element);
  if (focused !== document.activeElement) focused?.focus();
}

function showChart({ data, parentElement, setTriggerValue }) {
  const { key, figure, height, alt, library, frame, player, toggles, reports, previews, preview, handles } = data;
  const chart = charts.get(key) ?? makeChart();
  charts.set(key, chart);
  const { host } = chart;
  chart.send = toggles ? (name) => setTriggerValue("toggle", name) : null;
  chart.report = reports ? (index) => setTriggerValue("frame", index) : null;
  chart.preview = previews ? (event) => setTriggerValue("preview", event) : null;
  chart.light = (id) => chart.grips?.light(id);
  const frames = figure?.frames ?? [];
  if (frames.length) chart.player.set(frames.map(({ name }) => name), frame);
  place(chart, parentElement, frames.length > 0);
  if (!figure) {
    landed(preview.n, preview.error); // nothing that could be drawn: the last curve stays
    return () => setTimeout(() => retire(key, chart), GRACE_MS);
  }
  const lines = recallLines(figure.data);
  if (!preview) landed(flight.busy); // a change has overtaken what was on its way
  if (!lines) {
    again();
    setTriggerValue("missing", performance.now());
    return () => setTimeout(() => retire(key, chart), GRACE_MS);
  }
  host.style.height = `${height}px`;
  host.setAttribute("aria-label", alt);
  chart.library = library;

  const wanted = { data: lines, frames, layout: figure.layout ?? {}, handles, preview: preview?.n, player };
  chart.wanted = wanted;
  wanted.quick = moveQuickly(chart, wanted);
  if (wanted.quick) {
    chart.grips?.show(handles, wanted.preview);
    if (wanted.preview) landed(wanted.preview);
    drawLater(chart);
  } else draw(chart);
  return () => setTimeout(() => retire(key, chart), GRACE_MS);
}
