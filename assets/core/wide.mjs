/* The wide heatmap: up to 70 symbols x 8 factors, no text in the cells, values in their tooltips, a click to the symbol.
   Part "heatwide": con_id -> [symbol, a letter a-g a factor]; values and ages are those of the results. */
import * as fmt from "./format.mjs";
import { ageOf, ageStep, ageText } from "./freshness.mjs";
import { model } from "./model.mjs";
import { side } from "./rows.mjs";

function setData(cell, name, value) { if (cell.dataset[name] !== value) { cell.dataset[name] = value; } }

function frame(holder, ids, part) {
  const mark = ids.join();
  if (holder.qtMark === mark) { return holder.firstChild; }
  holder.qtMark = mark;
  const table = document.createElement("table"), head = document.createElement("tr"), body = document.createElement("tbody");
  table.className = "qt-heat qt-heat-wide";
  head.appendChild(document.createElement("th"));
  ids.forEach((id) => {
    const th = document.createElement("th"), link = document.createElement("a");
    th.scope = "col";
    link.href = "/symbol/" + encodeURIComponent(id);
    link.textContent = part[id][0];
    th.appendChild(link);
    head.appendChild(th);
  });
  holder.dataset.factors.split("|").forEach((label) => {
    const row = document.createElement("tr"), name = document.createElement("th");
    name.scope = "row";
    name.textContent = label;
    row.appendChild(name);
    ids.forEach((id) => { row.appendChild(document.createElement("td")).dataset.con = id; });
    body.appendChild(row);
  });
  table.appendChild(document.createElement("thead")).appendChild(head);
  table.appendChild(body);
  holder.replaceChildren(table);
  return table;
}

const WORDS = { "-3": "far against", "-2": "against", "-1": "a little against", "0": "neither", "1": "a little for", "2": "for", "3": "far for" };

/* What the results know of the factor; the others tell their step in words. */
function value(row, factor, age) {
  if (!row) { return null; }
  const known = { "Score now": fmt.number(row.score, 2), "Score at signal": row.sig === undefined ? null : fmt.number(row.sig, 2), "Change %": fmt.signed(row.chg, 1), "Rel. volume": fmt.times(row.rv),
    "Distance ATR": fmt.signed(row.dist, 2), "Age": age === null ? fmt.MISSING : ageText(row.at) };
  return known[factor] || null;
}

function fill(cell, symbol, factor, text, step) {
  setData(cell, "step", step === null ? "none" : String(step));
  if ((cell.textContent !== "") !== (step === null)) { cell.textContent = step === null ? fmt.MISSING : ""; }
  const title = symbol + " " + factor + ": " + (text || (step === null ? "not known" : WORDS[step]));
  if (cell.title !== title) { cell.title = title; }
}

export function scanWide() {
  const holder = document.querySelector("[data-qt-heatwide]"), part = model.heatwide, rows = model["grid:results"] || {};
  if (!holder || !part) { return; }
  const ids = Object.keys(part).sort((a, b) => { return part[a][0] < part[b][0] ? -1 : part[a][0] > part[b][0] ? 1 : a - b; });
  const table = frame(holder, ids, part), factors = holder.dataset.factors.split("|");
  ids.forEach((id, column) => {
    side(table.tHead.rows[0].cells[column + 1].firstChild, rows[id] ? (rows[id].short ? "short" : "long") : null);
    const row = rows[id], letters = part[id][1], age = row ? ageOf(row.at) : null;
    factors.forEach((factor, r) => {
      const letter = letters[r], step = letter === undefined ? (age === null ? null : ageStep(age)) : letter === "-" ? null : letter.charCodeAt(0) - 100;
      fill(table.tBodies[0].rows[r].cells[column + 1], part[id][0], factor, value(row, factor, age), step);
    });
  });
};
