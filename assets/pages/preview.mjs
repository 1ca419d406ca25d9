/* The preview: what today's signals would be under the values in the form, before they are applied.
   Asked for when the user first touches the form, on release of a slider, and 150 ms after the last move. One question is
   under way at a time; what moves meanwhile is asked for when its answer is there. */
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import * as form from "../core/form.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { pollNow } from "../core/poll.mjs";

const SETTLE_MS = 150, KICKS_MS = [120, 240, 400, 600, 900, 1400, 2200, 4000];
let asked = null; let wanted = null; let mine = null; let own = null; let busy = false; let timer = 0; let said = "";

function box() { return document.querySelector("[data-qt-preview]"); }
function formOf(holder) { return document.querySelector("[data-qt-form='" + holder.dataset.qtPreview + "']"); }

function changes(holder) {
  const out = {}, inForce = model.set || {};
  formOf(holder).querySelectorAll(".qt-field[data-changed]").forEach((field) => {
    const key = field.dataset.key;
    if (inForce[key]) { out[key] = form.value(key); }
  });
  return out;
}

/* What the answer depends on: the draft and the values in force. */
function mark(holder) {
  const inForce = model.set || {}, values = Object.keys(inForce).map((key) => { return inForce[key].v; });
  return JSON.stringify([changes(holder), values]);
}

function look() {
  const holder = box();
  if (!holder || wanted === null || mark(holder) === wanted) { return; }
  wanted = mark(holder);
  window.clearTimeout(timer);
  timer = window.setTimeout(ask, SETTLE_MS);
}

function ask() {
  const holder = box();
  if (!holder || busy || asked === wanted) { return; }
  asked = wanted;
  busy = true;
  said = "";
  holder.setAttribute("aria-busy", "true");
  draw();
  mine = askEngine(holder.dataset.previewRequest, { action: "preview", changes: changes(holder) }, answered);
  KICKS_MS.forEach((ms) => { window.setTimeout(() => { if (busy) { pollNow(); } }, ms); });
}

function answered(result) {
  busy = false;
  if (!result.ok) { said = result.text; }
  if (box()) { box().removeAttribute("aria-busy"); }
  draw();
  ask();
}

function begin() {
  const holder = box();
  if (!holder || wanted !== null) { return; }
  wanted = "";
  look();
}

document.addEventListener("pointerdown", (event) => { touch(event.target); });
document.addEventListener("focusin", (event) => { touch(event.target); });
document.addEventListener("change", (event) => { if (inForm(event.target)) { window.clearTimeout(timer); look(); ask(); } });
function inForm(target) {
  const holder = box();
  return !!(holder && target.closest && formOf(holder) && formOf(holder).contains(target));
}
function touch(target) { if (inForm(target)) { begin(); } }

/* ---- drawing ---- */
function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) { element.className = cls; }
  if (text) { element.textContent = text; }
  return element;
}
function part(holder, name) { return holder.querySelector(".qt-preview-" + name); }

function head(p) {
  const out = [make("b", "qt-preview-count", p.count), make("span", "", " " + p.word + ", "), make("span", "qt-soft", p.now), make("span", "qt-push")];
  if (p.new) { out.push(make("span", "qt-badge qt-badge-new", p.new)); }
  if (p.gone) { out.push(make("span", "qt-badge qt-badge-gone", p.gone)); }
  return out;
}

function row(cells, tag) {
  const line = make("tr");
  cells.forEach((text) => { line.appendChild(make(tag, "num", text)); });
  return line;
}

function table(p) {
  const whole = make("table", "qt-table"), headline = make("thead"), body = make("tbody");
  whole.appendChild(make("caption", "visually-hidden", "Median move in ATR after the signals"));
  headline.appendChild(row(["after", "median ATR", "now", "old enough"], "th"));
  p.rows.forEach((cells) => { body.appendChild(row(cells, "td")); });
  whole.append(headline, body);
  return whole;
}

function names(label, list) {
  if (!list.rows.length) { return []; }
  const out = [make("span", "qt-soft", label + " ")];
  list.rows.forEach((each) => {
    const link = make("a", "qt-sym", each[1] + (each[2] > 1 ? " ×" + each[2] : ""));
    link.href = "/symbol/" + each[0];
    link.title = (each[2] > 1 ? "newest " : "") + clock.clockText(each[3], "hm") + ", " + each[4];
    out.push(link, " ");
  });
  if (list.more) { out.push(make("span", "qt-soft", "and " + list.more + " more")); }
  return out;
}

function draw() {
  const holder = box(), newest = model.preview || {};
  if (newest.id && newest.id === mine) { own = newest; }   // another tab's question does not take this answer away
  const p = own || {};
  if (!holder) { return; }
  const shown = wanted !== null && (said || busy || (p.id && p.id === mine));
  holder.hidden = !shown;
  if (said || (p.id === mine && p.ok === false)) { fail(holder, said || p.text); return; }
  if (!p.id || p.id !== mine) {
    if (busy && !part(holder, "head").firstChild) { part(holder, "median").textContent = "Working out today's signals …"; }
    return;
  }
  holder.removeAttribute("data-error");
  part(holder, "head").replaceChildren(...head(p));
  part(holder, "median").textContent = p.median;
  part(holder, "table").replaceChildren(table(p));
  ["new", "gone"].forEach((name) => {
    part(holder, name).replaceChildren(...names(name === "new" ? "New" : "Gone", p[name + "_list"]));
  });
  part(holder, "basis").textContent = p.basis + (p.bars_to ? " Bars to " + clock.clockText(p.bars_to, "hm") + "." : "");
}

function fail(holder, text) {
  holder.setAttribute("data-error", "1");
  ["head", "table", "new", "gone", "basis"].forEach((name) => { part(holder, name).replaceChildren(); });
  part(holder, "median").textContent = text;
}

form.onChange(look);
onPart("preview", draw);
onNodes(() => {
  const holder = box();
  if (holder && !holder.qtSeen) { holder.qtSeen = true; asked = wanted = mine = own = null; busy = false; said = ""; }
});
