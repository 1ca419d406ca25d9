/* Coverage of the universe: one tile a symbol, coloured by the age of its last visit, which is counted here.
   Parts: "names", "seen" and "coverage" (app/rows/coverage.py). A tile's sentence is asked for when it is looked at. */
import { LINE_CLASSES } from "../core/wire.mjs";
import { every } from "../core/every.mjs";
import { go } from "../core/address.mjs";
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { pick } from "../core/pick.mjs";

const LOOK_MS = 120, TOLD_MS = 4000;
const KEYS = ["held", "visit", "1", "2", "3", "4", "5", "never"];
let tiles = {}; let order = [];          // con -> element; cons in the order of the grid
const told = {}; let waiting = null;       // con -> {visits, why, at}; timer of the next question
let looked = null; let asked = null;     // con under the pointer or the cursor; con of the why box

function holder() { return document.querySelector("[data-qt-tiles]"); }
function part(name) { return model[name] || {}; }
function setText(element, text) { if (element && element.textContent !== text) { element.textContent = text; } }

/* ---- ages ---- */
function age(con, now) {
  const value = part("seen")[con];
  return typeof value === "number" ? Math.max(0, now - part("coverage").base - value) : null;
}

function step(con, now) {
  const value = part("seen")[con];
  if (typeof value === "string") { return "held"; }
  if (Array.isArray(value)) { return "visit"; }
  const seconds = age(con, now);
  if (seconds === null) { return "never"; }
  return String(Math.min(5, 1 + Math.floor(seconds / part("coverage").unit)));
}

function label(key) {
  const unit = part("coverage").unit;
  if (key === "held") { return "streaming"; }
  if (key === "visit") { return "visiting"; }
  if (key === "never") { return "not yet"; }
  return key === "5" ? "> " + 4 * unit + " s" : "≤ " + Number(key) * unit + " s";
}

/* Seconds up to two minutes: "96 s", then "4 min". */
function short(seconds) {
  return seconds < 119.5 ? Math.round(seconds) + " s" : fmt.age(Math.round(seconds)).replace(/ min.*/, " min");
}

function state(con, now) {
  const value = part("seen")[con];
  if (typeof value === "string") { return "streaming, held as " + (LINE_CLASSES[value] || value); }
  if (Array.isArray(value)) {
    const kept = value[1] ? ", kept until the breakout is decided" : "";
    return "being visited for " + short(now - part("coverage").base - value[0]) + kept;
  }
  const seconds = age(con, now);
  if (seconds === null) { return "not visited yet"; }
  const watched = (part("coverage").watched || []).indexOf(Number(con)) >= 0;
  return (watched ? "running signal, watched, " : "last visit ") + short(seconds) + " ago";
}

/* ---- tiles ---- */
function tile(con) {
  const element = document.createElement("i");
  element.id = "qt-tile-" + con;
  element.dataset.con = con;
  element.setAttribute("role", "option");
  element.setAttribute("aria-label", part("names")[con]);
  return element;
}

function build() {
  const box = holder(), names = part("names");
  if (!box) { return; }
  if (box.dataset.ready !== "1") { box.dataset.ready = "1"; tiles = {}; looked = null; asked = null; }
  order = Object.keys(names).sort((a, b) => { return names[a] < names[b] ? -1 : names[a] > names[b] ? 1 : a - b; });
  const kept = {};
  order.forEach((con) => { kept[con] = tiles[con] || tile(con); });
  tiles = kept;
  box.style.setProperty("--qt-cols", Math.max(25, Math.ceil(Math.sqrt(order.length * 1.25))));
  box.dataset.many = order.length > 600 ? "1" : "";
  box.replaceChildren(...order.map((con) => { return tiles[con]; }));
  paint();
}

function paint() {
  const box = holder();
  if (!box || !order.length) { return; }
  const now = clock.now(), counts = {}, ages = [];
  order.forEach((con) => {
    const key = step(con, now), element = tiles[con], seconds = age(con, now);
    if (element.dataset.s !== key) { element.dataset.s = key; }
    counts[key] = (counts[key] || 0) + 1;
    if (seconds !== null) { ages.push(seconds); }
  });
  paintLegend(counts);
  paintAges(box, counts, ages);
  paintTip(now);
  paintWhy(now);
}

function paintLegend(counts) {
  const legend = document.querySelector("[data-qt-cover-legend]");
  if (!legend) { return; }
  if (!legend.firstChild) {
    KEYS.forEach((key) => {
      const entry = document.createElement("span"), words = document.createElement("span"), number = document.createElement("span");
      entry.className = "qt-key";
      entry.dataset.key = key;
      entry.appendChild(document.createElement("i")).dataset.s = key;
      number.className = "qt-strong";
      entry.append(words, number);
      legend.appendChild(entry);
    });
  }
  Array.prototype.forEach.call(legend.children, (entry) => {
    setText(entry.children[1], label(entry.dataset.key) + " ");
    setText(entry.children[2], String(counts[entry.dataset.key] || 0));
    const idle = entry.dataset.key === "never" && !counts.never;
    if (entry.hidden !== idle) { entry.hidden = idle; }
  });
}

function paintAges(box, counts, ages) {
  const head = document.querySelector(".qt-cover-ages"); let words = "";
  ages.sort((a, b) => { return a - b; });
  if (ages.length) {
    words = "median " + short(ages[Math.floor((ages.length - 1) / 2)]) + " · slowest " + short(ages[ages.length - 1]);
  }
  setText(head, words);
  const told_ = KEYS.filter((key) => { return counts[key]; }).map((key) => { return counts[key] + " " + label(key); });
  box.setAttribute("aria-label", "Last visit of " + order.length + " symbols: " + told_.join(", ") + (words ? "; " + words : ""));
}

/* ---- one symbol: the tip over its tile, the sentence in the why box ---- */
function tipOf() { return document.querySelector(".qt-tile-tip"); }

function sentence(con, now) {
  const more = told[con], count = more ? more.visits : null;
  const visits = count ? " · " + count + (count === 1 ? " visit" : " visits") + " today" : "";
  return [part("names")[con] || "", " " + state(con, now) + visits, more ? more.why : ""];
}

function fill(element, words) {
  if (!element.firstChild) { ["b", "span", "div"].forEach((tag) => { element.appendChild(document.createElement(tag)); }); }
  words.forEach((text, i) => { setText(element.children[i], text); });
}

function paintTip(now) {
  const tip = tipOf(), element = looked === null ? null : tiles[looked];
  if (!tip) { return; }
  if (!element) { tip.hidden = true; return; }
  if (told[looked]) { question(looked); }      // the sentence names an age too
  fill(tip, sentence(looked, now));
  tip.hidden = false;
  const frame = tip.parentElement.getBoundingClientRect(), at = element.getBoundingClientRect();
  const left = Math.min(Math.max(0, at.left - frame.left - tip.offsetWidth / 2), frame.width - tip.offsetWidth);
  const below = at.bottom - frame.top + 6, above = at.top - frame.top - tip.offsetHeight - 6;
  tip.style.left = Math.max(0, left) + "px";
  tip.style.top = (above > -40 ? above : below) + "px";
}

function paintWhy(now) {
  const said = document.querySelector(".qt-why-said");
  if (!said || asked === null) { return; }
  if (asked.con === null) { setText(said, asked.text); return; }
  let words = sentence(asked.con, now);
  if (!(asked.con in part("names"))) { words = [asked.sym, "", words[2]]; }
  if (told[asked.con]) { question(asked.con); }  // else the sentence stays while the symbol's lane goes on
  if (!said.firstElementChild) { said.replaceChildren(); }
  fill(said, words);
}

function laneOf(con) {
  const value = part("seen")[con];
  return Array.isArray(value) ? "visit" : typeof value === "string" ? "held" : "none";
}

function question(con) {
  const known = told[con];
  if (known && known.lane === laneOf(con) && performance.now() - known.at < TOLD_MS) { return; }
  setProps("lines-told-ask", { data: Number(con) });
}

/* A name that no line visits may be known all the same: a filtered position, a symbol of a page. */
function askBroadly(name, mine) {
  askEngine("lines-request", { action: "why", text: name }, (result) => {
    const found = result.ok ? result.value : null;
    if (asked !== mine || !found || !found.sym) { return; }
    mine.text = [found.sym + " " + found.kind, found.filtered, found.filtered ? found.text : found.line].filter(Boolean).join(" · ");
    paintWhy(clock.now());
  });
}

function look(con) {
  if (looked === con) { return; }
  if (looked !== null && tiles[looked]) { tiles[looked].removeAttribute("aria-selected"); }
  looked = con;
  window.clearTimeout(waiting);
  if (con !== null) {
    tiles[con].setAttribute("aria-selected", "true");
    waiting = window.setTimeout(() => { question(con); }, LOOK_MS);
  }
  paintTip(clock.now());
}

clientside("qtCoverage", {
  told (answer) {
    if (answer) {
      told[answer.con] = { visits: answer.visits, why: answer.why, lane: laneOf(answer.con), at: performance.now() };
      if (tiles[answer.con]) { tiles[answer.con].setAttribute("aria-label", sentence(answer.con, clock.now()).join(". ")); }
      paintTip(clock.now());
      paintWhy(clock.now());
    }
    return noUpdate();
  }
});

pick("lines-why", {
  pick (con, sym) {
    asked = { con, sym };
    delete told[con];
    question(con);
    paintWhy(clock.now());
  },
  look (name) {
    asked = { con: null, text: name.toUpperCase() + " is not in the universe of today: no position, watch-list or scan of the day names it, so no line visits it." };
    document.querySelector(".qt-why-said").replaceChildren();
    paintWhy(clock.now());
    askBroadly(name, asked);
  }
});

/* ---- pointer and keys ---- */
function conOf(event) {
  const element = event.target.closest && event.target.closest("[data-qt-tiles] > i");
  return element ? element.dataset.con : null;
}
document.addEventListener("mouseover", (event) => {
  const con = conOf(event);
  if (con !== null) { look(con); } else if (looked !== null && document.activeElement !== holder()) { look(null); }
});
/* A finger has no hover: the first touch shows the tile's story, the second one goes to the symbol. */
let touched = null; let onlyLook = false;
document.addEventListener("pointerdown", (event) => {
  const con = conOf(event);
  onlyLook = con !== null && event.pointerType === "touch" && touched !== con;
  touched = con;
});
document.addEventListener("click", (event) => {
  const con = conOf(event);
  if (con === null) { return; }
  if (onlyLook) { look(con); } else { go("/symbol/" + con); }
});
document.addEventListener("focusin", (event) => {
  if (event.target === holder() && order.length && looked === null) { move(0, 0); }
});
document.addEventListener("focusout", (event) => { if (event.target === holder()) { look(null); } });

function move(from, by) {
  const box = holder(), at = Math.min(Math.max(0, from + by), order.length - 1);
  look(order[at]);
  box.setAttribute("aria-activedescendant", "qt-tile-" + order[at]);
}

document.addEventListener("keydown", (event) => {
  if (event.target !== holder() || !order.length) { return; }
  const columns = Number(holder().style.getPropertyValue("--qt-cols")), at = Math.max(0, order.indexOf(looked));
  const whole = order.length;
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -whole, End: whole }[event.key];
  if (by !== undefined) { event.preventDefault(); move(at, by); }
  if (event.key === "Enter" && looked !== null) { go("/symbol/" + looked); }
  if (event.key === "Escape") { look(null); }
});

/* ---- when ---- */
let due = false;
function later(fn) {
  if (due) { return; }
  due = true;
  window.requestAnimationFrame(() => { due = false; fn(); });
}
onPart("names", () => { later(build); });
onPart("seen", () => { later(order.length ? paint : build); });
onNodes(() => {
  const box = holder();
  if (box && box.dataset.ready !== "1") { build(); }
});
every(1000, paint);
