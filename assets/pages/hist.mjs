/* Behind each slider how today's values of its rule lie, as the lab counted them with the newest preview.
   Part "hist": key -> [counts in equal steps over the slider, below, above, what was counted, words with {}, symbols].
   Heights go by the root of the counts, so that the thin end, where thresholds lie, can be seen. Drawn twice, in
   grey and in blue, the blue one cut at the thumb by CSS: a move redraws nothing. Asked for when the tab is opened and each
   5 minutes while it is in sight, beside what the previews bring. */
import { every, isWatched } from "../core/every.mjs";
import { askEngine } from "../core/ask.mjs";
import * as form from "../core/form.mjs";
import * as fmt from "../core/format.mjs";
import { model, onPart } from "../core/model.mjs";
import { inTab, onTab } from "../core/tabs.mjs";

const NS = "http://www.w3.org/2000/svg", HIGH = 18, AGAIN_MS = 300000, FIRST_MS = 900;

function fields() { return document.querySelectorAll(".qt-field[data-kind='range']"); }

function svg(cls) {
  const element = document.createElementNS(NS, "svg");
  element.setAttribute("class", "qt-hist " + cls);
  element.setAttribute("preserveAspectRatio", "none");
  element.setAttribute("aria-hidden", "true");
  element.appendChild(document.createElementNS(NS, "path"));
  return element;
}

function path(counts) {
  const top = Math.max(...counts.concat(1));
  return counts.map((count, i) => {
    const height = count ? Math.max(1, HIGH * Math.sqrt(count / top)) : 0;
    return count ? "M" + (i + 0.06) + " " + HIGH + "V" + (HIGH - height).toFixed(2) + "h.88V" + HIGH + "z" : "";
  }).join("");
}

function paint(field) {
  const f = field.qt, value = (model.hist || {})[f.key];
  if (!f.slider || !value) { return; }
  const mark = JSON.stringify(value[0]);
  if (f.slider.qtHist !== mark) {
    f.slider.qtHist = mark;
    if (!f.slider.querySelector(".qt-hist")) {
      f.slider.prepend(svg("qt-hist-off"), svg("qt-hist-on"));
      f.slider.setAttribute("data-hist", "1");
    }
    f.slider.querySelectorAll(".qt-hist").forEach((each) => {
      each.setAttribute("viewBox", "0 0 " + value[0].length + " " + HIGH);
      each.firstChild.setAttribute("d", path(value[0]));
    });
  }
  const words = passing(f, value);
  if (f.range.title !== words) { f.range.title = words; }
}

/* "Today 4.2 % of 214,512 minutes of 600 symbols had 1.5x SMA20 or more." */
function passing(f, value) {
  const counts = value[0], at = Number(f.range.value), share = (at - f.m.low) / (f.m.high - f.m.low) * counts.length;
  const total = value[1] + value[2] + counts.reduce((sum, each) => { return sum + each; }, 0); let beyond = value[2];
  counts.forEach((count, i) => { beyond += i + 1e-6 >= share ? count : i + 1 > share ? count * (i + 1 - share) : 0; });
  const tail = (String(f.m.step).split(".")[1] || "").length;
  return "Today " + fmt.share(100 * beyond / total, 1) + " of " + fmt.number(total) + " " + value[3] +
    (value[3] === "minutes" ? " of " + fmt.number(value[5]) + " symbols " : " ") +
    value[4].replace("{}", fmt.number(at, f.m.whole ? 0 : tail)) + ".";
}

function paintAll() { Array.prototype.forEach.call(fields(), (field) => { if (field.qt) { paint(field); } }); }

function ask() {
  const box = document.querySelector("[data-qt-preview]");
  if (!box || !inTab(box) || box.hasAttribute("aria-busy") || !isWatched()) { return; }
  box.qtCounted = true;
  askEngine(box.dataset.previewRequest, { action: "preview", changes: {} }, () => {});
}

onPart("hist", paintAll);
form.onChange(paintAll);
onTab(() => {
  const box = document.querySelector("[data-qt-preview]");
  if (box && !box.qtCounted) { window.setTimeout(ask, FIRST_MS); }
});
every(AGAIN_MS, ask);
