// What chart and panel share: the style sheet, elements, numbers as text.

function withStyle() {
  if (document.getElementById("lrlab-style")) return;
  const style = document.createElement("style");
  style.id = "lrlab-style";
  style.textContent = STYLE;
  document.head.append(style);
}

/** An element with attributes and children: element("p", { class: "x" }, "text"). */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value != null) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** Write an attribute only where it changes, so that a reader does not say the same again. */
function attribute(target, name, value) {
  if (value === false || value == null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== String(value)) target.setAttribute(name, value === true ? "" : String(value));
}

function text(target, said) {
  if (target.textContent !== said) target.textContent = said;
}

/** One of the icons that Streamlit's own font holds; readers do not see it. */
function icon(name) {
  return element("span", { class: "lrlab-icon", "aria-hidden": "true" }, name);
}

/** A number as the fields write it: typed.py has the same rule. */
function written(number) {
  if (Number.isInteger(number) && Math.abs(number) < 1e16) return String(number);
  const size = Math.abs(number);
  const said = size < 1e-3 || size >= 1e16 ? number.toExponential() : String(number);
  return said.replace("e+", "e");
}
