/** The universe by sectors on the Scanners page: which of its levels is in sight. */
import { onAddress } from "../core/address.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { all } from "../core/dom.mjs";

const FIRST = "industry";
let level = FIRST;
/** @type {Array<() => void>} */
const listeners = [];

/** Called when another level comes into sight. @param {() => void} fn */
export function onSector(fn) {
  listeners.push(fn);
}

/** The parts on demand of the level in sight. */
export const sectorParts = () => [`rows:sectors_${level}`];

clientside("qtSectors", {
  view(/** @type {string} */ value) {
    level = value || FIRST;
    all(document, "[data-sector]").forEach((block) => { block.hidden = block.dataset.sector !== level; });
    listeners.forEach((fn) => fn());
    return noUpdate();
  },
});
onAddress(() => { level = FIRST; });
