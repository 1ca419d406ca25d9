/** The Overview's heatmap: the best candidates of now, and those that stand there since the page was opened. */
import { bestFirst, makeHeat } from "../core/heat-cells.mjs";
import { model, onApplied, onNodes, onPart } from "../core/model.mjs";

let due = false;

onPart("rows", (name) => { due = due || name === "topheat"; });
onPart("heatcuts", () => { due = true; });
function draw() {
  const rows = model["rows:topheat"], cuts = model.heatcuts;
  due = due && !(rows && cuts && makeHeat("top", bestFirst(rows), rows, cuts));
}
onApplied(draw);
onNodes(draw);
