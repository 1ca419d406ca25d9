/* Lines page: the filter of the ledger and the drawing of the last 30 minutes (steps of lines in use, and what was
   admitted, evicted, refused). Drawn as SVG from "tail:used" and "line_events". */
import { every } from "../core/every.mjs";
import { go } from "../core/address.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { showRows } from "../core/grid.mjs";
import { get, model, onNodes, onPart, tell } from "../core/model.mjs";

const SVG = "http://www.w3.org/2000/svg";
const WINDOW_S = 1800, LEFT = 74, RIGHT = 52, TOP = 10, STEPS_H = 62, ROW_H = 20, AXIS_H = 18;
const ROWS = ["admitted", "evicted", "refused"];
const MARKS = { admitted: "▲", upgraded: "▲", evicted: "▼", released: "▽", refused: "✕" };
const ROW_OF = { admitted: "admitted", upgraded: "admitted", evicted: "evicted", released: "evicted", refused: "refused" };
const APART = 5, TOLD = 12;   // marks of a kind that are closer (pixels) are drawn as one, which names so many of them

clientside("qtLines", {
  show (value) {
    const shown = value || "all";
    showRows("lines", (row) => shown === "all" || (shown === "coverage") === (row.cls === "coverage"));
    return noUpdate();
  }
});

/* Nine visits a second begin and end: their rows of the ledger are made here out of "seen", not sent. */
const VISITS_LAST = 1000000;    // in the order of "out": behind everything that is held, the longest visit first
function visitRow(con, value) {
  const about = model.coverage || {}, dwell = about.dwell ? ", " + about.dwell + " s at least" : "";
  return { sym: (model.names || {})[con] || con, cls: "coverage", lane: "visited", by: "coverage", state: "live",
    why: value[1] ? "kept until the breakout is decided" : "its turn" + dwell, since: about.base + value[0], at: null,
    out: VISITS_LAST + value[0] };
}
onPart("seen", (name, changed, removed, full) => {
  const rows = model["grid:lines"], fresh = {}, gone = [];
  if (!rows) { return; }
  Object.keys(changed).concat(removed).forEach((con) => {
    const value = changed[con], row = rows[con];
    if (Array.isArray(value)) {
      if (!row || row.cls === "coverage") { rows[con] = fresh[con] = visitRow(con, value); }
    } else if (row && row.cls === "coverage") {
      delete rows[con];
      gone.push(con);
    }
  });
  tell({ part: "grid:lines", changed: fresh, removed: gone, full });
});

function node(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  Object.keys(attributes).forEach((name) => { element.setAttribute(name, attributes[name]); });
  if (text !== undefined) { element.textContent = text; }
  return element;
}

function scale(width, end, limit, low) {
  return {
    x (wall) { return LEFT + (width - LEFT - RIGHT) * (1 - (end - wall) / WINDOW_S); },
    y (used) { return TOP + STEPS_H * (1 - (used - low) / Math.max(1, limit - low)); }
  };
}

function steps(points, s, end) {
  let path = ""; let last = null;
  points.forEach((p) => {
    const x = Math.max(LEFT, s.x(p[0]));
    path += last === null ? "M" + x.toFixed(1) + " " + s.y(p[1]).toFixed(1) :
      "L" + x.toFixed(1) + " " + s.y(last).toFixed(1) + "L" + x.toFixed(1) + " " + s.y(p[1]).toFixed(1);
    last = p[1];
  });
  return last === null ? "" : path + "L" + s.x(end).toFixed(1) + " " + s.y(last).toFixed(1);
}

function points(end) {
  const used = model["tail:used"] || {}, all = Object.keys(used).map((at) => { return [Number(at), used[at]]; });
  all.sort((a, b) => { return a[0] - b[0]; });
  const first = all.findIndex((p) => { return p[0] >= end - WINDOW_S; });
  if (first < 0) { return all.slice(-1); }
  return all.slice(Math.max(0, first - 1));
}

function drawRow(svg, kind, row, marks, s, toWall) {
  const y = TOP + STEPS_H + 8 + ROW_H * row + 14;
  svg.appendChild(node("text", { x: LEFT - 10, y, class: "qt-axis-word" }, kind));
  svg.appendChild(node("line", { x1: LEFT, x2: "100%", y1: y - 4, y2: y - 4, class: "qt-hair" }));
  const drawn = [];   // [x, kind, marks]
  marks.forEach((m) => {
    const x = s.x(toWall(m[0])), last = drawn[drawn.length - 1];
    if (ROW_OF[m[1]] !== kind || x < LEFT) { return; }
    if (last && x - last[0] < APART && last[1] === m[1]) { last[2].push(m); } else { drawn.push([x, m[1], [m]]); }
  });
  drawn.forEach((each, i) => {
    const x = each[0], all = each[2], first = all[0], more = all.length - TOLD;
    const group = node("g", { class: "qt-mark qt-mark-" + each[1], "data-con": first[4] || "", "data-count": all.length });
    const told = all.slice(0, TOLD).map((m) => { return clock.clockText(m[0], "hms") + " " + m[2] + ": " + m[3]; });
    group.appendChild(node("title", {}, told.join("\n") + (more > 0 ? "\nand " + more + " more" : "")));
    group.appendChild(node("text", { x, y, class: "qt-mark-shape" }, MARKS[each[1]]));
    const room = (i + 1 < drawn.length ? drawn[i + 1][0] : s.x(s.end) + RIGHT) - x;
    const name = all.length > 1 ? first[2] + " +" + (all.length - 1) : first[2];
    if (room > 16 + 7 * name.length) {
      group.appendChild(node("text", { x: x + 9, y, class: "qt-mark-name" }, name));
    }
    svg.appendChild(group);
  });
}

function drawTimes(svg, s, end, height) {
  const market = clock.market(end);
  for (let m = Math.floor(market / 300) * 300; m > market - WINDOW_S; m -= 300) {
    const x = s.x(end - (market - m) / (get("strip.clock") ? get("strip.clock")[2] : 1));
    if (x < LEFT + 10) { continue; }
    svg.appendChild(node("line", { x1: x, x2: x, y1: TOP, y2: height - AXIS_H, class: "qt-hair" }));
    svg.appendChild(node("text", { x, y: height - 4, class: "qt-axis-time" }, clock.clockText(m, "hm")));
  }
}

function draw(holder) {
  const part = model.line_events || {}, width = holder.clientWidth;
  if (!width || !part.limit) { return; }
  const end = clock.now(), list = points(end), height = TOP + STEPS_H + 8 + ROW_H * 3 + AXIS_H;
  const lowest = list.reduce((low, p) => { return Math.min(low, p[1]); }, part.near);
  const s = scale(width, end, part.limit, Math.max(0, lowest - 2));
  s.end = end;
  const svg = node("svg", { width, height, "aria-hidden": "true" });
  drawTimes(svg, s, end, height);
  const apart = Math.max(0, 13 - (s.y(part.near) - s.y(part.limit))) / 2;   // else one word would lie on the other
  [["limit " + part.limit, part.limit, "qt-limit", -apart], ["NEAR " + part.near, part.near, "qt-near", apart]].forEach((level) => {
    svg.appendChild(node("line", { x1: LEFT, x2: width - RIGHT, y1: s.y(level[1]), y2: s.y(level[1]), class: level[2] }));
    svg.appendChild(node("text", { x: LEFT - 10, y: s.y(level[1]) + 4 + level[3], class: "qt-axis-word" }, level[0]));
  });
  const path = steps(list, s, end);
  if (path) {
    const foot = TOP + STEPS_H;
    svg.appendChild(node("path", { d: path + "V" + foot + "H" + Math.max(LEFT, s.x(list[0][0])).toFixed(1) + "Z", class: "qt-used-area" }));
    svg.appendChild(node("path", { d: path, class: "qt-used" }));
    const now = list[list.length - 1][1];
    svg.appendChild(node("rect", { x: width - RIGHT + 6, y: s.y(now) - 10, width: 28, height: 20, rx: 2, class: "qt-used-tag" }));
    svg.appendChild(node("text", { x: width - RIGHT + 20, y: s.y(now) + 4, class: "qt-used-number" }, now));
  }
  const toWall = function (market) { return end - (clock.market(end) - market) / (get("strip.clock") ? get("strip.clock")[2] : 1); };
  const all = model["marks:lines"] || {};
  const marks = Object.keys(all).map((key) => { return all[key]; });
  marks.sort((a, b) => { return a[0] - b[0]; });
  ROWS.forEach((kind, i) => { drawRow(svg, kind, i, marks, s, toWall); });
  holder.replaceChildren(svg);
  holder.setAttribute("aria-label", "Lines in use over the last 30 minutes: " + (part.words || ""));
}

let due = false;
function drawAll() {      // several parts change in one delta: one drawing a frame
  if (due) { return; }
  due = true;
  window.requestAnimationFrame(() => {
    due = false;
    document.querySelectorAll("[data-qt-changes]").forEach(draw);
  });
}
onPart("tail:used", drawAll);
onPart("line_events", drawAll);
onPart("marks:lines", drawAll);
onPart("strip", (name, changed) => { if (changed.clock) { drawAll(); } });
onNodes(() => {
  document.querySelectorAll("[data-qt-changes]").forEach((holder) => { if (!holder.firstChild) { draw(holder); } });
});
window.addEventListener("resize", drawAll);
every(10000, drawAll);
document.addEventListener("click", (event) => {
  const mark = event.target.closest && event.target.closest(".qt-mark[data-con]");
  if (mark && mark.dataset.con) { go("/symbol/" + mark.dataset.con); }
});
