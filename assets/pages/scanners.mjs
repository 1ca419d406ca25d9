/** The Scanners page: which of its parts are in sight, and so asked for. */
import { onAddress } from "../core/address.mjs";
import { model, onPart } from "../core/model.mjs";
import { see } from "../core/poll.mjs";
import { onTab } from "../core/tabs.mjs";
import { heatParts, onView } from "./scan-heat.mjs";
import { onSector, sectorParts } from "./sectors.mjs";
import "./scan-chips.mjs";
import "./scan-results.mjs";

/** Beside what every tab needs: the facts, the states, the values in force. @type {Record<string, string[]>} */
const OF_TAB = {
  results: ["chips", "grid:results", "rows:moves"],
  thresholds: ["sets", "log", "preview", "hist"],
  why: [],
  scoreboard: ["rows:scores_today", "rows:scores_days", "rows:shadow", "rows:audit", "scores"],
  sectors: [],
  custom: ["customs", "scanparams"],
};
let tab = "";
/* Why there is no signal is sent while the pointer is over the results: it is the tooltip of their rows. */
let isPointed = false;
/** @type {HTMLElement | null} */
let row = null;

function inSight() {
  if (tab) {
    const results = [...heatParts(), ...(isPointed ? ["whys"] : [])];
    see("scanners", [...OF_TAB[tab], ...(tab === "results" ? results : tab === "sectors" ? sectorParts() : [])]);
  }
}

onTab((page, shown) => {
  tab = page === "scanners" ? shown : "";
  isPointed = false;
  inSight();
});
onView(inSight);
onSector(inSight);
onAddress(() => { tab = ""; });

function tellWhy() {
  const why = row && (model.whys || {})[row.getAttribute("row-id") ?? ""];
  if (row && why && row.title !== why) {
    row.title = why;
  }
}
onPart("whys", tellWhy);

document.addEventListener("pointerover", (event) => {
  if (tab !== "results" || !(event.target instanceof Element)) {
    return;
  }
  const isOver = event.target.closest("[data-qt-grid='results']") !== null;
  row = isOver ? event.target.closest(".ag-row") : null;
  tellWhy();
  if (isOver !== isPointed) {
    isPointed = isOver;
    inSight();
  }
});
