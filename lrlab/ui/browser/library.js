// Loads plotly.js once per page, whoever asks first: the top of the page, or a chart.

/** A failed load is forgotten, so that the next run may try again. */
function loadPlotly(path) {
  if (window.Plotly?.react) return Promise.resolve(window.Plotly);
  window.lrlabPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(path, home()).href;
    script.fetchPriority = "high";
    script.onload = () =>
      window.Plotly?.react ? resolve(window.Plotly) : reject(new Error(`no Plotly in ${script.src}`));
    script.onerror = () => reject(new Error(`${script.src} did not load`));
    document.head.append(script);
  }).catch((error) => {
    window.lrlabPlotly = null;
    throw error;
  });
  return window.lrlabPlotly;
}
