/**
 * How wide the columns of a grid are. Pure, but for what a person chose, which is kept in the browser.
 *
 * A number is never cut: its column has what its longest value needs. A name is cut only when there is no room. Where not
 * even that is enough, the columns that a page can best do without leave, the last one first.
 */

/**
 * `need` px of the longest value and head; `least` px, what a column of names may be cut to (of numbers: its `need`);
 * `grow` its share of what is left over; `leaves` = may leave for want of room (0 = never, 2 = before those of 1).
 * @typedef {{id: string, need: number, least: number, cut: boolean, grow: number, leaves: number}} Column
 */
/**
 * What a person chose: widths in px; true = hidden, false = shown whatever the room; a sort.
 * @typedef {{width: Record<string, number>, hide: Record<string, boolean>,
 *   sort: {id: string, dir: "asc" | "desc"} | null}} Choice
 */
/** `null` = not shown. @typedef {Record<string, number | null>} Widths */

const LEAST_PX = 40;
const VERSION = 1;

/** @param {Column} column @param {Choice} choice */
function least(column, choice) {
  const chosen = choice.width[column.id];
  if (chosen !== undefined) {
    return Math.max(LEAST_PX, chosen);
  }
  return column.cut ? Math.min(column.least, column.need) : column.need;
}

/** @param {Column[]} columns @param {Choice} choice @param {number} room px */
function shownOf(columns, choice, room) {
  const shown = columns.filter((column) => choice.hide[column.id] !== true);
  const sum = () => shown.reduce((px, column) => px + least(column, choice), 0);
  while (sum() > room) {
    const can = shown.map((column) => (choice.hide[column.id] === false ? 0 : column.leaves));
    const last = can.lastIndexOf(Math.max(1, ...can));
    if (last < 0) {
      break;
    }
    shown.splice(last, 1);
  }
  return shown;
}

/**
 * Widths that fill `room`, each at least what its values need, as far as that is possible.
 * @param {Column[]} columns in the order in which they stand
 * @param {Choice} choice
 * @param {number} room px
 * @returns {Widths}
 */
export function widths(columns, choice, room) {
  const shown = shownOf(columns, choice, room);
  /** @type {Widths} */
  const out = Object.fromEntries(columns.map((column) => [column.id, null]));
  let left = room;
  for (const column of shown) {
    const px = least(column, choice);
    out[column.id] = px;
    left -= px;
  }
  const free = shown.filter((column) => choice.width[column.id] === undefined);
  left = share(out, free, left, (column) => column.need - (out[column.id] ?? 0), (column) => column.need - (out[column.id] ?? 0));
  share(out, free, left, (column) => column.grow, () => Infinity);
  return out;
}

/**
 * Give px away by weight, to each at most so much.
 * @param {Widths} out changed in place
 * @param {Column[]} columns
 * @param {number} px
 * @param {(column: Column) => number} weight
 * @param {(column: Column) => number} most
 * @returns {number} what nobody takes
 */
function share(out, columns, px, weight, most) {
  const weighed = columns.map((column) => ({ id: column.id, weight: weight(column), most: most(column) }))
    .filter((one) => one.weight > 0);
  let whole = weighed.reduce((sum, one) => sum + one.weight, 0);
  let left = Math.max(0, Math.floor(px));
  for (const one of weighed) {
    const part = Math.min(one.most, Math.round((left * one.weight) / whole));
    out[one.id] = (out[one.id] ?? 0) + part;
    left -= part;
    whole -= one.weight;
  }
  return left;
}

/** @returns {Choice} */
export function noChoice() {
  return { width: {}, hide: {}, sort: null };
}

/** What was kept; what is not understood counts as nothing. @param {string | null} text @returns {Choice} */
export function choiceOf(text) {
  try {
    const kept = JSON.parse(text ?? "null");
    if (kept && kept.v === VERSION) {
      return { ...noChoice(), width: { ...kept.width }, hide: { ...kept.hide }, sort: kept.sort || null };
    }
  } catch { /* not ours */ }
  return noChoice();
}

/** @param {Choice} choice */
export function choiceText(choice) {
  return JSON.stringify({ v: VERSION, ...choice });
}
