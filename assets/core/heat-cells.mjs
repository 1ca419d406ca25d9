/**
 * The cells of a heatmap out of its symbols' rows: {order, sym, short, score, sig, last, chg, open, rv, dist, spread}, as the
 * results of the scanners and the Overview's "rows:topheat" have them. A symbol that is held has its values for as long as it
 * is a candidate, however far it has fallen behind.
 */
import * as fmt from "./format.mjs";
import { standing } from "./heat.mjs";
import { model, tell } from "./model.mjs";

/** @typedef {any} Row */

/**
 * Which of seven steps: how many of the six rising cuts are not above the value, less 3.
 * @param {number | null | undefined} value
 * @param {number[]} cuts
 */
export function stepOf(value, cuts) {
  return fmt.isMissing(value) ? null : cuts.filter((cut) => cut <= Number(value)).length - 3;
}

/** @param {number | null | undefined} value @param {Row} row */
function turned(value, row) {
  return fmt.isMissing(value) ? null : row.short ? -Number(value) : value;
}

/**
 * A row -> [text, value that is judged: turned by the side, the spread so that low is for].
 * @type {Record<string, (row: Row) => [string, number | null | undefined]>}
 */
const CELLS = {
  score: (row) => [fmt.number(row.score, 2), row.score],
  at_signal: (row) => [fmt.number(row.sig, 2), row.sig],
  change: (row) => [fmt.signed(row.chg, 1), turned(row.chg, row)],
  open: (row) => [fmt.signed(row.open, 1), turned(row.open, row)],
  volume: (row) => [fmt.times(row.rv), row.rv],
  distance: (row) => [fmt.signed(row.dist, 2), row.dist],
  spread: (row) => [fmt.number(row.spread, 1), fmt.isMissing(row.spread) ? null : -row.spread],
};

/** An arrow's word before the name; null = none. @param {Row | undefined} row */
export function sideOf(row) {
  return row ? (row.short ? "short" : "long") : null;
}

/**
 * Symbols in the order of now: the best first, who has no price yet last.
 * @param {Record<string, Row>} rows
 * @param {(row: Row) => boolean} [fits]
 */
export function bestFirst(rows, fits = () => true) {
  const place = (/** @type {string} */ id) => rows[id].order + (fmt.isMissing(rows[id].last) ? 1e6 : 0);
  return Object.keys(rows).filter((id) => fits(rows[id])).sort((a, b) => place(a) - place(b));
}

/**
 * Make the part "heat:<name>" of the best, as many as have room, and of those that are held.
 * @param {string} name
 * @param {string[]} order best first
 * @param {Record<string, Row>} rows
 * @param {Record<string, number[]>} cuts by factor
 * @returns {boolean} false = the heatmap is not on the page
 */
export function makeHeat(name, order, rows, cuts) {
  const place = standing(name);
  if (!place) {
    return false;
  }
  const { held, most } = place, best = order.slice(0, most);
  const ids = [...best, ...held.filter((id) => rows[id] && !best.includes(id))];
  /** @type {Record<string, any>} */
  const part = { cols: ids.map((id) => [Number(id), rows[id].sym, sideOf(rows[id])]), best: best.length };
  Object.entries(CELLS).filter(([factor]) => cuts[factor]).forEach(([factor, cell]) => {
    part[factor] = ids.map((id) => {
      const [text, value] = cell(rows[id]);
      return [text, stepOf(value, cuts[factor])];
    });
  });
  model[`heat:${name}`] = part;
  tell({ part: `heat:${name}`, changed: part, removed: [], full: false });
  return true;
}
