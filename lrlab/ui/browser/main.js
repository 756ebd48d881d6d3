export default function (args) {
  withStyle();
  return args.data.is === "panel" ? showPanel(args) : showChart(args);
}
