/* Positions page: the P&L curve of each position (SVG, from "pnlcurves") and the treemap, asked for anew when one of
   its tiles has changed. */
import { go } from "../core/address.mjs";
import { setProps } from "../core/dash.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { nameOf } from "../core/values.mjs";

const SVG = "http://www.w3.org/2000/svg", HEIGHT = 56, LEFT = 72, NAME_MAX = 9;
const CHAR = 7.4, GAP = 10;   // room of a digit of the figures, px; between the curve and them

function node(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  Object.keys(attributes).forEach((name) => { element.setAttribute(name, attributes[name]); });
  if (text !== undefined) { element.textContent = text; }
  return element;
}

function curve(row, width, right) {
  const known = row.y.filter((v) => { return v !== null; });
  const low = Math.min(...known), high = Math.max(...known), span = high - low || 1;
  const step = (width - LEFT - right) / Math.max(1, row.y.length - 1); let path = ""; let pen = "M"; let last = null;
  row.y.forEach((v, i) => {
    if (v === null) { pen = "M"; return; }
    const at = [LEFT + i * step, 8 + (HEIGHT - 16) * (1 - (v - low) / span)];
    path += pen + at[0].toFixed(1) + " " + at[1].toFixed(1);
    pen = "L";
    last = at;
  });
  return { path, last, value: known[known.length - 1], change: known[known.length - 1] - known[0] };
}

function short(name) { return name.length > NAME_MAX ? name.slice(0, NAME_MAX - 1) + "…" : name; }

/* What the curve has come to is the row's own figure: computed once, read from there. */
function worth(id, c) {
  const held = (model["grid:positions"] || {})[id];
  if (held && held.unr !== null && held.unr !== undefined) { c.change += held.unr - c.value; c.value = held.unr; }
  return c;
}

function words(c) { return [fmt.signed(c.value, 0), fmt.signed(c.change, 0) + " in 1 h"]; }

/* What the longest figure needs: no number is cut, and no curve runs into one. */
function room(ids, rows, width) {
  return Math.max(...ids.map((id) => {
    return GAP + CHAR * Math.max(...words(worth(id, curve(rows[id], width, 0))).map((w) => { return w.length; }));
  }));
}

function drawOne(id, row, width, right) {
  const c = worth(id, curve(row, width, right)), tone = fmt.tone(c.change, 0), said = words(c);
  const svg = node("svg", { width, height: HEIGHT, role: "img", "aria-label": row.sym + " unrealised " +
    said[0] + ", " + fmt.signed(c.change, 0) + " in the last hour" });
  const name = node("text", { x: 0, y: HEIGHT / 2 + 4, class: "qt-curve-name" }, short(nameOf(row.sym)));
  name.appendChild(node("title", {}, row.sym));
  svg.appendChild(name);
  svg.appendChild(node("path", { d: c.path, class: "qt-curve", "data-tone": tone }));
  svg.appendChild(node("circle", { cx: c.last[0], cy: c.last[1], r: 2.2, class: "qt-curve-dot", "data-tone": tone }));
  svg.appendChild(node("text", { x: width, y: HEIGHT / 2 - 2, class: "qt-curve-value" }, said[0]));
  svg.appendChild(node("text", { x: width, y: HEIGHT / 2 + 13, class: "qt-curve-change", "data-tone": tone }, said[1]));
  return svg;
}

function draw(holder) {
  const rows = model.pnlcurves || {}, width = holder.clientWidth;
  if (!width) { return; }
  holder.qtWidth = width;
  const ids = Object.keys(rows).sort((a, b) => { return rows[a].order - rows[b].order; });
  const right = room(ids, rows, width);
  holder.replaceChildren(...ids.map((id) => { return drawOne(id, rows[id], width, right); }));
}

/* Its width changes without the window's: by a scroll bar, a card beside it, a phone that is turned. */
const sizes = new ResizeObserver((seen) => {
  seen.forEach((entry) => { if (entry.target.clientWidth !== entry.target.qtWidth) { draw(entry.target); } });
});

function drawAll() { document.querySelectorAll("[data-qt-curves]").forEach(draw); }
onPart("pnlcurves", drawAll);
onPart("grid:positions", drawAll);
onNodes(() => {
  document.querySelectorAll("[data-qt-curves]").forEach((holder) => {
    sizes.observe(holder);
    if (!holder.firstChild) { draw(holder); }
  });
  watchTreemap();
});

/* Ask only once the figure of the mount is there: it shows the newest tiles itself. */
onPart("treemap", () => {
  const gd = document.querySelector("#positions-treemap .js-plotly-plot");
  if (gd && gd.data && gd.data.length) {
    setProps("positions-treemap-data", { data: Date.now() });
  }
});

function watchTreemap() {
  const gd = document.querySelector("#positions-treemap .js-plotly-plot");
  if (!gd || gd.qtWatched || !gd.on) { return; }
  gd.qtWatched = true;
  gd.on("plotly_treemapclick", (event) => {
    const tile = event.points && event.points[0];
    if (tile && tile.id) { go("/symbol/" + tile.id); }
    return false;
  });
}
