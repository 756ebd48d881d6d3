// Where the app is.

/** The app's own address, whatever page is open and wherever it is served from: that of Streamlit's script, two up. */
function home() {
  const script = document.querySelector("script[type=module][src*='static/js/']");
  return script ? new URL("../../", script.src) : new URL(".", document.baseURI);
}
