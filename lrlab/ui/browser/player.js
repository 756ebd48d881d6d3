// The player beneath a figure with frames: a button, a range and the frame's name. It plays
// without the server, only when asked to, once; where it is halted it says so once.

const FRAME_MS = 80; // between two frames
const REPORT_MS = 250; // an arrow key held down is one move
const PLAY_PATH = "M4 2.500 L14 8 L4 13.500 Z";
const PAUSE_PATH = "M3.500 2.500 h3.500 v11 h-3.500 Z M9 2.500 h3.500 v11 h-3.500 Z";

function makeButton(onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path></path></svg>`;
  button.addEventListener("click", onClick);
  return button;
}

/** `show(index)` draws a frame and resolves when that is done; `report(index)` is told where the person halted. */
function makePlayer(show, report) {
  const element = document.createElement("div");
  const range = document.createElement("input");
  const name = document.createElement("span");
  const player = { element, at: 0, playing: false };
  let names = [];
  let timer = 0;
  let given = null; // the frame that Python asked for last
  let awaited = []; // frames reported to Python that have not come back from it yet

  const label = () => {
    range.value = String(player.at);
    range.setAttribute("aria-valuetext", names[player.at]);
    name.textContent = names[player.at];
  };
  const go = (index) => {
    player.at = Math.min(Math.max(index, 0), names.length - 1);
    label();
    return show(player.at);
  };
  const face = () => {
    button.setAttribute("aria-label", player.playing ? "Pause" : "Play");
    button.querySelector("path").setAttribute("d", player.playing ? PAUSE_PATH : PLAY_PATH);
  };
  const halted = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (awaited.at(-1) === player.at || (!awaited.length && given === player.at)) return;
      awaited.push(player.at);
      report(player.at);
    }, REPORT_MS);
  };
  const halt = () => {
    player.playing = false;
    face();
    halted();
  };
  const step = async () => {
    const begun = performance.now();
    await go(player.at + 1);
    if (!player.playing) return;
    if (player.at >= names.length - 1) halt();
    else timer = setTimeout(step, Math.max(0, FRAME_MS - (performance.now() - begun)));
  };
  const play = () => {
    clearTimeout(timer);
    player.playing = true;
    face();
    if (player.at >= names.length - 1) go(0);
    timer = setTimeout(step, FRAME_MS);
  };
  const button = makeButton(() => (player.playing ? halt() : play()));

  element.className = "lrlab-player";
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "Player");
  element.addEventListener("keydown", (event) => event.stopPropagation()); // the page's own keys are not meant
  range.type = "range";
  range.min = "0";
  range.setAttribute("aria-label", "Frame");
  range.addEventListener("input", () => {
    player.playing = false;
    face();
    go(Number(range.value));
    halted();
  });
  element.append(button, range, name);
  face();

  /** Other frames keep the place; Python's frame counts where it is no echo of what was reported. */
  player.set = (newNames, frame) => {
    names = newNames;
    range.max = String(names.length - 1);
    const echo = awaited.indexOf(frame);
    if (echo >= 0) awaited = awaited.slice(echo + 1);
    else if (frame !== given) player.at = frame;
    given = frame;
    player.at = Math.min(Math.max(player.at, 0), names.length - 1);
    label();
  };
  player.stop = () => {
    clearTimeout(timer);
    player.playing = false;
    face();
  };
  return player;
}

const TYPED = { f4: Float32Array, f8: Float64Array };

/** A frame's arrays; Plotly would merge the packed ones into what Streamlit still holds. */
function unpacked(trace) {
  const arrays = Object.entries(trace).map(([key, { dtype, bdata }]) => {
    const bytes = Uint8Array.from(atob(bdata), (letter) => letter.charCodeAt(0));
    return [key, new TYPED[dtype](bytes.buffer)];
  });
  return Object.fromEntries(arrays);
}
