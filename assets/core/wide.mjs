/**
 * The wide heatmap: up to 70 symbols x 8 factors, no text in the cells; what a cell says is told
 * when it is pointed at. Part "heatwide": con_id -> [symbol, a letter a-g a factor]; values and ages are those of the
 * results. By name when it is opened; who comes later is put at the end (core/hold.mjs).
 */
import * as fmt from "./format.mjs";
import { ageOf, ageStep, ageText } from "./freshness.mjs";
import { drawButton, side, stepMark } from "./heat.mjs";
import { hold } from "./hold.mjs";
import { model } from "./model.mjs";
import { tips } from "./tip.mjs";
import { REL_VOLUME } from "./wire.mjs";

/** @typedef {{text: string, step: string, td: HTMLTableCellElement}} Cell */
/** @typedef {{mark: string, ids: string[], names: Map<string, string>, links: HTMLAnchorElement[], cells: Cell[][]}} Drawn */

const MOST = 70;
/** @type {WeakMap<Element, Drawn>} */
const drawn = new WeakMap();
/** @type {Record<string, string>} */
const WORDS = { "-3": "far against", "-2": "against", "-1": "a little against", 0: "neither", 1: "a little for", 2: "for", 3: "far for", none: "not known" };

/** @returns {HTMLElement | null} */
function place() {
  return document.querySelector("[data-qt-heatwide]");
}

/** @param {HTMLElement} holder */
function factorsOf(holder) {
  return (holder.dataset.factors ?? "").split("|");
}

/** The table's frame, made anew only when a symbol comes. @param {HTMLElement} holder @param {Drawn} now */
function frame(holder, now) {
  const table = document.createElement("table"), head = document.createElement("tr"), body = document.createElement("tbody");
  table.className = "qt-heat qt-heat-wide";
  head.append(document.createElement("th"));
  now.links = now.ids.map((id) => {
    const th = document.createElement("th"), link = document.createElement("a");
    th.scope = "col";
    link.href = `/symbol/${encodeURIComponent(id)}`;
    link.textContent = now.names.get(id) ?? "";
    th.append(link);
    head.append(th);
    return link;
  });
  now.cells = factorsOf(holder).map((label) => {
    const row = document.createElement("tr"), name = document.createElement("th");
    name.scope = "row";
    name.textContent = label;
    row.append(name);
    body.append(row);
    return now.ids.map((id) => {
      const td = document.createElement("td");
      td.dataset.con = id;
      row.append(td);
      return { text: "", step: "", td };
    });
  });
  table.createTHead().append(head);
  table.append(body);
  holder.replaceChildren(table);
}

/** Draw what has changed. @param {(id: string) => boolean} fits who is shown */
export function drawWide(fits) {
  const holder = place(), part = model.heatwide, rows = model["grid:results"] || {};
  if (!holder || !part) {
    return;
  }
  const byName = Object.keys(part).filter(fits)
    .sort((a, b) => (part[a][0] < part[b][0] ? -1 : part[a][0] > part[b][0] ? 1 : Number(a) - Number(b)));
  const now = drawn.get(holder) ?? { mark: "", ids: [], names: new Map(), links: [], cells: [] };
  byName.forEach((id) => now.names.set(id, part[id][0]));
  const { order, fresh, moved } = hold(now.ids, byName, MOST), mark = order.join();
  now.ids = order;
  if (mark !== now.mark) {
    now.mark = mark;
    frame(holder, now);
  }
  drawn.set(holder, now);
  order.forEach((id, column) => {
    const row = rows[id], letters = id in part ? part[id][1] : "-------", age = row ? ageOf(row.at) : null;
    side(now.links[column], row ? (row.short ? "short" : "long") : null);
    now.cells.forEach((line, factor) => {
      const letter = letters[factor], cell = line[column];
      const step = stepMark(letter === undefined ? (age === null ? null : ageStep(age)) : letter === "-" ? null : letter.charCodeAt(0) - 100);
      if (cell.step !== step) {
        cell.step = cell.td.dataset.step = step;
        cell.td.textContent = step === "none" ? fmt.MISSING : "";
      }
    });
  });
  drawButton("wide", moved, fresh);
}

/** Put the symbols in order. @param {(id: string) => boolean} fits */
export function orderWide(fits) {
  const holder = place();
  if (holder) {
    drawn.delete(holder);
    drawWide(fits);
  }
}

/** How many symbols it shows. */
export function wideCount() {
  const holder = place();
  return (holder && drawn.get(holder)?.ids.length) || 0;
}

/** What the results know of the factor; the others tell their step in words. @param {any} row @param {string} factor */
function valueOf(row, factor) {
  if (!row) {
    return null;
  }
  const age = ageOf(row.at);
  /** @type {Record<string, string | null>} */
  const known = { "Score now": fmt.number(row.score, 2), "Score at signal": row.sig === undefined ? null : fmt.number(row.sig, 2),
    "Change %": fmt.signed(row.chg, 1), [REL_VOLUME]: fmt.times(row.rv), "Distance ATR": fmt.signed(row.dist, 2),
    Age: age === null ? fmt.MISSING : ageText(row.at) };
  return known[factor] || null;
}

tips("[data-qt-heatwide] td", (td) => {
  const holder = td.closest("[data-qt-heatwide]");
  if (!(holder instanceof HTMLElement)) {
    return "";
  }
  const id = td.dataset.con ?? "", factor = factorsOf(holder)[/** @type {HTMLTableRowElement} */ (td.parentElement).sectionRowIndex];
  return `${drawn.get(holder)?.names.get(id)} ${factor}: ${valueOf((model["grid:results"] || {})[id], factor) || WORDS[td.dataset.step || "none"]}`;
});
