/* The day's time line of the lines: one row a symbol, one bar a line, out of the answer of the server (app/rows/line_day.py). */
import { LINE_CLASSES } from "../core/wire.mjs";
import { every } from "../core/every.mjs";
import { go } from "../core/address.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import * as fmt from "../core/format.mjs";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 74, RIGHT = 12, ROW_H = 18, AXIS_H = 20, AGAIN_MS = 15000;
const STEPS_S = [300, 900, 1800, 3600, 7200, 14400, 28800];
let day = null; let askedAt = 0;

function node(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  Object.keys(attributes).forEach((name) => { element.setAttribute(name, attributes[name]); });
  if (text !== undefined) { element.textContent = text; }
  return element;
}

function holder() { return document.querySelector("[data-qt-day]"); }

function story(sym, span, now) {
  const until = span[1] === null ? "now" : clock.clockText(span[1], "hm");
  let text = sym + " " + (LINE_CLASSES[span[2]] || span[2]) + ", " + clock.clockText(span[0], "hm") + " to " + until +
    " (" + fmt.held((span[1] === null ? now : span[1]) - span[0]) + ")";
  if (span[3]) { text += "\nheld for: " + span[3]; }
  (span[6] || []).forEach((gap) => {
    text += "\nno connection " + clock.clockText(gap[0], "hms") + " to " + clock.clockText(gap[1], "hms");
  });
  return span[4] ? text + "\nwent: " + span[4] : text;
}

function axis(svg, x, now, height) {
  const length = now - day.from, step = STEPS_S.find((s) => { return length / s <= 9; }) || 43200;
  for (let at = Math.ceil(day.from / step) * step; at <= now; at += step) {
    svg.appendChild(node("line", { x1: x(at), x2: x(at), y1: AXIS_H - 4, y2: height, class: "qt-hair" }));
    if (x(at) > LEFT + 8) { svg.appendChild(node("text", { x: x(at), y: 11, class: "qt-axis-time" }, clock.clockText(at, "hm"))); }
  }
}

function bars(svg, row, i, x, now) {
  const y = AXIS_H + i * ROW_H;
  const link = node("a", { href: "/symbol/" + row.con });
  link.appendChild(node("text", { x: LEFT - 10, y: y + 12, class: "qt-axis-word" }, row.sym));
  svg.appendChild(link);
  svg.appendChild(node("line", { x1: LEFT, x2: "100%", y1: y + ROW_H - 1, y2: y + ROW_H - 1, class: "qt-hair" }));
  row.spans.forEach((span) => {
    const from = x(span[0]), to = x(span[1] === null ? now : span[1]);
    const bar = node("rect", { x: from, y: y + 3, width: Math.max(2, to - from), height: ROW_H - 7, rx: 2, class: "qt-span",
      "data-cls": span[2], "data-con": row.con });
    if (span[1] === null) { bar.setAttribute("data-open", "1"); }
    bar.appendChild(node("title", {}, story(row.sym, span, now)));
    svg.appendChild(bar);
    (span[6] || []).forEach((gap) => {   // the connection was away: held, but nothing came
      const lost = Math.max(from, x(gap[0]));
      svg.appendChild(node("rect", { x: lost, y: y + 5, width: Math.max(2, x(gap[1]) - lost), height: ROW_H - 11,
        class: "qt-span-gap", "aria-hidden": "true" }));
    });
    if (span[5]) { svg.appendChild(node("text", { x: to, y: y + 13, class: "qt-span-end", "aria-hidden": "true" }, "▼")); }
  });
}

function draw() {
  const box = holder();
  if (!box || !day || box.hidden || !box.clientWidth) { return; }
  const width = box.clientWidth, height = AXIS_H + day.rows.length * ROW_H;
  const now = Math.max(day.now, Math.round(clock.market(clock.now())));
  const x = function (at) { return LEFT + (width - LEFT - RIGHT) * (at - day.from) / Math.max(1, now - day.from); };
  const svg = node("svg", { width, height });
  axis(svg, x, now, height);
  day.rows.forEach((row, i) => { bars(svg, row, i, x, now); });
  box.replaceChildren(svg);
  box.setAttribute("aria-label", "Who held a line " + day.words);
}

function show(on) {
  const box = holder(), recent = document.querySelector("[data-qt-changes]");
  if (!box) { return; }
  box.hidden = !on;
  recent.hidden = on;
  const words = document.querySelector(".qt-day-words"), before = document.querySelector("[data-qt='line_events.words']");
  words.hidden = !on;
  before.hidden = on;
  words.textContent = on ? day.words : "";
  draw();
}

clientside("qtLines", {
  day (answer) {
    day = answer || null;
    askedAt = performance.now();
    show(!!day);
    return noUpdate();
  }
});

document.addEventListener("click", (event) => {
  const bar = event.target.closest && event.target.closest(".qt-span");
  if (bar) { go("/symbol/" + bar.dataset.con); }
});
window.addEventListener("resize", draw);
every(5000, () => {
  if (!day || !holder() || holder().hidden) { return; }
  if (performance.now() - askedAt > AGAIN_MS) { setProps("lines-day-ask", { data: Date.now() }); }
});
