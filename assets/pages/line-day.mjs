/** The day's time line of the lines: one row a symbol, one bar a line, out of the server's answer (app/rows/line_day.py). */
import { html, nothing, render, svg } from "../vendor/lit-html.mjs";
import { go } from "../core/address.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import { maybe, setText } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { LINE_CLASSES } from "../core/wire.mjs";

/** Market seconds, null = now; the class, what for, why it went, who took it, spells without a connection.
 * @typedef {[from: number, to: number | null, cls: string, why: string, went: string, by: string,
 *   gaps?: Array<[number, number]>]} Span */
/** @typedef {{sym: string, con: number, spans: Span[]}} Row */
/** @typedef {{from: number, now: number, words: string, rows: Row[]}} Day */
/** @typedef {(at: number) => number} Scale */

const LEFT = 74, RIGHT = 12, ROW_H = 18, AXIS_H = 20, AGAIN_MS = 15000, LOOK_MS = 5000;
const STEPS_S = [300, 900, 1800, 3600, 7200, 14400, 28800];
/** @type {Day | null} */
let day = null;
let askedAt = 0;

const holder = () => maybe(document, "[data-qt-day]");

/** @param {string} sym @param {Span} span @param {number} now */
function story(sym, [from, to, cls, why, went, , gaps], now) {
  const until = to === null ? "now" : clock.clockText(to, "hm"), held = fmt.held((to ?? now) - from);
  return [
    `${sym} ${LINE_CLASSES[cls] || cls}, ${clock.clockText(from, "hm")} to ${until} (${held})`,
    ...(why ? [`held for: ${why}`] : []),
    ...(gaps || []).map((gap) => `no connection ${clock.clockText(gap[0])} to ${clock.clockText(gap[1])}`),
    ...(went ? [`went: ${went}`] : []),
  ].join("\n");
}

/** @param {Day} shown @param {Scale} x @param {number} now @param {number} height */
function axis(shown, x, now, height) {
  const step = STEPS_S.find((s) => (now - shown.from) / s <= 9) || 43200, ticks = [];
  for (let at = Math.ceil(shown.from / step) * step; at <= now; at += step) {
    ticks.push(at);
  }
  return ticks.map((at) => svg`<line x1=${x(at)} x2=${x(at)} y1=${AXIS_H - 4} y2=${height} class="qt-hair"></line>${
    x(at) > LEFT + 8 ? svg`<text x=${x(at)} y="11" class="qt-axis-time">${clock.clockText(at, "hm")}</text>` : nothing}`);
}

/** @param {Row} row @param {Span} span @param {number} y @param {Scale} x @param {number} now */
function bar(row, span, y, x, now) {
  const [since, until, cls, , , by, gaps] = span, from = x(since), to = x(until ?? now);
  return svg`<rect x=${from} y=${y + 3} width=${Math.max(2, to - from)} height=${ROW_H - 7} rx="2" class="qt-span"
      data-cls=${cls} data-con=${row.con} data-open=${until === null ? "1" : nothing}><title>${story(row.sym, span, now)}</title></rect>${
    (gaps || []).map((gap) => {   // the connection was away: held, but nothing came
      const lost = Math.max(from, x(gap[0]));
      return svg`<rect x=${lost} y=${y + 5} width=${Math.max(2, x(gap[1]) - lost)} height=${ROW_H - 11} class="qt-span-gap"
        aria-hidden="true"></rect>`;
    })}${by ? svg`<text x=${to} y=${y + 13} class="qt-span-end" aria-hidden="true">▼</text>` : nothing}`;
}

/** @param {Row} row @param {number} y @param {Scale} x @param {number} now */
function line(row, y, x, now) {
  return svg`<a href="/symbol/${row.con}"><text x=${LEFT - 10} y=${y + 12} class="qt-axis-word">${row.sym}</text></a>
    <line x1=${LEFT} x2="100%" y1=${y + ROW_H - 1} y2=${y + ROW_H - 1} class="qt-hair"></line>
    ${row.spans.map((span) => bar(row, span, y, x, now))}`;
}

function draw() {
  const box = holder(), shown = day;
  if (!box || !shown || box.hidden || !box.clientWidth) {
    return;
  }
  const width = box.clientWidth, height = AXIS_H + shown.rows.length * ROW_H;
  const now = Math.max(shown.now, Math.round(clock.marketNow()));
  /** @type {Scale} */
  const x = (at) => LEFT + (width - LEFT - RIGHT) * (at - shown.from) / Math.max(1, now - shown.from);
  render(html`<svg width=${width} height=${height}>${axis(shown, x, now, height)}${
    shown.rows.map((row, i) => line(row, AXIS_H + i * ROW_H, x, now))}</svg>`, box);
  box.setAttribute("aria-label", `Who held a line ${shown.words}`);
}

/** The day in the place of the last 30 minutes, or these again. */
function show() {
  const box = holder();
  if (!box) {
    return;
  }
  box.hidden = !day;
  for (const [selector, isDays] of /** @type {Array<[string, boolean]>} */ ([
    ["[data-qt-changes]", false], ["[data-qt='line_events.words']", false], [".qt-day-words", true],
  ])) {
    const element = maybe(document, selector);
    if (element) {
      element.hidden = isDays !== Boolean(day);
    }
  }
  const words = maybe(document, ".qt-day-words");
  if (words) {
    setText(words, day?.words ?? "");
  }
  draw();
}

clientside("qtLines", {
  day(/** @type {Day | null} */ answer) {
    day = answer || null;
    askedAt = performance.now();
    show();
    return noUpdate();
  },
});

document.addEventListener("click", (event) => {
  const found = event.target instanceof SVGElement ? event.target.closest("[data-qt-day] .qt-span") : null;
  if (found instanceof SVGElement) {
    go(`/symbol/${found.dataset.con}`);
  }
});
window.addEventListener("resize", draw);
every(LOOK_MS, () => {
  const box = holder();
  if (day && box && !box.hidden && performance.now() - askedAt > AGAIN_MS) {
    setProps("lines-day-ask", { data: Date.now() });
  }
});
