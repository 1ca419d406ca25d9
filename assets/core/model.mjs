/**
 * The browser's copy of the view, and who is told of its changes.
 *
 * What is shown belongs to the page that the address names: when that changes, all of the former page is forgotten, and no
 * answer for it counts any more. The page's own elements come from Dash and may come later than its values: until then
 * these wait.
 */
import { onAddress, path } from "./address.mjs";
import { dropPart, leadsOn, mergeDelta, replacePart } from "./merge.mjs";
import { setMarketClock } from "./clock.mjs";

/** @typedef {import("./merge.mjs").Part} Part */
/** @typedef {import("./merge.mjs").Delta} Delta */
/** @typedef {import("./merge.mjs").Change} Change */
/** @typedef {(name: string, changed: Part, removed: string[], full: boolean, part: string) => void} Listener */

const OF_EVERY_PAGE = ["strip", "broker", "rows:bell"];

/** {part: {key: value}} @type {import("./merge.mjs").Model} */
export const model = {};
/** @type {Array<[string, Listener]>} */
const listeners = [];
/** @type {Array<() => void>} */
const afterApply = [];
/** @type {Array<() => void>} */
const afterNodes = [];
/** @type {Array<(delta: Delta) => boolean>} */
const guards = [];
/** @type {string | null} */
let have = null;   // the cursor of what is here
/** @type {Delta | null} */
let held = null;   // a whole view that waits for its page's elements

/** Hear of each change of a part "prefix:name" or "prefix". @param {string} prefix @param {Listener} fn */
export function onPart(prefix, fn) {
  listeners.push([prefix, fn]);
}

/** Called after each delta, when everybody has drawn. @param {() => void} fn */
export function onApplied(fn) {
  afterApply.push(fn);
}

/** Called after a frame in which elements came or went. @param {() => void} fn */
export function onNodes(fn) {
  afterNodes.push(fn);
}

/** `fn` answering true keeps a delta from being applied. @param {(delta: Delta) => boolean} fn */
export function onlyUnless(fn) {
  guards.push(fn);
}

/** The value at "part.key"; undefined = there is none. @param {string} place @returns {any} */
export function get(place) {
  const dot = place.indexOf("."), part = model[place.slice(0, dot)];
  return part === undefined ? undefined : part[place.slice(dot + 1)];
}

/** The cursor of what is here; null = nothing yet. */
export function cursor() {
  return have;
}

/** Tell of a change, also of a part that a script derives out of others. @param {Change} change */
export function tell({ part, changed, removed, full }) {
  if (part === "strip" && ("clock" in changed || removed.includes("clock"))) {
    setMarketClock(changed.clock);
  }
  const head = part.split(":")[0], name = part.slice(head.length + 1);
  for (const [prefix, fn] of listeners) {
    if (prefix === head || prefix === part || prefix === "*") {
      fn(name, changed, removed, full, part);
    }
  }
}

function applied() {
  afterApply.forEach((fn) => fn());
}

onAddress(() => {
  have = held = null;
  Object.keys(model).filter((part) => !OF_EVERY_PAGE.includes(part)).forEach((part) => tell(dropPart(model, part, true)));
});

/** @param {string | undefined} page */
function isHere(page) {
  const drawn = /** @type {HTMLElement | null} */ (document.querySelector("[data-qt-page]"));
  return page === undefined || (drawn !== null && drawn.dataset.qtPage === page);
}

/** @param {Delta} delta */
function hold(delta) {
  if (!delta.full) {
    return;
  }
  held = delta;
  for (const part of OF_EVERY_PAGE) {
    if (delta.set?.[part]) {
      tell(replacePart(model, part, delta.set[part]));
    }
  }
  applied();
}

/** Elements came or went: what waited for them is shown. */
export function nodesChanged() {
  if (held && isHere(held.page)) {
    const delta = held;
    held = null;
    apply(delta);
  }
  afterNodes.forEach((fn) => fn());
}

/** Take an answer of the feed, if it leads on from what is here. @param {Delta} delta */
export function apply(delta) {
  if (delta.path !== undefined && (delta.path || "/") !== path()) {
    return;   // asked for another page
  }
  if (!isHere(delta.page)) {
    hold(delta);
    return;
  }
  if (!leadsOn(delta, have, path()) || guards.some((fn) => fn(delta))) {
    return;
  }
  held = null;
  have = delta.cursor || null;
  document.documentElement.dataset.qtSnapshot = String(delta.snapshot ?? "");   // the moment that all of the page is of
  mergeDelta(model, delta).forEach(tell);
  applied();
}
