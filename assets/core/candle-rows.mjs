/** The bars of a candle chart: from the columns of a base to rows, and every point of its time axis. Pure. */

/**
 * What app/figures/candles.py sends: columns, times as steps, what holds for single bars by their index.
 * @typedef {{con: number, tf: string, size: number, stamp: string, at: number, dec: number, tick: number,
 *   surge: number | null, lens: [number, number], zone: string, t: number[], ahead: Array<[number, number]>,
 *   again: Array<[number, number, string]>, o: number[], h: number[], lo: number[], c: number[], v: Value[], f: Value[],
 *   s: Value[], w: Value[], l: Value[], cut: number[], src: string, off: string, holes: Array<[number, number]>}} Base
 * @typedef {number | null | undefined} Value
 * @typedef {"v" | "f" | "s" | "w" | "l" | "n"} Column
 *
 * A bar. `t` = shown time, `label` its text where the clocks repeat the hour, `n` the volume that a signal needs, `off`
 * outside the regular hours, `cut` the first of a session, `hole` bars are missing after it.
 * @typedef {{t: number, label: string, o: number, h: number, lo: number, c: number, v: Value, f: Value, s: Value, w: Value,
 *   l: Value, n: Value, src: string, off: boolean, cut: boolean, hole: boolean, next: Row | null, empty?: false}} Row
 * @typedef {{t: number, empty: true}} Place an empty one: a bar is missing here
 * @typedef {Row | Place} Point
 *
 * The newest bar of a poll.
 * @typedef {[o: number, h: number, lo: number, c: number, v: Value, src: string, label?: string]} Bar
 */

const HOLE_MOST = 400, SMA_BARS = 20;

/** @param {Value} value @returns {value is number} */
export function has(value) {
  return value !== null && value !== undefined;
}

/** @param {Base} base @returns {Row[]} oldest first */
export function rowsOf(base) {
  const cuts = new Set(base.cut), again = new Map(base.again.map((entry) => [entry[0], entry]));
  let market = 0;
  let ahead = 0;
  let turn = 0;
  /** @type {Row[]} */
  const rows = base.t.map((step, i) => {
    market = i ? market + step * base.size : step;
    if (base.ahead[turn]?.[0] === i) {
      ahead = base.ahead[turn][1];
      turn += 1;
    }
    const odd = again.get(i);   // the clocks repeat this hour: the chart's time is pressed, the true one is a label
    return {
      t: odd ? odd[1] : market + ahead, label: odd ? odd[2] : "", o: base.o[i], h: base.h[i], lo: base.lo[i], c: base.c[i],
      v: base.v[i], f: base.f[i], s: base.s[i], w: base.w[i], l: base.l[i], n: null, src: base.src[i],
      off: base.off[i] === "x", cut: cuts.has(i), hole: false, next: null,
    };
  });
  rows.forEach((row, i) => { row.n = needed(rows, i, base.surge); });
  return rows;
}

/**
 * The bars, and empty places where bars are missing inside trading hours. Tells each row its neighbour.
 * @param {Row[]} rows
 * @param {Base} base
 * @returns {Point[]}
 */
export function pointsOf(rows, { holes, size }) {
  const empty = new Map(holes);
  return rows.flatMap((row, i) => {
    const start = row.t + size, missing = Math.min(HOLE_MOST, empty.get(start) ?? 0), next = rows[i + 1] ?? null;
    row.next = next;
    row.hole = missing > 0;
    const places = Array.from({ length: missing }, (_, k) => /** @type {Place} */ ({ t: start + k * size, empty: true }));
    return [row, ...places.filter((place) => !next || place.t < next.t)];
  });
}

/**
 * The volume that a signal of a minute needs: so many times the mean of the bars before it.
 * @param {Row[]} rows
 * @param {number} i
 * @param {number | null} surge
 */
export function needed(rows, i, surge) {
  if (!surge || i < SMA_BARS) {
    return null;
  }
  let sum = 0;
  for (const { v } of rows.slice(i - SMA_BARS, i)) {
    if (!has(v)) {
      return null;
    }
    sum += v;
  }
  return Math.round(surge * sum / SMA_BARS);
}

/** A bar that follows `before`, still without values. @param {number} time @param {string} label @param {Row} before */
export function follower(time, label, before) {
  /** @type {Row} */
  const row = {
    t: time, label, o: 0, h: 0, lo: 0, c: 0, v: null, f: null, s: null, w: null, l: null, n: null, src: "", off: before.off,
    cut: false, hole: false, next: null,
  };
  return row;
}

/**
 * Put a poll's values into a row; false = they were there already.
 * @param {Row} row
 * @param {Bar} bar
 * @param {Row | null} before the bar before it
 * @param {[number, number]} lens of both averages
 * @param {{w?: Value, l?: Value}} over what lies over the newest bar
 */
export function renew(row, [o, h, lo, c, v, src], before, lens, over) {
  const said = () => JSON.stringify([row.o, row.h, row.lo, row.c, row.v, row.src, row.f, row.s, row.w, row.l]), was = said();
  const average = (/** @type {Value} */ seed, /** @type {number} */ length) => {
    const from = has(seed) ? seed : c;
    return from + 2 / (length + 1) * (c - from);
  };
  Object.assign(row, { o, h, lo, c, v, src, f: average(before?.f, lens[0]), s: average(before?.s, lens[1]), ...over });
  return said() !== was;
}

/**
 * The bar that a mark of this moment belongs to; null = none is near.
 * @param {Row[]} rows
 * @param {number} time
 * @param {number} size
 */
export function barOf(rows, time, size) {
  const found = rows.findLast((row) => row.t <= time);
  return found && time - found.t < size * 2 ? found.t : null;
}
