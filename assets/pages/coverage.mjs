/**
 * Coverage of the universe: one tile a symbol, coloured by the age of its last visit, which is counted here.
 * Parts: "names", "seen" and "coverage" (app/rows/coverage.py). A tile's sentence is asked for when it is looked at.
 */
import { html, render } from "../vendor/lit-html.mjs";
import { go } from "../core/address.mjs";
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import { make, maybe, one, setAttr, setData, setText, within } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { pick } from "../core/pick.mjs";
import { LINE_CLASSES } from "../core/wire.mjs";

/** Seconds since the base of its last visit; of a visit under way, and whether it decides; the class that holds it.
 * @typedef {number | [since: number, decides: boolean] | string} Seen */
/** @typedef {{visits: number, why: string, lane: string, at: number}} Told what the server has said, when */
/** @typedef {{con: string, sym: string} | {con: null, text: string}} Asked of the why box */

const LOOK_MS = 120, TOLD_MS = 4000, PAINT_MS = 1000;
const KEYS = ["held", "visit", "1", "2", "3", "4", "5", "never"];
/** By con_id. @type {Map<string, HTMLElement>} */
let tiles = new Map();
/** con_ids in the order of the grid. @type {string[]} */
let order = [];
/** By con_id. @type {Map<string, Told>} */
const told = new Map();
let waiting = 0;   // timer of the next question
/** con_id under the pointer or the cursor. @type {string | null} */
let looked = null;
/** @type {Asked | null} */
let asked = null;

const holder = () => maybe(document, "[data-qt-tiles]");
/** @returns {Record<string, string>} */
const names = () => model.names ?? {};
const about = () => model.coverage ?? {};
/** @param {string} con @returns {Seen | undefined} */
const seen = (con) => model.seen?.[con];

/* ---- ages ---- */
/** @param {string} con @param {number} now */
function ageOf(con, now) {
  const value = seen(con);
  return typeof value === "number" ? Math.max(0, now - about().base - value) : null;
}

/** The class of a tile's colour. @param {string} con @param {number} now */
function stepOf(con, now) {
  const lane = laneOf(con), age = ageOf(con, now);
  if (lane !== "none") {
    return lane;
  }
  return age === null ? "never" : String(Math.min(5, 1 + Math.floor(age / about().unit)));
}

/** @param {string} con */
function laneOf(con) {
  const value = seen(con);
  return Array.isArray(value) ? "visit" : typeof value === "string" ? "held" : "none";
}

/** @param {string} key */
function label(key) {
  const { unit } = about();
  /** @type {Record<string, string>} */
  const words = { held: "streaming", visit: "visiting", never: "not yet", 5: `> ${4 * unit} s` };
  return words[key] ?? `≤ ${Number(key) * unit} s`;
}

/** Seconds up to two minutes: "96 s", then "4 min". @param {number} seconds */
function short(seconds) {
  return seconds < 119.5 ? `${Math.round(seconds)} s` : fmt.age(Math.round(seconds)).replace(/ min.*/, " min");
}

/** @param {string} con @param {number} now */
function stateWords(con, now) {
  const value = seen(con), age = ageOf(con, now);
  if (typeof value === "string") {
    return `streaming, held as ${LINE_CLASSES[value] || value}`;
  }
  if (Array.isArray(value)) {
    return `being visited for ${short(now - about().base - value[0])}${value[1] ? ", kept until the breakout is decided" : ""}`;
  }
  if (age === null) {
    return "not visited yet";
  }
  return `${(about().watched ?? []).includes(Number(con)) ? "running signal, watched, " : "last visit "}${short(age)} ago`;
}

/* ---- tiles ---- */
/** @param {string} con */
function newTile(con) {
  const element = make("i");
  element.id = `qt-tile-${con}`;
  element.dataset.con = con;
  element.setAttribute("role", "option");
  element.setAttribute("aria-label", names()[con]);
  return element;
}

function build() {
  const box = holder(), by = names();
  if (!box) {
    return;
  }
  if (box.dataset.ready !== "1") {
    box.dataset.ready = "1";
    tiles = new Map();
    looked = asked = null;
  }
  order = Object.keys(by).sort((a, b) => (by[a] < by[b] ? -1 : by[a] > by[b] ? 1 : Number(a) - Number(b)));
  tiles = new Map(order.map((con) => [con, tiles.get(con) ?? newTile(con)]));
  box.style.setProperty("--qt-cols", String(Math.max(25, Math.ceil(Math.sqrt(order.length * 1.25)))));
  box.dataset.many = order.length > 600 ? "1" : "";
  box.replaceChildren(...tiles.values());
  paint();
}

function paint() {
  const box = holder();
  if (!box || !order.length) {
    return;
  }
  const now = clock.now();
  /** @type {Record<string, number>} */
  const counts = {};
  /** @type {number[]} */
  const ages = [];
  tiles.forEach((element, con) => {
    const key = stepOf(con, now), age = ageOf(con, now);
    setData(element, "s", key);
    counts[key] = (counts[key] || 0) + 1;
    if (age !== null) {
      ages.push(age);
    }
  });
  const legend = maybe(document, "[data-qt-cover-legend]");
  if (legend) {
    render(KEYS.map((key) => html`<span class="qt-key" data-key=${key} ?hidden=${key === "never" && !counts.never}><i
      data-s=${key}></i><span>${label(key)} </span><span class="qt-strong">${counts[key] || 0}</span></span>`), legend);
  }
  paintAges(box, counts, ages);
  paintTip(now);
  paintWhy(now);
}

/** @param {HTMLElement} box @param {Record<string, number>} counts @param {number[]} ages */
function paintAges(box, counts, ages) {
  const head = maybe(document, ".qt-cover-ages"), sorted = ages.sort((a, b) => a - b), last = sorted.length - 1;
  const words = last < 0 ? "" : `median ${short(sorted[Math.floor(last / 2)])} · slowest ${short(sorted[last])}`;
  if (head) {
    setText(head, words);
  }
  const lanes = KEYS.filter((key) => counts[key]).map((key) => `${counts[key]} ${label(key)}`).join(", ");
  setAttr(box, "aria-label", `Last visit of ${order.length} symbols: ${lanes}${words ? `; ${words}` : ""}`);
}

/* ---- one symbol: the tip over its tile, the sentence in the why box ---- */
/** Name, state, why. @param {string} con @param {number} now @returns {[string, string, string]} */
function sentence(con, now) {
  const more = told.get(con), count = more?.visits;
  const visits = count ? ` · ${count}${count === 1 ? " visit" : " visits"} today` : "";
  return [names()[con] || "", ` ${stateWords(con, now)}${visits}`, more?.why ?? ""];
}

/** @param {[string, string, string]} words */
const sentenceBlock = ([name, state, why]) => html`<b>${name}</b><span>${state}</span><div>${why}</div>`;

/** @param {number} now */
function paintTip(now) {
  const tip = maybe(document, ".qt-tile-tip"), element = looked === null ? undefined : tiles.get(looked);
  if (!tip) {
    return;
  }
  if (looked === null || !element) {
    tip.hidden = true;
    return;
  }
  if (told.has(looked)) {
    question(looked);   // the sentence names an age too
  }
  render(sentenceBlock(sentence(looked, now)), tip);
  tip.hidden = false;
  const frame = /** @type {HTMLElement} */ (tip.parentElement).getBoundingClientRect(), at = element.getBoundingClientRect();
  const left = Math.min(Math.max(0, at.left - frame.left - tip.offsetWidth / 2), frame.width - tip.offsetWidth);
  const below = at.bottom - frame.top + 6, above = at.top - frame.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${above > -40 ? above : below}px`;
}

/** @param {number} now */
function paintWhy(now) {
  const said = maybe(document, ".qt-why-said");
  if (!said || asked === null) {
    return;
  }
  if (asked.con === null) {
    render(asked.text, said);
    return;
  }
  if (told.has(asked.con)) {
    question(asked.con);   // else the sentence stays while the symbol's lane goes on
  }
  const words = sentence(asked.con, now);
  render(sentenceBlock(asked.con in names() ? words : [asked.sym, "", words[2]]), said);
}

/** @param {string} con */
function question(con) {
  const known = told.get(con);
  if (!known || known.lane !== laneOf(con) || performance.now() - known.at >= TOLD_MS) {
    setProps("lines-told-ask", { data: Number(con) });
  }
}

/** A name that no line visits may be known all the same: a filtered position, a symbol of a page. @param {string} name */
function askBroadly(name) {
  const mine = asked;
  askEngine("lines-request", { action: "why", text: name }, ({ ok, value }) => {
    if (asked === mine && ok && value?.sym) {
      const words = [`${value.sym} ${value.kind}`, value.filtered, value.filtered ? value.text : value.line];
      asked = { con: null, text: words.filter(Boolean).join(" · ") };
      paintWhy(clock.now());
    }
  });
}

/** @param {string | null} con */
function look(con) {
  if (looked === con) {
    return;
  }
  if (looked !== null) {
    tiles.get(looked)?.removeAttribute("aria-selected");
  }
  looked = con;
  window.clearTimeout(waiting);
  if (con !== null) {
    tiles.get(con)?.setAttribute("aria-selected", "true");
    waiting = window.setTimeout(() => question(con), LOOK_MS);
  }
  paintTip(clock.now());
}

clientside("qtCoverage", {
  told(/** @type {{con: number, visits: number, why: string} | null} */ answer) {
    if (answer) {
      const con = String(answer.con), now = clock.now();
      told.set(con, { visits: answer.visits, why: answer.why, lane: laneOf(con), at: performance.now() });
      tiles.get(con)?.setAttribute("aria-label", sentence(con, now).join(". "));
      paintTip(now);
      paintWhy(now);
    }
    return noUpdate();
  },
});

pick("lines-why", {
  pick(id, sym) {
    const con = String(id);
    asked = { con, sym };
    told.delete(con);
    question(con);
    paintWhy(clock.now());
  },
  look(name) {
    const nowhere = "is not in the universe of today: no position, watch-list or scan of the day names it, so no line visits it.";
    asked = { con: null, text: `${name.toUpperCase()} ${nowhere}` };
    paintWhy(clock.now());
    askBroadly(name);
  },
});

/* ---- pointer and keys ---- */
/** @param {Event} event */
const conOf = (event) => within(event, "[data-qt-tiles] > i")?.dataset.con ?? null;

document.addEventListener("mouseover", (event) => {
  const con = conOf(event);
  if (con !== null) {
    look(con);
  } else if (looked !== null && document.activeElement !== holder()) {
    look(null);
  }
});
/* A finger has no hover: the first touch shows the tile's story, the second one goes to the symbol. */
/** @type {string | null} */
let touched = null;
let onlyLook = false;
document.addEventListener("pointerdown", (event) => {
  const con = conOf(event);
  onlyLook = con !== null && event.pointerType === "touch" && touched !== con;
  touched = con;
});
document.addEventListener("click", (event) => {
  const con = conOf(event);
  if (con !== null && onlyLook) {
    look(con);
  } else if (con !== null) {
    go(`/symbol/${con}`);
  }
});
document.addEventListener("focusin", (event) => {
  if (event.target === holder() && order.length && looked === null) {
    move(0, 0);
  }
});
document.addEventListener("focusout", (event) => {
  if (event.target === holder()) {
    look(null);
  }
});

/** @param {number} from @param {number} by */
function move(from, by) {
  const con = order[Math.min(Math.max(0, from + by), order.length - 1)];
  look(con);
  one(document, "[data-qt-tiles]").setAttribute("aria-activedescendant", `qt-tile-${con}`);
}

document.addEventListener("keydown", (event) => {
  const box = holder(), whole = order.length;
  if (!box || event.target !== box || !whole) {
    return;
  }
  const columns = Number(box.style.getPropertyValue("--qt-cols")), at = looked === null ? 0 : Math.max(0, order.indexOf(looked));
  /** @type {Record<string, number>} */
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -whole, End: whole };
  if (event.key in steps) {
    event.preventDefault();
    move(at, steps[event.key]);
  } else if (event.key === "Enter" && looked !== null) {
    go(`/symbol/${looked}`);
  } else if (event.key === "Escape") {
    look(null);
  }
});

/* ---- when ---- */
let due = false;
/** Once a frame. @param {() => void} fn */
function later(fn) {
  if (!due) {
    due = true;
    window.requestAnimationFrame(() => {
      due = false;
      fn();
    });
  }
}
onPart("names", () => later(build));
onPart("seen", () => later(order.length ? paint : build));
onNodes(() => {
  const box = holder();
  if (box && box.dataset.ready !== "1") {
    build();
  }
});
every(PAINT_MS, paint);
