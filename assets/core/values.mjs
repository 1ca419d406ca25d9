/**
 * A value of the feed as a text in an element. A value is a text or number, [text, tone, tooltip], {text, from|until, tone}
 * with {age}/{left} counted here, {at, clock: "hm"|"hms", text} a market time, {sym, con, text} a text with a symbol's
 * link; null = missing. Tone, tooltip and counting belong to the value shown: none of them outlives it.
 */
import * as fmt from "./format.mjs";
import { clockText, marketNow, now } from "./clock.mjs";
import { setText } from "./dom.mjs";

/** @typedef {{text: string, tone: string, title?: string, counts?: any, link?: any}} Shown */

/** Elements whose text counts seconds. @type {Map<Element, any>} */
const counting = new Map();
/** Marks of the links that elements show. @type {WeakMap<Element, string>} */
const links = new WeakMap();
/** Elements whose tooltip is the value's, not the page's. @type {WeakSet<Element>} */
const titled = new WeakSet();

/**
 * A symbol as it is read in rows; the year of an option is said when it is not that of the market's clock.
 * @param {string} localSymbol
 */
export function nameOf(localSymbol) {
  return fmt.named(localSymbol, new Date(marketNow() * 1000).getUTCFullYear());
}

/** @param {{text: string, from?: number | null, until?: number | null, every?: number}} value */
export function timedText(value) {
  let text = value.text;
  if (value.from !== undefined && value.from !== null) {
    text = text.replace("{age}", fmt.age(now() - value.from));
  }
  if (value.until !== undefined && value.until !== null) {
    let left = Math.ceil(value.until - now());
    if (left <= 0 && value.every) {   /* passed: the next one of an even pace, until the server says when it is */
      left += value.every * Math.ceil((1 - left) / value.every);
    }
    text = left > 0 ? text.replace("{left}", fmt.age(left).replace(".0 s", " s")) : text.replace("in {left}", "now");
  }
  return text;
}

/** @param {any} value @returns {Shown} */
export function shownOf(value) {
  if (value === null || value === undefined) {
    return { text: fmt.MISSING, tone: "missing" };
  }
  if (Array.isArray(value)) {
    return { text: value[0] === null || value[0] === undefined ? fmt.MISSING : String(value[0]), tone: value[1] || "", title: value[2] };
  }
  if (typeof value !== "object") {
    return { text: String(value), tone: "" };
  }
  if (value.clock) {
    const at = clockText(value.at, value.clock);
    return { text: value.text ? value.text.replace("{at}", at) : at, tone: value.tone || "" };
  }
  if (value.from !== undefined || value.until !== undefined) {
    return { text: timedText(value), tone: value.tone || "", counts: value };
  }
  return { text: value.text || value.sym || "", tone: value.tone || "", title: value.title, link: value };
}

/** @param {any} value */
function symbolNode(value) {
  const bold = document.createElement(value.con ? "a" : "b");
  bold.className = "qt-sym";
  bold.textContent = nameOf(value.sym);
  bold.title = value.sym;
  if (bold instanceof HTMLAnchorElement) {
    bold.href = `/symbol/${encodeURIComponent(value.con)}`;
  }
  return bold;
}

/** @param {Element} element @param {any} value */
function fillLink(element, value) {
  const mark = JSON.stringify(value);
  if (links.get(element) === mark) {
    return;
  }
  links.set(element, mark);
  const [before, ...after] = (value.text || "{sym}").split("{sym}");
  element.replaceChildren(before, ...(after.length ? [symbolNode(value), after.join("{sym}")] : []));
}

/** @param {HTMLElement} element @param {Shown} shown */
function wear(element, shown) {
  if ((element.dataset.tone || "") !== shown.tone) {
    element.dataset.tone = shown.tone;
  }
  if (shown.title) {
    titled.add(element);
    if (element.title !== shown.title) {
      element.title = shown.title;
    }
  } else if (titled.delete(element)) {
    element.title = "";
  }
  if (shown.counts) {
    counting.set(element, shown.counts);
  } else {
    counting.delete(element);
  }
}

/** Show a value. @param {HTMLElement} element a leaf that Dash never renders again @param {any} value */
export function fill(element, value) {
  const shown = shownOf(value);
  if (shown.link && shown.link.sym) {
    fillLink(element, value);
  } else {
    const before = element.dataset.qtFlash === undefined ? null : element.textContent;
    if (links.delete(element)) {
      element.textContent = "";
    }
    setText(element, shown.text);
    if (before && before !== shown.text) {
      flash(element);
    }
  }
  wear(element, shown);
}

const FLASH_MS = 400;   // at least
/** Elements that wear the flash, and since when (ms of performance.now). @type {Map<Element, number>} */
const flashing = new Map();
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/**
 * A change is seen for a moment: a class that goes on a later beat. A fading animation costs a frame each 16 ms.
 * @param {Element} element
 */
export function flash(element) {
  if (still.matches || document.hidden) {
    return;
  }
  element.classList.add("qt-flash");
  flashing.set(element, performance.now());
}

function fade() {
  const before = performance.now() - FLASH_MS;
  flashing.forEach((since, element) => {
    if (since <= before) {
      element.classList.remove("qt-flash");
      flashing.delete(element);
    }
  });
}

/** What counts seconds, a beat later; what has flashed goes back, what has left the page is forgotten. */
export function countOn() {
  fade();
  counting.forEach((value, element) => {
    if (element.isConnected) {
      setText(element, timedText(value));
    } else {
      counting.delete(element);
    }
  });
}
