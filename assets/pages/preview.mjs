/**
 * The preview: what today's signals would be under the values in the form, before they are applied.
 *
 * Asked for when the user first touches the form, on release of a slider, and 150 ms after the last move. One question is
 * under way at a time; what moves meanwhile is asked for when its answer is there.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import { all, maybe, one } from "../core/dom.mjs";
import * as form from "../core/form.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { pollNow } from "../core/poll.mjs";

/** @typedef {{rows: Array<[con: number, sym: string, count: number, at: number, words: string]>, more: number}} Names */
/** @typedef {{id: string, ok?: boolean, text: string, count: string, word: string, now: string, new: string, gone: string,
 *   median: string, rows: string[][], new_list: Names, gone_list: Names, basis: string, bars_to: number | null}} Preview */

const SETTLE_MS = 150, LOOK_MS = [120, 240, 400, 600, 900, 1400, 2200, 4000];
/** @type {string | null} */
let asked = null;    // mark of what was asked for
/** @type {string | null} */
let wanted = null;   // mark of what is in the form; null = nobody has touched it
/** @type {string | null} */
let mine = null;     // id of this tab's newest question
/** @type {Preview | null} */
let own = null;      // its answer: another tab's question does not take it away
let busy = false;
let timer = 0;
let said = "";
/** The box that this is about. @type {HTMLElement | null} */
let seen = null;

const box = () => maybe(document, "[data-qt-preview]");
/** @param {HTMLElement} holder */
const formOf = (holder) => maybe(document, `[data-qt-form='${holder.dataset.qtPreview}']`);

/** @param {HTMLElement} holder */
function changes(holder) {
  const place = formOf(holder), keys = place ? all(place, ".qt-field[data-changed]").map((field) => field.dataset.key ?? "") : [];
  return Object.fromEntries(keys.filter((key) => model.set?.[key]).map((key) => [key, form.value(key)]));
}

/** What the answer depends on: the draft and the values in force. @param {HTMLElement} holder */
function markOf(holder) {
  return JSON.stringify([changes(holder), Object.values(model.set || {}).map((force) => force.v)]);
}

function look() {
  const holder = box();
  if (!holder || wanted === null || markOf(holder) === wanted) {
    return;
  }
  wanted = markOf(holder);
  window.clearTimeout(timer);
  timer = window.setTimeout(ask, SETTLE_MS);
}

function ask() {
  const holder = box();
  if (!holder || busy || asked === wanted) {
    return;
  }
  asked = wanted;
  busy = true;
  said = "";
  holder.setAttribute("aria-busy", "true");
  draw();
  mine = askEngine(holder.dataset.previewRequest ?? "", { action: "preview", changes: changes(holder) }, answered);
  LOOK_MS.forEach((ms) => window.setTimeout(() => {
    if (busy) {
      pollNow();
    }
  }, ms));
}

/** @param {import("../core/ask.mjs").Result} result */
function answered({ ok, text }) {
  busy = false;
  if (!ok) {
    said = text;
  }
  box()?.removeAttribute("aria-busy");
  draw();
  ask();
}

/** @param {Event} event */
function isInForm(event) {
  const holder = box();
  return holder !== null && event.target instanceof Node && Boolean(formOf(holder)?.contains(event.target));
}

/** @param {Event} event */
function begin(event) {
  if (wanted === null && isInForm(event)) {
    wanted = "";
    look();
  }
}
document.addEventListener("pointerdown", begin);
document.addEventListener("focusin", begin);
document.addEventListener("change", (event) => {
  if (isInForm(event)) {
    window.clearTimeout(timer);
    look();
    ask();
  }
});

/* ---- drawing ---- */
const PARTS = ["head", "median", "table", "new", "gone", "basis"];
/** @typedef {Record<string, unknown>} Shown what each part shows */

/** @param {HTMLElement} holder @param {Shown} shown a part that is not named is empty */
function fill(holder, shown) {
  PARTS.forEach((name) => render(shown[name] ?? nothing, one(holder, `.qt-preview-${name}`)));
}

/** @param {Preview} p */
function headBlock(p) {
  return html`<b class="qt-preview-count">${p.count}</b><span> ${p.word}, </span><span class="qt-soft">${p.now}</span><span
    class="qt-push"></span>${p.new ? html`<span class="qt-badge qt-badge-new">${p.new}</span>` : nothing}${
    p.gone ? html`<span class="qt-badge qt-badge-gone">${p.gone}</span>` : nothing}`;
}

/** @param {Preview} p */
function tableBlock(p) {
  const heads = ["after", "median ATR", "in force", "old enough"];
  return html`<table class="qt-table"><caption class="visually-hidden">Median move in ATR after the signals</caption>
    <thead><tr>${heads.map((text) => html`<th class="num">${text}</th>`)}</tr></thead>
    <tbody>${p.rows.map((cells) => html`<tr>${cells.map((text) => html`<td class="num">${text}</td>`)}</tr>`)}</tbody></table>`;
}

/** @param {string} label @param {Names} names */
function namesBlock(label, { rows, more }) {
  if (!rows.length) {
    return nothing;
  }
  return html`<span class="qt-soft">${label} </span>${rows.map(([con, sym, count, at, words]) => html`<a class="qt-sym"
    href="/symbol/${con}" title="${count > 1 ? "newest " : ""}${clock.clockText(at, "hm")}, ${words}">${sym}${
    count > 1 ? ` ×${count}` : ""}</a> `)}${more ? html`<span class="qt-soft">and ${more} more</span>` : nothing}`;
}

/** @param {Preview} p @returns {Shown} */
function shownOf(p) {
  return {
    head: headBlock(p), median: p.median, table: tableBlock(p), new: namesBlock("New", p.new_list),
    gone: namesBlock("Gone", p.gone_list), basis: p.basis + (p.bars_to ? ` Bars to ${clock.clockText(p.bars_to, "hm")}.` : ""),
  };
}

function draw() {
  const holder = box(), newest = /** @type {Preview | undefined} */ (model.preview);
  if (newest?.id && newest.id === mine) {
    own = newest;
  }
  if (!holder) {
    return;
  }
  const answer = own?.id && own.id === mine ? own : null, failed = said || (answer?.ok === false ? answer.text : "");
  holder.hidden = wanted === null || !(failed || busy || answer);
  if (failed) {
    holder.dataset.error = "1";
    fill(holder, { median: failed });
  } else if (answer) {
    delete holder.dataset.error;
    fill(holder, shownOf(answer));
  } else if (busy && !one(holder, ".qt-preview-head").childElementCount) {
    render("Working out today's signals …", one(holder, ".qt-preview-median"));
  }
}

form.onChange(look);
onPart("preview", draw);
onNodes(() => {
  const holder = box();
  if (holder && holder !== seen) {
    seen = holder;
    asked = wanted = mine = own = null;
    busy = false;
    said = "";
  }
});
