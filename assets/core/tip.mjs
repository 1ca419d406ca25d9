/**
 * What a cell of a map says, at once: a browser's own tooltip comes a second late for each cell anew, never by the keyboard,
 * and tells what was so when it came. Here they are asked for each second while they are shown. What a cell knows as it is
 * drawn stands in its `data-tip`.
 */
import { setText } from "./dom.mjs";
import { every } from "./every.mjs";

/** The words of a cell, one line each; "" = it has none. @typedef {(cell: HTMLElement) => string} Words */

const GAP_PX = 6, EDGE_PX = 8, ID = "qt-tip";
/** @type {Array<[selector: string, words: Words]>} */
const kinds = [];
/** The cell that is told of. @type {HTMLElement | null} */
let shown = null;

/** Cells of this kind have such words. @param {string} selector @param {Words} words */
export function tips(selector, words) {
  kinds.push([selector, words]);
}

/**
 * Where the words stand: above the cell, below it where there is no room, never over an edge.
 * @param {{left: number, right: number, top: number, bottom: number}} cell
 * @param {{width: number, height: number}} tip
 * @param {{width: number, height: number}} view
 */
export function placeOf(cell, tip, view) {
  const middle = (cell.left + cell.right - tip.width) / 2, above = cell.top - tip.height - GAP_PX;
  return {
    left: Math.max(EDGE_PX, Math.min(middle, view.width - tip.width - EDGE_PX)),
    top: above >= EDGE_PX ? above : Math.min(cell.bottom + GAP_PX, view.height - tip.height - EDGE_PX),
  };
}

function box() {
  const known = document.getElementById(ID);
  if (known) {
    return known;
  }
  const made = document.createElement("div");
  made.id = ID;
  made.className = "qt-tip";
  made.setAttribute("role", "tooltip");
  made.hidden = true;
  document.body.append(made);
  return made;
}

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function cellAt(target) {
  const found = target instanceof Element ? kinds.map(([selector]) => target.closest(selector)).find(Boolean) : null;
  return found instanceof HTMLElement ? found : null;
}

/** @param {HTMLElement | null} cell */
function show(cell) {
  if (shown !== cell) {
    shown?.removeAttribute("aria-describedby");
  }
  shown = cell;
  draw();
}

function draw() {
  const cell = shown?.isConnected ? shown : null, words = cell && kinds.find(([selector]) => cell.matches(selector))?.[1](cell);
  const tip = words || document.getElementById(ID) ? box() : null;
  if (!tip) {
    return;
  }
  tip.hidden = !words;
  if (!cell || !words) {
    return;
  }
  setText(tip, words);
  const { left, top } = placeOf(cell.getBoundingClientRect(), { width: tip.offsetWidth, height: tip.offsetHeight },
    { width: document.documentElement.clientWidth, height: window.innerHeight });
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
  cell.setAttribute("aria-describedby", ID);
}

tips("[data-tip]", (cell) => cell.dataset.tip ?? "");

document.addEventListener("pointerover", (event) => {
  const cell = cellAt(event.target);
  if (cell !== shown) {
    show(cell);
  }
});
document.addEventListener("focusin", (event) => show(cellAt(event.target)));
document.addEventListener("focusout", () => show(null));
document.addEventListener("scroll", () => shown && show(null), true);
document.addEventListener("keydown", (event) => event.key === "Escape" && show(null));
every(1000, () => shown && draw());
