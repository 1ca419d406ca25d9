/** How dense the rows are: kept in the browser, worn by every page and its grids. */
import { eachGrid } from "./grid.mjs";
import { onNodes } from "./model.mjs";

const DENSITY = "qt-density", COMPACT = "compact";

export const isCompact = () => window.localStorage.getItem(DENSITY) === COMPACT;

/** @param {boolean} compact */
export function setCompact(compact) {
  if (compact) {
    window.localStorage.setItem(DENSITY, COMPACT);
  } else {
    window.localStorage.removeItem(DENSITY);
  }
  wear();
}

const LESS_PX = { 44: 36, 32: 26 };   // heights of rows of two lines and of one

function wear() {
  const compact = isCompact();
  document.documentElement.toggleAttribute("data-compact", compact);
  eachGrid(null, (grid) => {
    const usual = grid.api.getGridOption("rowHeight"), worn = grid.wrapper.dataset.compact === "1";
    if (worn !== compact) {
      const height = compact ? LESS_PX[/** @type {44 | 32} */ (usual)] ?? usual : usual;
      grid.wrapper.dataset.compact = compact ? "1" : "";
      grid.api.setGridOption("getRowHeight", (/** @type {any} */ params) => (params.node.rowPinned ? Math.min(32, height) : height));
      grid.api.resetRowHeights();
    }
  });
}
onNodes(wear);
