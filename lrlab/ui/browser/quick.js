// The quick drawing: where only values have changed, lines and marks are moved as they stand. Plotly takes much longer
// to draw a figure anew, most of it for axes and texts. It does so when nobody waits for the next curve.

/** A figure that can be moved: its layout but for what may wait, and its traces, each with a key, and how it looks. */
function outlineOf({ data, layout }) {
  const { annotations, meta, template, ...rest } = layout;
  const seen = new Map();
  const traces = data.map((trace) => {
    const { x, y, text: said, hovertemplate, ...look } = trace;
    const name = [trace.legendgroup, trace.mode, trace.yaxis, trace.name].join(" ");
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return { key: `${name} ${seen.get(name)}`, look: JSON.stringify(look), trace };
  });
  return { layout: JSON.stringify(rest), traces };
}

const same = (one, other) => one === other || (one?.bdata !== undefined && one.bdata === other?.bdata);
const values = (packed) => (packed?.bdata === undefined ? null : unpacked({ it: packed }).it);

/** Where values are on an axis, in pixels, as Plotly's own d2p says of each one by one. */
function onAxis(numbers, { type, range: [begin, end], _length: length }, upwards) {
  const [from, per] = upwards ? [length, -length / (end - begin)] : [0, length / (end - begin)];
  const log = type === "log";
  return Float64Array.from(numbers, (number) => from + per * ((log ? Math.log10(number) : number) - begin));
}

/** Where a trace's points are, in pixels of its axes; null where one has no place. */
function pointsOf(trace, { x: xaxis, y: yaxis }) {
  const [xs, ys] = [values(trace.x), values(trace.y)];
  if (!xs || !ys || xs.length !== ys.length) return null;
  const points = { x: onAxis(xs, xaxis, false), y: onAxis(ys, yaxis, true) };
  return points.x.every(Number.isFinite) && points.y.every(Number.isFinite) ? points : null;
}

/** A line through all points, as SVG writes it. */
function path({ x, y }) {
  let said = "M";
  const short = (pixels) => Math.round(pixels * 100) / 100;
  for (let i = 0; i < x.length; i++) said += `${i ? "L" : ""}${short(x[i])},${short(y[i])}`;
  return said;
}

/** Whether an axis that fits itself to the curves need not: these points lie on it. */
const within = (points, axis, pinned) =>
  !(axis.autorange || pinned) || points.y.every((y) => y >= -1 && y <= axis._length + 1);

/** Move what is drawn to what is wanted; whether that could be done. Without a change of a line nothing is done. */
function moveQuickly(chart, wanted) {
  const { host, outline: drawn } = chart;
  if (!drawn || wanted.frames.length || !host._fullLayout?.xaxis?.d2p) return false;
  const next = outlineOf(wanted);
  if (next.layout !== drawn.layout) return false;
  const before = new Map(drawn.traces.map((one, place) => [one.key, { ...one, place }]));
  const moves = [];
  for (const { key, look, trace } of next.traces) {
    const had = before.get(key);
    before.delete(key);
    const line = trace.mode === "lines";
    if ((!line && trace.mode !== "markers") || trace.fill || trace.xaxis || trace.line?.shape) return false;
    if (line && had?.look !== look) return false;
    if (!had || trace.visible === "legendonly") continue;
    const shown = chart.moved.get(key) ?? had;
    if (shown.look === look && same(shown.trace.x, trace.x) && same(shown.trace.y, trace.y)) continue;
    const group = groupOf(host, had.place);
    const vertical = `yaxis${(trace.yaxis ?? "y").slice(1)}`;
    const axes = { x: host._fullLayout.xaxis, y: host._fullLayout[vertical] };
    const fits = () => isGripped(chart) || within(points, axes.y, chart.pinned[vertical]);
    const points = had.look === look && axes.y ? pointsOf(trace, axes) : null;
    const paths = group?.querySelectorAll("path.js-line");
    if (line && (!points || paths?.length !== 1 || !fits())) return false;
    if (group) moves.push({ key, look, trace, group, points, line: line && paths[0] });
  }
  if (!moves.some(({ line }) => line)) return false;
  for (const { key, look, trace, group, points, line } of moves) {
    chart.moved.set(key, { look, trace });
    if (line) line.setAttribute("d", path(points));
    else moveMarks(group, points);
  }
  for (const [key, { place, trace }] of before) {
    chart.moved.set(key, { look: null, trace }); // it is gone
    groupOf(host, place)?.style.setProperty("visibility", "hidden");
  }
  return true;
}

/** The element in which Plotly has drawn a trace. */
function groupOf(host, place) {
  const full = host._fullData[place];
  return full && host.querySelector(`.trace${full.uid}`);
}

/** Move marks; those that are too many are not seen, and those that are too few are drawn with the whole. */
function moveMarks(group, points) {
  const { x, y } = points ?? { x: [], y: [] };
  group.style.visibility = "";
  group.querySelectorAll("path.point").forEach((mark, i) => {
    mark.style.visibility = i < x.length ? "" : "hidden";
    if (i < x.length) mark.setAttribute("transform", `translate(${x[i]},${y[i]})`);
  });
}

/** The whole is drawn now: what the quick drawing has hidden may be seen again. */
function forget(chart) {
  for (const hidden of chart.host.querySelectorAll(".trace, path.point")) hidden.style.visibility = "";
  chart.moved.clear();
}
