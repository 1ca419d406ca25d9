/**
 * What a person chose of the looks, kept in the browser: zone of times, density of the rows, columns of grids, layers of the
 * chart, which list and which charts are shown. All of it goes out as one file and comes in again. Pure but for the store.
 */

export const FORMAT = "qtrade-display";
const VERSION = 1;
const VALUE_MOST = 20_000, KEYS_MOST = 200;
/** Keys of the browser's store that are choices of the looks; what was seen last, or heard of, is none. */
const OURS = [
  /^qt-columns\./, /^qt-density$/, /^qt-zone$/, /^qt-curves$/,
  /^qt-watchlist$/, /^qt-charts(-sync)?$/, /^_dash_persistence\.symbol-layers\./,
];

/** @typedef {Record<string, string>} Values */

/** @param {string} key */
export const isOurs = (key) => OURS.some((pattern) => pattern.test(key));

/** All that was chosen. @param {Storage} store @returns {Values} */
export function chosen(store) {
  const keys = Array.from({ length: store.length }, (_none, i) => store.key(i) ?? "").filter(isOurs).sort();
  return Object.fromEntries(keys.map((key) => [key, store.getItem(key) ?? ""]));
}

/** The file's text. @param {Values} values */
export function fileText(values) {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, values }, null, 1)}\n`;
}

/**
 * What a file holds; a text says why it is none of ours.
 * @param {string} text
 * @returns {Values | string}
 */
export function fromFile(text) {
  /** @type {any} */
  let read;
  try {
    read = JSON.parse(text);
  } catch {
    return "It is no JSON file.";
  }
  if (!read || read.format !== FORMAT || typeof read.values !== "object" || read.values === null) {
    return "It is no file of display settings that QTrade has written.";
  }
  if (read.version !== VERSION) {
    return `It is of version ${read.version}; this program reads version ${VERSION}.`;
  }
  const entries = Object.entries(read.values).filter(([key]) => isOurs(key));
  if (entries.length > KEYS_MOST || entries.some(([, value]) => typeof value !== "string" || value.length > VALUE_MOST)) {
    return "It holds values that no page writes.";
  }
  return /** @type {Values} */ (Object.fromEntries(entries));
}

/** These choices in the place of those that there are. @param {Storage} store @param {Values} values */
export function replaceAll(store, values) {
  Object.keys(chosen(store)).forEach((key) => store.removeItem(key));
  Object.entries(values).forEach(([key, value]) => store.setItem(key, value));
}
