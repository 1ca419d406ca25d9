/** A curve of money over time as SVG: zero line, gaps where data were missing, its last value, what is under the pointer. */
import * as fmt from "../core/format.mjs";
import { html, nothing, svg } from "../vendor/lit-html.mjs";

/** Seconds or a place on the axis, value; null = gap. @typedef {[number, number | null]} Point */

const WIDE = 760, LEFT = 4, RIGHT = 74, TOP = 12, LOW = 22;

/** Round steps that a scale of money is read by. @param {number} span @param {number} most */
export function stepOf(span, most) {
  const raw = span / most, size = 10 ** Math.floor(Math.log10(raw || 1));
  return ([1, 2, 5, 10].find((each) => each * size >= raw) ?? 10) * size;
}

/** @param {Point[]} points */
function rangeOf(points) {
  const known = points.map(([, value]) => value).filter((value) => value !== null);
  const low = Math.min(...known), high = Math.max(...known), room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

/** A path with a gap wherever a value is missing. @param {Point[]} points @param {(at: number) => number} x @param {(value: number) => number} y */
export function pathOf(points, x, y) {
  let path = "";
  let pen = "M";
  for (const [at, value] of points) {
    if (value === null) {
      pen = "M";
    } else {
      path += `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
  }
  return path;
}

/**
 * @param {Point[]} points
 * @param {{tall?: number, label: string, tick: (at: number) => string, told: (at: number) => string, zero?: boolean,
 *   shade?: [number, number] | null}} how `label` for those who don't see it; `tick` and `told` a place on the axis in
 *   words; `zero` = zero is always in sight; `shade` = a stretch that is marked
 */
export function curve(points, { tall = 220, label, tick, told, zero = true, shade = null }) {
  const known = points.filter(([, value]) => value !== null);
  if (known.length < 2) {
    return nothing;
  }
  const [low, high] = rangeOf(zero ? [...points, [points[0][0], 0]] : points);
  const first = points[0][0], last = points[points.length - 1][0];
  const x = (/** @type {number} */ at) => LEFT + ((at - first) / (last - first || 1)) * (WIDE - LEFT - RIGHT);
  const y = (/** @type {number} */ value) => TOP + ((high - value) / (high - low)) * (tall - TOP - LOW);
  const step = stepOf(high - low, 4), lines = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    lines.push(value);
  }
  const end = /** @type {[number, number]} */ (known[known.length - 1]), tone = zero ? fmt.tone(end[1], 0) : "flat";
  const all = [0, 1, 2, 3].map((i) => first + ((last - first) * i) / 3);
  const isNew = (/** @type {number} */ i) => ![all[0], all[3], all[i - 1]].some((other) => tick(other) === tick(all[i]));
  const ticks = all.filter((_at, i) => i === 0 || i === 3 || isNew(i));
  const decimals = step < 1 ? 2 : 0;
  return html`<div class="qt-jcurve" @pointermove=${(/** @type {PointerEvent} */ event) => point(event, points, x, told, decimals)}
    @pointerleave=${leave}><svg viewBox="0 0 ${WIDE} ${tall}" role="img" aria-label=${label} preserveAspectRatio="none">
    ${shade ? svg`<rect class="qt-jshade" x=${x(shade[0])} y=${TOP} width=${Math.max(1, x(shade[1]) - x(shade[0]))} height=${tall - TOP - LOW}></rect>` : nothing}
    ${lines.map((value) => svg`<line class=${Math.abs(value) < step / 1e6 ? "qt-jzero" : "qt-jgrid"} x1=${LEFT} x2=${WIDE - RIGHT} y1=${y(value)} y2=${y(value)}></line>`)}
    <path class="qt-jline" data-tone=${tone} d=${pathOf(points, x, y)}></path></svg>
    ${lines.map((value) => html`<span class="qt-jtick" style="top: ${(y(value) / tall) * 100}%">${fmt.number(value, decimals)}</span>`)}
    ${ticks.map((at, i) => html`<span class="qt-jat" data-edge=${i === 0 ? "first" : i === ticks.length - 1 ? "last" : ""}
      style="left: ${(x(at) / WIDE) * 100}%">${tick(at)}</span>`)}
    <span class="qt-jtold" hidden></span></div>`;
}

/** @param {PointerEvent} event @param {Point[]} points @param {(at: number) => number} x @param {(at: number) => string} told @param {number} decimals */
function point(event, points, x, told, decimals) {
  const box = /** @type {HTMLElement} */ (event.currentTarget), tip = /** @type {HTMLElement} */ (box.querySelector(".qt-jtold"));
  const area = box.getBoundingClientRect(), at = ((event.clientX - area.left) / area.width) * WIDE;
  let best = points[0];
  for (const each of points) {
    if (Math.abs(x(each[0]) - at) < Math.abs(x(best[0]) - at)) {
      best = each;
    }
  }
  tip.hidden = false;
  tip.textContent = `${told(best[0])}: ${best[1] === null ? "no data" : fmt.signed(best[1], Math.max(decimals, 2))}`;
  tip.style.left = `${Math.min(80, Math.max(0, (x(best[0]) / WIDE) * 100))}%`;
}

/** @param {PointerEvent} event */
function leave(event) {
  /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (event.currentTarget).querySelector(".qt-jtold")).hidden = true;
}
