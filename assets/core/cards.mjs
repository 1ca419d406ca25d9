/** The five states of a card (`data-qt-state="name"`, part "state"): loading, empty, error, live or marked, stale. */
import { freshness, freshWords, wholeAge } from "./freshness.mjs";
import { model } from "./model.mjs";
import { dataAge, now, pulse, trouble } from "./clock.mjs";
import { timedText } from "./values.mjs";

const HAS_DATA = ["live", "marked", "stale"];

/** What a card's words stand in, found once. @typedef {{name: string, age: Element | null, note: Element | null,
 *   title: Element | null, text: Element | null, done: HTMLElement | null, next: Element | null}} Card */
/** @type {Map<HTMLElement, Card>} */
const cards = new Map();
/** @type {Array<(card: HTMLElement) => boolean>} */
const waits = [];

/** `fn` is true while what a card shows is not drawn yet, whatever is known of it. @param {(card: HTMLElement) => boolean} fn */
export function waitFor(fn) {
  waits.push(fn);
}

/** @param {HTMLElement} element */
export function adoptCard(element) {
  const find = (/** @type {string} */ selector) => element.querySelector(selector);
  cards.set(element, {
    name: element.dataset.qtState ?? "", age: find(".qt-age"), note: find(".qt-stale-note"), title: find(".qt-panel-title"),
    text: find(".qt-panel-text"), done: /** @type {HTMLElement | null} */ (find(".qt-panel-done")), next: find(".qt-panel-next"),
  });
  drawCard(element, /** @type {Card} */ (cards.get(element)));
}

/** @param {Element | null} element @param {string} text */
function words(element, text) {
  if (element && element.textContent !== text) {
    element.textContent = text;
  }
}

/* A plot that was drawn while its card had no height has Plotly's own: it is fitted when it is seen, and looked at again,
   for a drawing that was under way then may come after. */
/** @param {HTMLElement} card */
function fitPlots(card) {
  [50, 400, 1500, 4000].forEach((ms) => window.setTimeout(() => {
    card.querySelectorAll(".js-plotly-plot").forEach((/** @type {any} */ gd) => {
      const tall = gd._fullLayout && gd._fullLayout.autosize && gd.clientHeight;
      if (tall && Math.abs(gd._fullLayout.height - tall) > 2) {
        window.Plotly.Plots.resize(gd);
      }
    });
  }, ms));
}

/** @param {HTMLElement} element @param {Card} card */
function drawCard(element, card) {
  const value = freshness((model.state || {})[card.name] || { s: "loading" });
  const shown = HAS_DATA.includes(value.s), waiting = shown && waits.some((fn) => fn(element));
  const silent = pulse.failing ? "server" : trouble();
  const state = waiting ? "loading" : silent && shown ? "stale" : value.s;
  if (element.dataset.state !== state) {
    const comes = shown && !waiting && !HAS_DATA.includes(element.dataset.state ?? "");
    element.dataset.state = state;
    if (comes) {
      fitPlots(element);
    }
  }
  const why = state === "marked" || state === "live" ? value.text || "" : "";
  words(card.age, ageWords(state, value, silent));
  if (card.age instanceof HTMLElement && card.age.title !== why) {
    card.age.title = why;
  }
  if (value.s === "empty" || value.s === "error") {
    drawPanel(card, value);
  }
  if (state === "stale") {
    const who = silent === "server" ? "The server is not answering" : "The engine is silent";
    words(card.note, silent ? `${who}. Last values.` : value.text || "Last values.");
  }
}

/** @param {Card} card @param {import("./freshness.mjs").State} value */
function drawPanel(card, value) {
  words(card.title, value.title || "");
  words(card.text, value.text || "");
  if (card.done) {
    const bar = /** @type {HTMLElement} */ (card.done.firstElementChild), width = `${value.done || 0}%`;
    if (card.done.hidden !== (value.done === undefined)) {
      card.done.hidden = value.done === undefined;
    }
    if (bar.style.width !== width) {
      bar.style.width = width;
    }
  }
  words(card.next, value.until ? timedText({ text: "next try in {left}", until: value.until }) : "");
}

/** @param {string} state @param {import("./freshness.mjs").State} value @param {string | null} silent */
function ageWords(state, value, silent) {
  if (state === "loading" || state === "error") {
    return state;
  }
  if (state === "empty") {
    return "";   // nothing is shown: nothing has an age
  }
  if (state === "stale") {
    return `stale · ${wholeAge(silent ? dataAge() : now() - (value.since || now()))}`;
  }
  return freshWords(value);
}

/** Every card anew: a second has passed, or the states have changed. */
export function drawCards() {
  cards.forEach((card, element) => drawCard(element, card));
}

/** Forget the cards that have left the page. */
export function pruneCards() {
  cards.forEach((_card, element) => {
    if (!element.isConnected) {
      cards.delete(element);
    }
  });
}
