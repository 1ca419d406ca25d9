/**
 * What was typed for a symbol's size, kept through a reload: its side, entry and stop are the symbol's own. Pure: texts of the
 * browser's store in, texts out.
 */

/** What is typed stays text. @typedef {{side: "long" | "short", entry: string, price: string, level: string}} Own */

const SYMBOLS_MOST = 50, LONG_MOST = 60;
/** @type {Own} */
const NONE = { side: "long", entry: "", price: "", level: "" };

/** @param {string | null} kept @returns {Array<[con: number, own: Own]>} the one typed last at the end; damaged ones left out */
function entriesOf(kept) {
  let read;
  try {
    read = JSON.parse(kept ?? "[]");
  } catch {
    return [];
  }
  return (Array.isArray(read) ? read : []).flatMap((entry) => {
    const [con, own] = Array.isArray(entry) ? entry : [], words = own && [own.entry, own.price, own.level];
    const isFit = Number.isInteger(con) && words?.every((/** @type {unknown} */ word) => typeof word === "string" && word.length <= LONG_MOST);
    return isFit ? [[con, { side: own.side === "short" ? "short" : "long", entry: own.entry, price: own.price, level: own.level }]] : [];
  });
}

/** What was typed for a contract. @param {string | null} kept @param {number} con @returns {Own} */
export function ownOf(kept, con) {
  return entriesOf(kept).find(([each]) => each === con)?.[1] ?? NONE;
}

/** With what is typed for a contract now; the symbols of long ago go. @param {string | null} kept @param {number} con @param {Own} own */
export function withOwn(kept, con, { side, entry, price, level }) {
  const others = entriesOf(kept).filter(([each]) => each !== con), isNone = side === NONE.side && !entry && !price && !level;
  return JSON.stringify([...others, ...(isNone ? [] : [[con, { side, entry, price, level }]])].slice(-SYMBOLS_MOST));
}
