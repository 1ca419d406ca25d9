/**
 * Positions page: what each position made in the last hour, today or in five days. Asked for by its route
 * (app/position_curves.py) when the page is opened, another range is chosen, and then while prices go on; 304 where nothing did.
 */
import { html, nothing, render, svg } from "../vendor/lit-html.mjs";
import { onAddress, path } from "../core/address.mjs";
import * as clock from "../core/clock.mjs";
import { all, maybe, setText, within } from "../core/dom.mjs";
import { every, isWatched } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { reloadNeeded } from "../core/reload.mjs";
import { nameOf } from "../core/values.mjs";
import { BUILD_HEADER, CURVES_PATH } from "../core/wire.mjs";

/** Money of the position's currency since `from`; null = a gap; a fill is [market time, quantity, price].
 * @typedef {{order: number, sym: string, ccy: string, from: number | null, y: Array<[at: number, money: number | null]>,
 *   fills: Array<[at: number, quantity: number, price: number]>, why: string}} Row */
/** @typedef {"1h" | "day" | "5d"} Range */

const AGAIN_MS = 10_000, TIMEOUT_MS = 20_000, RANGE_KEY = "qt-curves";
const HEIGHT = 56, LEFT = 72, NAME_MAX = 9;
const CHAR = 7.4, GAP = 10;   // room of a digit of the figures, px; between the curve and them
/** @type {Record<Range, string>} */
const SAID = { "1h": "in 1 h", day: "today", "5d": "in 5 d" };

/** @type {{range: Range, tag: string, rows: Record<string, Row>}} */
const known = { range: "1h", tag: "", rows: {} };
/** @type {AbortController | null} */
let under = null;
let changed = false;

/** @returns {Range} */
function rangeNow() {
  const kept = window.localStorage.getItem(RANGE_KEY);
  return kept === "day" || kept === "5d" ? kept : "1h";
}
const holder = () => maybe(document, "[data-qt-curves]");

/* ---- asking ---- */
async function ask() {
  if (!holder() || document.hidden) {
    return;
  }
  under?.abort();
  const stop = new AbortController(), range = rangeNow(), timer = window.setTimeout(() => stop.abort(), TIMEOUT_MS);
  under = stop;
  try {
    const headers = { [BUILD_HEADER]: document.getElementById("shell-root")?.dataset.build ?? "",
      ...(known.range === range && known.tag ? { "If-None-Match": known.tag } : {}) };
    const response = await fetch(`${CURVES_PATH}?range=${range}`, { signal: stop.signal, cache: "no-store", headers });
    if (under === stop && response.status === 409) {
      reloadNeeded("This page is from another build.");
    } else if (under === stop && response.ok && response.status !== 304) {
      const { rows } = await response.json();
      Object.assign(known, { range, rows, tag: response.headers.get("ETag") ?? "" });
      drawAll();
    }
  } catch {
    changed = true;   // no answer: the strip says so, and it is asked again
  } finally {
    window.clearTimeout(timer);
    if (under === stop) {
      under = null;
    }
  }
}

/* ---- drawing ---- */
/** Every point has the same room, so that a night takes none.
 * @param {Row} row @param {number} width @param {number} right room of the figures */
function curve({ y, fills }, width, right) {
  const values = y.flatMap(([, money]) => (money === null ? [] : [money]));
  const low = Math.min(0, ...values), span = Math.max(0, ...values) - low || 1;
  const step = (width - LEFT - right) / Math.max(1, y.length - 1);
  const x = (/** @type {number} */ i) => LEFT + i * step;
  const height = (/** @type {number} */ money) => 8 + (HEIGHT - 16) * (1 - (money - low) / span);
  let line = "";
  let pen = "M";
  y.forEach(([, money], i) => {
    line += money === null ? "" : `${pen}${x(i).toFixed(1)} ${height(money).toFixed(1)}`;
    pen = money === null ? "M" : "L";
  });
  const last = y.findLastIndex(([, money]) => money !== null);
  const dots = fills.flatMap(([at, quantity, price]) => {
    const i = y.findIndex(([time, money]) => time >= at && money !== null);
    return i < 0 ? [] : [{ x: x(i), y: height(Number(y[i][1])), words: fillWords(at, quantity, price) }];
  });
  return { line, dots, zero: height(0), x: x(last), y: height(Number(y[last][1])) };
}

/** @param {number} at @param {number} quantity @param {number} price */
const fillWords = (at, quantity, price) =>
  `${quantity > 0 ? "Bought" : "Sold"} ${fmt.quantity(Math.abs(quantity))} @ ${fmt.quantity(price)} at ${clock.clockText(at, "hms")}`;

/** What the curve has come to, and what the position is worth now: the row's own figure. @param {string} id @param {Row} row */
function figuresOf(id, { y, ccy }) {
  const made = y.findLast(([, money]) => money !== null)?.[1] ?? null, open = model["grid:positions"]?.[id]?.unr ?? null;
  const said = [made === null ? fmt.MISSING : `${fmt.signed(made, 0)}${ccy ? ` ${ccy}` : ""}`, `unr. ${fmt.signed(open, 0)}`];
  return { made, said, tone: fmt.tone(made, 0) };
}

/** @param {Row} row @param {ReturnType<typeof figuresOf>} figures @param {number} width @param {number} right */
function curveBlock(row, { said, tone }, width, right) {
  const name = nameOf(row.sym), drawn = row.y.length > 1 ? curve(row, width, right) : null;
  const words = row.why ? `${row.sym}: ${row.why}` : `${row.sym} ${said[0]} ${SAID[known.range]}, ${said[1]}`;
  return html`<svg width=${width} height=${HEIGHT} role="img" aria-label=${words}>
    <text x="0" y=${HEIGHT / 2 + 4} class="qt-curve-name">${
      name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name}<title>${row.sym}</title></text>
    ${drawn ? svg`<line class="qt-curve-zero" x1=${LEFT} x2=${width - right} y1=${drawn.zero} y2=${drawn.zero}></line>
      <path d=${drawn.line} class="qt-curve" data-tone=${tone}></path>
      ${drawn.dots.map((dot) => svg`<circle cx=${dot.x} cy=${dot.y} r="3.2" class="qt-curve-fill"><title>${dot.words}</title></circle>`)}
      <circle cx=${drawn.x} cy=${drawn.y} r="2.2" class="qt-curve-dot" data-tone=${tone}></circle>`
      : svg`<text x=${LEFT} y=${HEIGHT / 2 + 4}>${row.why || "No point yet."}</text>`}
    <text x=${width} y=${HEIGHT / 2 - 2} class="qt-curve-value" data-tone=${drawn ? tone : nothing}>${drawn ? said[0] : ""}</text>
    <text x=${width} y=${HEIGHT / 2 + 13} class="qt-curve-change">${drawn ? said[1] : ""}</text></svg>`;
}

/** Widths of the holders, as their observer has seen them: reading one costs a layout. @type {WeakMap<Element, number>} */
const widths = new WeakMap();

/** @param {HTMLElement} place */
function draw(place) {
  const width = widths.get(place), { rows } = known;
  if (!width) {
    return;
  }
  const ids = Object.keys(rows).sort((a, b) => rows[a].order - rows[b].order), figures = ids.map((id) => figuresOf(id, rows[id]));
  /* What the longest figure needs: no number is cut, and no curve runs into one. */
  const right = GAP + CHAR * Math.max(0, ...figures.flatMap(({ said }) => said.map((words) => words.length)));
  render(ids.map((id, i) => curveBlock(rows[id], figures[i], width, right)), place);
}

/** Since when the curves count, where all of them began together. */
function drawFact() {
  const fact = maybe(document, ".qt-curves-fact"), begins = Object.values(known.rows).flatMap(({ from }) => (from === null ? [] : [from]));
  if (fact) {
    const first = begins.length ? Math.min(...begins) : null;
    setText(fact, first === null ? "" : `since ${known.range === "5d" ? `${clock.clockText(first, "day")} ` : ""}${clock.clockText(first, "hm")}`);
  }
  all(document, "[data-curves]").forEach((button) => {
    const isOn = button.dataset.curves === rangeNow();
    button.setAttribute("aria-pressed", String(isOn));
    button.classList.toggle("active", isOn);
  });
}

function drawAll() {
  all(document, "[data-qt-curves]").forEach(draw);
  drawFact();
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

/* ---- when ---- */
/** Holders that were asked for. @type {WeakSet<Element>} */
const begun = new WeakSet();
onNodes(() => all(document, "[data-qt-curves]").filter((place) => !begun.has(place)).forEach((place) => {
  begun.add(place);
  sizes.observe(place);   // tells the width at once
  drawFact();
  void ask();
}));
onPart("grid:positions", () => { changed = true; });   // prices go on: where none does nobody asks
every(AGAIN_MS, () => {
  if (changed && isWatched() && path() === "/positions") {
    changed = false;
    void ask();
  }
});
onAddress(() => {
  under?.abort();
  under = null;
  Object.assign(known, { tag: "", rows: {} });
});
document.addEventListener("click", (event) => {
  const range = within(event, "[data-curves]")?.dataset.curves;
  if (range) {
    window.localStorage.setItem(RANGE_KEY, range);
    drawFact();
    void ask();
  }
});
