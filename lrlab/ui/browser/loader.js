// What Streamlit sends along with every component: it loads the one script that all of them share.
let shared = null;
let loading = null;

export default function (args) {
  if (shared) return shared(args);
  let clean = null;
  let gone = false;
  loading ??= import(new URL(SCRIPT, home()).href).then((module) => (shared = module.default));
  loading
    .then((show) => {
      if (gone) return;
      args.parentElement.querySelector(":scope > .lrlab-failed")?.remove();
      clean = show(args);
    })
    .catch((error) => {
      loading = null;
      console.error("lrlab:", error);
      const said = Object.assign(document.createElement("p"), { className: "lrlab-failed" });
      said.textContent = "This part of the page did not load. Reload the page to try again.";
      args.parentElement.append(said);
    });
  return () => {
    gone = true;
    clean?.();
  };
}
