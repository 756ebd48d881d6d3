// Keys of the presenter that a field keeps to itself: Escape leaves a field, and arrows go on from a switch, for which they mean nothing.
// Written once into the page; it acts only while a section is presented, and before Streamlit's own keys, which would press Close at once.
if (!window.lrlabPresenter) {
  window.lrlabPresenter = true
  document.addEventListener("keydown", (event) => {
    const bar = document.querySelector(".st-key-presenter")
    const field = event.target
    if (!bar || !(field instanceof HTMLInputElement) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    if (event.key === "Escape" && ["text", "number"].includes(field.type)) {
      event.stopImmediatePropagation()
      const givenBack = !field.dispatchEvent(new CustomEvent("lrlab:escape", { cancelable: true })) // by the panel
      if (!givenBack) field.blur()
    }
    const button = { ArrowLeft: "previous", ArrowRight: "next" }[event.key]
    if (button && field.type === "checkbox") bar.querySelector(`.st-key-present-${button} button`).click()
  }, true)
}
