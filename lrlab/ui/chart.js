// Draws a Plotly figure that survives reruns: Plotly.react on one host, so zoom and size stay where the person left them.

const SENTENCE = "The chart could not be drawn: "
let library // the promise of window.Plotly, shared by every chart of the page

function load(url) {
  library ??= new Promise((resolve, reject) => {
    if (window.Plotly) return resolve(window.Plotly)
    const script = document.createElement("script")
    script.src = new URL(url, document.baseURI).href
    script.onload = () => resolve(window.Plotly)
    script.onerror = () => {
      library = undefined
      reject(new Error("plotly.min.js did not arrive; reload the page."))
    }
    document.head.append(script)
  })
  return library
}

function theme(element) {
  const style = getComputedStyle(element)
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback
  return {
    text: read("--st-text-color", "#31333f"),
    background: read("--st-background-color", "#ffffff"),
    panel: read("--st-secondary-background-color", "#f0f2f6"),
    font: read("--st-font", "sans-serif"),
  }
}

function faint(colour, share) {
  return `color-mix(in srgb, ${colour} ${share}%, transparent)`
}

// Plotly knows no color-mix: let the browser turn it into rgba once
function rgba(host, colour) {
  const probe = document.createElement("span")
  probe.style.color = colour
  host.append(probe)
  const canvas = document.createElement("canvas").getContext("2d")
  canvas.fillStyle = getComputedStyle(probe).color
  canvas.fillRect(0, 0, 1, 1)
  probe.remove()
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
  return `rgba(${r},${g},${b},${(a / 255).toFixed(3)})`
}

function themed(host, layout) {
  const colours = theme(host)
  const grid = rgba(host, faint(colours.text, 14))
  const line = rgba(host, faint(colours.text, 45))
  const axes = Object.fromEntries(
    Object.entries(layout)
      .filter(([key]) => /^[xy]axis/.test(key))
      .map(([key, axis]) => [key, { ...axis, gridcolor: grid, linecolor: line, tickcolor: line }]),
  )
  return {
    ...layout,
    ...axes,
    font: { color: colours.text, family: colours.font, size: 13 },
    paper_bgcolor: colours.background, // solid, so that a downloaded picture can be read anywhere
    plot_bgcolor: colours.background,
    hoverlabel: { ...layout.hoverlabel, bgcolor: colours.panel, bordercolor: line, font: { color: colours.text } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: line, activecolor: colours.text, orientation: "v" },
  }
}

const SVG_ICON = {
  width: 24,
  height: 24,
  path: "M5 20h14v-2H5v2zM19 9h-4V3H9v6H5l7 7 7-7z",
}

function config(Plotly, filename) {
  const svg = {
    name: "Download as SVG",
    title: "Download as SVG",
    icon: SVG_ICON,
    click: (chart) => Plotly.downloadImage(chart, { format: "svg", filename, width: chart.clientWidth, height: chart.clientHeight }),
  }
  return {
    displaylogo: false,
    responsive: false, // resized by the observer below
    scrollZoom: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    modeBarButtonsToAdd: [svg],
    toImageButtonOptions: { format: "png", filename, scale: 2 },
  }
}

function say(host, error) {
  console.error(error)
  const box = document.createElement("p")
  box.setAttribute("role", "alert")
  box.textContent = SENTENCE + error.message
  host.replaceChildren(box)
}

async function draw(host, state) {
  const { figure, library: url } = state.data
  const Plotly = await load(url)
  if (host._shown !== state) return // a newer figure came while the library was loading
  const filename = figure.layout.meta?.filename ?? "lrlab"
  const layout = { ...themed(host, figure.layout), autosize: true }
  await Plotly.react(host, figure.data, layout, config(Plotly, filename))
  if (!host._listens) {
    host._listens = true
    host.on("plotly_legendclick", (event) => {
      const trial = event.data[event.curveNumber].meta?.trial
      if (trial !== undefined) host._shown.toggle(trial)
      return false // the document says what is hidden
    })
    host.on("plotly_legenddoubleclick", () => false)
  }
  host.dataset.drawn = Number(host.dataset.drawn ?? 0) + 1
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const host = parentElement.querySelector(".lrlab-chart")
  host.style.height = `${data.height}px`
  host.setAttribute("aria-label", data.alt)
  const state = { data, toggle: (trial) => setTriggerValue("toggle", trial) }
  host._shown = state
  const redraw = () => draw(host, host._shown).catch((error) => say(host, error))
  redraw()

  if (!host._watched) {
    host._watched = true
    let pending
    new ResizeObserver(() => {
      clearTimeout(pending)
      pending = setTimeout(() => host._fullLayout && window.Plotly.Plots.resize(host), 60)
    }).observe(host)
    let before = JSON.stringify(theme(host))
    setInterval(() => {
      // Streamlit changes its theme's variables without telling
      const now = JSON.stringify(theme(host))
      if (now !== before && host.isConnected) {
        before = now
        redraw()
      }
    }, 700)
  }
}
