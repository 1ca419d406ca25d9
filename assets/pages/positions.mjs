/**
 * Positions page: the P&L curve of each position (SVG, from "pnlcurves") and the treemap, asked for anew when one of its tiles
 * has changed.
 */
import { html, render } from "../vendor/lit-html.mjs";
import { go } from "../core/address.mjs";
import { setProps } from "../core/dash.mjs";
import { all } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { model, onApplied, onNodes, onPart } from "../core/model.mjs";
import { nameOf } from "../core/values.mjs";

/** @typedef {{order: number, sym: string, y: Array<number | null>}} Row unrealised P&L over the last hour, null = not known */
/** @typedef {{value: number, change: number, said: [string, string]}} Worth */

const TREEMAP_MS = 10_000;
const HEIGHT = 56, LEFT = 72, NAME_MAX = 9;
const CHAR = 7.4, GAP = 10;   // room of a digit of the figures, px; between the curve and them

/** @param {Row} row @param {number} width @param {number} right room of the figures */
function curve({ y }, width, right) {
  const known = y.filter((v) => v !== null), low = Math.min(...known), span = Math.max(...known) - low || 1;
  const step = (width - LEFT - right) / Math.max(1, y.length - 1);
  let path = "";
  let pen = "M";
  let [x, height] = [LEFT, HEIGHT / 2];
  y.forEach((v, i) => {
    if (v === null) {
      pen = "M";
      return;
    }
    [x, height] = [LEFT + i * step, 8 + (HEIGHT - 16) * (1 - (v - low) / span)];
    path += `${pen}${x.toFixed(1)} ${height.toFixed(1)}`;
    pen = "L";
  });
  return { path, x, y: height };
}

/** What the curve has come to is the row's own figure: computed once, read from there. @param {string} id @param {Row} row @returns {Worth} */
function worthOf(id, { y }) {
  const known = y.filter((v) => v !== null), last = known[known.length - 1];
  const value = model["grid:positions"]?.[id]?.unr ?? last, change = value - known[0];
  return { value, change, said: [fmt.signed(value, 0), `${fmt.signed(change, 0)} in 1 h`] };
}

/** @param {Row} row @param {Worth} worth @param {number} width @param {number} right */
function curveBlock(row, { change, said }, width, right) {
  const { path, x, y } = curve(row, width, right), tone = fmt.tone(change, 0), name = nameOf(row.sym);
  const words = `${row.sym} unrealised ${said[0]}, ${fmt.signed(change, 0)} in the last hour`;
  return html`<svg width=${width} height=${HEIGHT} role="img" aria-label=${words}>
    <text x="0" y=${HEIGHT / 2 + 4} class="qt-curve-name">${
      name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name}<title>${row.sym}</title></text>
    <path d=${path} class="qt-curve" data-tone=${tone}></path>
    <circle cx=${x} cy=${y} r="2.2" class="qt-curve-dot" data-tone=${tone}></circle>
    <text x=${width} y=${HEIGHT / 2 - 2} class="qt-curve-value">${said[0]}</text>
    <text x=${width} y=${HEIGHT / 2 + 13} class="qt-curve-change" data-tone=${tone}>${said[1]}</text></svg>`;
}

/** Widths of the holders, as their observer has seen them: reading one costs a layout. @type {WeakMap<Element, number>} */
const widths = new WeakMap();

/** @param {HTMLElement} holder */
function draw(holder) {
  /** @type {Record<string, Row>} */
  const rows = model.pnlcurves ?? {}, width = widths.get(holder);
  if (!width) {
    return;
  }
  const ids = Object.keys(rows).sort((a, b) => rows[a].order - rows[b].order), worths = ids.map((id) => worthOf(id, rows[id]));
  /* What the longest figure needs: no number is cut, and no curve runs into one. */
  const right = GAP + CHAR * Math.max(...worths.flatMap(({ said }) => said.map((words) => words.length)));
  render(ids.map((id, i) => curveBlock(rows[id], worths[i], width, right)), holder);
}

/* Its width changes without the window's: by a scroll bar, a card beside it, a phone that is turned. */
const sizes = new ResizeObserver((seen) => {
  seen.forEach(({ target }) => {
    if (target instanceof HTMLElement && target.clientWidth !== widths.get(target)) {
      widths.set(target, target.clientWidth);
      draw(target);
    }
  });
});

/* Curves and figures come in one delta: drawn once, when all of it is there. */
let due = false;
const later = () => { due = true; };
onPart("pnlcurves", later);
onPart("grid:positions", later);
onApplied(() => {
  if (due) {
    due = false;
    all(document, "[data-qt-curves]").forEach(draw);
  }
});
onNodes(() => {
  all(document, "[data-qt-curves]").forEach((holder) => sizes.observe(holder));   // tells the width at once
  watchTreemap();
});

/* ---- the treemap ---- */
/** Plots whose clicks are heard. @type {WeakSet<Element>} */
const watched = new WeakSet();
/** @returns {any} */
const treemap = () => document.querySelector("#positions-treemap .js-plotly-plot");

/* Asked for once the figure of the mount is there, which shows the newest tiles itself, and not at each change of a tile:
   drawing it costs more than the rest of the page. */
let changed = false;
onPart("treemap", () => { changed = true; });
every(TREEMAP_MS, () => {
  if (changed && treemap()?.data?.length) {
    changed = false;
    setProps("positions-treemap-data", { data: Date.now() });
  }
});

function watchTreemap() {
  const plot = treemap();
  if (!plot || !plot.on || watched.has(plot)) {
    return;
  }
  watched.add(plot);
  plot.on("plotly_treemapclick", (/** @type {any} */ event) => {
    const tile = event.points?.[0];
    if (tile?.id) {
      go(`/symbol/${tile.id}`);
    }
    return false;
  });
}
