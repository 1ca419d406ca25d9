/**
 * The binder: elements say what they show, nothing else is needed to make a text live.
 *
 *   data-qt="part.key"        text of the value (core/values.mjs); data-qt-flash beside it: one soft flash when it changes
 *   data-qt-show="part.key"   shown only while the value is truthy ("!part.key": while it is not)
 *   data-qt-cells="part.key"  one small cell per letter (the gauge)
 *   data-qt-pct="part.key"    width in per cent
 *   data-qt-state="name"      a card: wears state.<name> (core/cards.mjs)
 *
 * Bound elements are leaves that Dash never renders again, so React and the binder do not meet.
 */
import { adoptCard, drawCards, pruneCards } from "./cards.mjs";
import { onAddress } from "./address.mjs";
import { every } from "./every.mjs";
import { model, nodesChanged, onPart } from "./model.mjs";
import { countOn, fill } from "./values.mjs";

/** @typedef {"text" | "show" | "hide" | "pct" | "cells"} Kind */
/** @typedef {{element: HTMLElement, key: string, kind: Kind}} Binding */

/** By part and key. @type {Map<string, Map<string, Set<Binding>>>} */
const index = new Map();
/** @type {WeakSet<Element>} */
const known = new WeakSet();
/** Other kinds of elements and who takes them. @type {Array<[string, (element: HTMLElement) => void]>} */
const adopters = [["[data-qt-state]", adoptCard]];
let selector = "[data-qt],[data-qt-show],[data-qt-cells],[data-qt-pct],[data-qt-state]";

/** Elements that match are handed over once, when they come. @param {string} what @param {(element: HTMLElement) => void} take */
export function adoptAll(what, take) {
  adopters.push([what, take]);
  selector += `,${what}`;
}

/** @type {Record<Kind, (element: HTMLElement, value: any) => void>} */
const kinds = {
  text: fill,
  show: (element, value) => { hide(element, !value); },
  hide: (element, value) => { hide(element, Boolean(value)); },
  pct: (element, value) => { element.style.width = `${value || 0}%`; },
  cells(element, value) {
    const letters = value || "";
    while (element.childElementCount < letters.length) {
      element.append(document.createElement("i"));
    }
    while (element.childElementCount > letters.length) {
      element.lastElementChild?.remove();
    }
    Array.from(element.children).forEach((cell, i) => {
      if (cell instanceof HTMLElement && cell.dataset.c !== letters[i]) {
        cell.dataset.c = letters[i];
      }
    });
  },
};

/** @param {HTMLElement} element @param {boolean} hidden */
function hide(element, hidden) {
  if (element.hidden !== hidden) {
    element.hidden = hidden;
  }
}

/** @param {HTMLElement} element @param {string} place "part.key" @param {Kind} kind */
function add(element, place, kind) {
  const dot = place.indexOf("."), part = place.slice(0, dot), key = place.slice(dot + 1);
  const keys = index.get(part) ?? new Map();
  index.set(part, keys);
  const bindings = keys.get(key) ?? new Set();
  keys.set(key, bindings);
  bindings.add({ element, key, kind });
  const values = model[part];
  if (values !== undefined || kind === "show" || kind === "hide") {
    kinds[kind](element, values && values[key]);
  }
}

/** @param {HTMLElement} element */
function adopt(element) {
  known.add(element);
  const { qt, qtShow, qtCells, qtPct } = element.dataset;
  if (qt) { add(element, qt, "text"); }
  if (qtShow) { add(element, qtShow.replace("!", ""), qtShow[0] === "!" ? "hide" : "show"); }
  if (qtCells) { add(element, qtCells, "cells"); }
  if (qtPct) { add(element, qtPct, "pct"); }
  adopters.forEach(([what, take]) => {
    if (element.matches(what)) {
      take(element);
    }
  });
}

function scan() {
  document.querySelectorAll(selector).forEach((element) => {
    if (element instanceof HTMLElement && !known.has(element)) {
      adopt(element);
    }
  });
}

function prune() {
  index.forEach((keys) => keys.forEach((bindings) => bindings.forEach((binding) => {
    if (!binding.element.isConnected) {
      bindings.delete(binding);
    }
  })));
  pruneCards();
}

onPart("*", (_name, changed, removed, _full, part) => {
  const keys = index.get(part);
  if (keys) {
    const show = (/** @type {string} */ key, /** @type {any} */ value) =>
      keys.get(key)?.forEach(({ element, kind }) => kinds[kind](element, value));
    Object.entries(changed).forEach(([key, value]) => show(key, value));
    removed.forEach((key) => show(key, null));
  }
  if (part === "state") {
    drawCards();
  }
});

/** A second has passed, or a delta has come: what counts is counted on. */
export function tick() {
  countOn();
  drawCards();
}

/* What these put on the page binds nothing. */
const FOREIGN = ".js-plotly-plot, .ag-root-wrapper, [data-qt-rows], [data-qt-heat], [data-qt-changes], [data-qt-curves], " +
  "[data-qt-tiles], [data-qt-day], [data-qt-size], [data-qt-signal], [data-qt-news], [data-qt-alerts], [data-qt-price-alert], " +
  "[data-qt-cover-legend], .qt-tile-tip, .qt-pick-list, .qt-said, .qt-why-said";

/** @param {MutationRecord} record */
function bringsElements(record) {
  for (const node of record.addedNodes) {
    if (node.nodeType === Node.ELEMENT_NODE) {
      return record.target instanceof Element && !record.target.closest(FOREIGN);
    }
  }
  return false;
}

/* New pages arrive as new nodes; one scan a frame finds what they bind. */
let pending = false;
function later() {
  if (pending) {
    return;
  }
  pending = true;
  window.requestAnimationFrame(() => {
    pending = false;
    scan();
    nodesChanged();
  });
}

/* From one symbol's page to another's, elements may be the same ones: then only the page's mark changes. */
new MutationObserver((records) => {
  if (records.some((record) => record.type === "attributes" || bringsElements(record))) {
    later();
  }
}).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-qt-page"] });
every(30000, prune);
onAddress(() => window.setTimeout(prune, 1000));
