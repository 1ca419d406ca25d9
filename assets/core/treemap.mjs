/**
 * Treemaps: <div data-qt-treemap="part" data-fill="tone|step" data-lines="money,share,change">. The part (app/rows/treemap.py)
 * is con_id -> [symbol, money, change %, share %, step]; drawn with each poll that changes it, so that a tile says what the
 * tables beside it say. A label stands where there is room for it and is never smaller than 11 px.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { textPx } from "./cells.mjs";
import { all } from "./dom.mjs";
import * as fmt from "./format.mjs";
import { model, onApplied, onNodes, onPart } from "./model.mjs";
import { squares } from "./squares.mjs";
import { nameOf } from "./values.mjs";

/** @typedef {[sym: string, money: number, change: number | null, share: number | null, step: number | null]} Tile */
/** @typedef {"money" | "share" | "change"} Line */

const LINE_PX = 15, PAD_PX = 8, GAP_PX = 1;
/** Sizes of the holders, as their observer has seen them: reading one costs a layout. @type {WeakMap<Element, [number, number]>} */
const sizes = new WeakMap();

/** Three digits, and said to be no more: 493,212 -> "493 k". @param {number} money */
export function shortMoney(money) {
  const found = /** @type {Array<[number, string]>} */ ([[1e9, " B"], [1e6, " M"], [1e3, " k"]]).find(([size]) => money >= size);
  if (!found) {
    return fmt.number(money, 0);
  }
  const [size, unit] = found, places = money >= 100 * size ? 0 : money >= 10 * size ? 1 : 2;
  return `${fmt.number(money / size, places)}${unit}`;
}

/** What a tile may say below its name. @type {Record<Line, (tile: Tile) => string>} */
const WORDS = {
  money: ([, money]) => shortMoney(money),
  share: ([, , , share]) => fmt.share(share),
  change: ([, , change]) => fmt.percent(change, 1),
};

/** The words that fit into a tile: its name first. @param {string} name @param {string[]} lines @param {number} w @param {number} h */
function fitting(name, lines, w, h) {
  const room = Math.floor((h - 6) / LINE_PX);
  if (room < 1 || textPx(name, "bold") + PAD_PX > w) {
    return [];
  }
  return [name, ...lines.filter((line) => textPx(line, "sub") + PAD_PX <= w).slice(0, room - 1)];
}

/** @param {HTMLElement} holder @param {[con: string, tile: Tile]} entry @param {import("./squares.mjs").Box} box */
function block(holder, [con, tile], { x, y, w, h }) {
  const [sym, , change, , step] = tile, kinds = /** @type {Line[]} */ ((holder.dataset.lines ?? "").split(",").filter((each) => each in WORDS));
  const lines = kinds.map((kind) => WORDS[kind](tile)), said = fitting(nameOf(sym), lines, w, h), tone = fmt.tone(change, 1);
  const toned = kinds.indexOf("change") >= 0 && holder.dataset.fill === "tone" ? WORDS.change(tile) : "";
  return html`<a class="qt-tm" href="/symbol/${con}" data-tip=${[sym, ...lines].join("  ")}
    data-tone=${holder.dataset.fill === "tone" ? tone : nothing} data-step=${holder.dataset.fill === "step" ? step ?? "none" : nothing}
    style="left: ${x.toFixed(1)}px; top: ${y.toFixed(1)}px; width: ${Math.max(0, w - GAP_PX).toFixed(1)}px; height: ${
      Math.max(0, h - GAP_PX).toFixed(1)}px"><span class="visually-hidden">${[sym, ...lines].join(", ")}</span><span aria-hidden="true">${said.map((line, i) => (i === 0 ? html`<b>${line}</b>`
      : html`<i data-tone=${line === toned ? tone : nothing}>${line}</i>`))}</span></a>`;
}

/** The order of the tiles holds while they are the same ones: nothing changes places by itself. @type {WeakMap<Element, string[]>} */
const orders = new WeakMap();

/** @param {HTMLElement} holder @param {Record<string, Tile>} tiles */
function orderOf(holder, tiles) {
  const known = orders.get(holder) ?? [], ids = Object.keys(tiles).filter((con) => tiles[con][1] > 0);
  if (known.length === ids.length && known.every((con) => con in tiles && tiles[con][1] > 0)) {
    return known;
  }
  ids.sort((a, b) => tiles[b][1] - tiles[a][1] || Number(a) - Number(b));
  orders.set(holder, ids);
  return ids;
}

/** @param {HTMLElement} holder */
function draw(holder) {
  const size = sizes.get(holder);
  if (!size || !size[0] || !size[1]) {
    return;
  }
  /** @type {Record<string, Tile>} */
  const tilesHere = model[holder.dataset.qtTreemap ?? ""] ?? {}, ids = orderOf(holder, tilesHere);
  /** @type {Array<[con: string, tile: Tile]>} */
  const tiles = ids.map((con) => [con, tilesHere[con]]);
  const boxes = squares(tiles.map(([, tile]) => tile[1]), size[0], size[1]);
  render(tiles.map((entry, i) => block(holder, entry, boxes[i])), holder);
}

const watcher = new ResizeObserver((seen) => seen.forEach(({ target, contentRect: { width, height } }) => {
  sizes.set(target, [width, height]);
  if (target instanceof HTMLElement) {
    draw(target);
  }
}));
/** @type {Set<string>} */
const due = new Set();
onPart("*", (_name, _changed, _removed, _full, part) => due.add(part));
onApplied(() => {
  all(document, "[data-qt-treemap]").filter((holder) => due.has(holder.dataset.qtTreemap ?? "")).forEach(draw);
  due.clear();
});
onNodes(() => all(document, "[data-qt-treemap]").forEach((holder) => watcher.observe(holder)));
