/**
 * Behind each slider how today's values of its rule lie, as the lab counted them with the newest preview.
 * Part "hist": key -> [counts in equal steps over the slider, below, above, what was counted, words with {}, symbols].
 *
 * Heights go by the root of the counts, so that the thin end, where thresholds lie, can be seen. Drawn twice, in grey and in
 * blue, the blue one cut at the thumb by CSS: a move redraws nothing. Asked for when the tab is opened and each 5 minutes
 * while it is in sight, beside what the previews bring.
 */
import { askEngine } from "../core/ask.mjs";
import { all, makeSvg, maybe } from "../core/dom.mjs";
import { every, isWatched } from "../core/every.mjs";
import * as form from "../core/form.mjs";
import * as fmt from "../core/format.mjs";
import { model, onPart } from "../core/model.mjs";
import { inTab, onTab } from "../core/tabs.mjs";

/** @typedef {[counts: number[], below: number, above: number, what: string, words: string, symbols: number]} Hist */

const HIGH = 18, AGAIN_MS = 300000, FIRST_MS = 900;
/** What is drawn behind a slider. @type {WeakMap<Element, string>} */
const drawn = new WeakMap();
/** Boxes of the preview for which it was asked once. @type {WeakSet<Element>} */
const counted = new WeakSet();

/** @param {number[]} counts */
function path(counts) {
  const top = Math.max(...counts, 1);
  return counts.map((count, i) => {
    const height = count ? Math.max(1, HIGH * Math.sqrt(count / top)) : 0;
    return count ? `M${i + 0.06} ${HIGH}V${(HIGH - height).toFixed(2)}h.88V${HIGH}z` : "";
  }).join("");
}

/** @param {HTMLElement} slider @param {number[]} counts */
function draw(slider, counts) {
  const mark = counts.join();
  if (drawn.get(slider) === mark) {
    return;
  }
  drawn.set(slider, mark);
  slider.querySelectorAll(".qt-hist").forEach((old) => old.remove());
  slider.prepend(...["qt-hist-off", "qt-hist-on"].map((cls) => {
    const viewBox = `0 0 ${counts.length} ${HIGH}`;
    const made = makeSvg("svg", { class: `qt-hist ${cls}`, preserveAspectRatio: "none", "aria-hidden": "true", viewBox });
    made.append(makeSvg("path", { d: path(counts) }));
    return made;
  }));
  slider.dataset.hist = "1";
}

/** @param {form.Field} field */
function paint({ key, meta, range, slider }) {
  /** @type {Hist | undefined} */
  const hist = model.hist?.[key];
  if (!slider || !range || !hist) {
    return;
  }
  draw(slider, hist[0]);
  const words = passing(meta, Number(range.value), hist);
  if (range.title !== words) {
    range.title = words;
  }
}

/** "Today 4.2 % of 214,512 minutes of 600 symbols had 1.5x SMA20 or more." @param {form.Meta} meta @param {number} at @param {Hist} hist */
function passing(meta, at, [counts, below, above, what, words, symbols]) {
  const share = (at - meta.low) / (meta.high - meta.low) * counts.length;
  const total = counts.reduce((sum, count) => sum + count, below + above);
  const beyond = counts.reduce((sum, count, i) =>
    sum + (i + 1e-6 >= share ? count : i + 1 > share ? count * (i + 1 - share) : 0), above);
  const decimals = meta.whole ? 0 : (String(meta.step).split(".")[1] ?? "").length;
  const of = what === "minutes" ? `${what} of ${fmt.number(symbols)} symbols` : what;
  return `Today ${fmt.share(100 * beyond / total)} of ${fmt.number(total)} ${of} ${words.replace("{}", fmt.number(at, decimals))}.`;
}

function paintAll() {
  all(document, ".qt-field[data-kind='range']").map(form.fieldOf).filter(Boolean).forEach(paint);
}

function ask() {
  const box = maybe(document, "[data-qt-preview]");
  if (box && inTab(box) && !box.hasAttribute("aria-busy") && isWatched()) {
    counted.add(box);
    askEngine(box.dataset.previewRequest ?? "", { action: "preview", changes: {} }, () => {});
  }
}

onPart("hist", paintAll);
form.onChange(paintAll);
onTab(() => {
  const box = maybe(document, "[data-qt-preview]");
  if (box && !counted.has(box)) {
    window.setTimeout(ask, FIRST_MS);
  }
});
every(AGAIN_MS, ask);
