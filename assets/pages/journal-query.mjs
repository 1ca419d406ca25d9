/** What of the journal is chosen, as the address says it: "?account=..&symbol=AAPL&from=2025-11-03#trades". Pure. */
import * as fmt from "../core/format.mjs";

/** The filters, in the order of the bar; each is a text, "" = all. */
export const FILTERS = /** @type {const} */ (["account", "from", "to", "symbol", "side", "tag", "source", "currency"]);
/** What else of a view is chosen: the month that is shown, the day that is open. */
export const PLACES = /** @type {const} */ (["month", "day"]);

/** @param {URLSearchParams} words @returns {Record<string, string>} what is known here, and chosen */
export function chosenOf(words) {
  /** @type {Record<string, string>} */
  const out = {};
  for (const name of [...FILTERS, ...PLACES]) {
    const value = (words.get(name) ?? "").trim();
    if (value) {
      out[name] = value;
    }
  }
  return out;
}

/** @param {Record<string, string>} chosen @param {Record<string, string | null>} changes null or "" = all @returns {URLSearchParams} */
export function wordsOf(chosen, changes = {}) {
  const words = new URLSearchParams();
  for (const name of [...FILTERS, ...PLACES]) {
    const value = name in changes ? changes[name] : chosen[name];
    if (value) {
      words.set(name, value);
    }
  }
  return words;
}

/** How many filters are set. @param {Record<string, string>} chosen */
export const countOf = (chosen) => FILTERS.filter((name) => chosen[name]).length;

/** "2025-11" some months on. @param {string} month @param {number} by */
export function monthOn(month, by) {
  const [year, number] = month.split("-").map(Number), at = new Date(Date.UTC(year, number - 1 + by, 1));
  return at.toISOString().slice(0, 7);
}

/** "Mon 10 Nov 2025" of "2025-11-10". @param {string} day */
export function dayText(day) {
  const at = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(at.getTime())) {
    return day;
  }
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric",
  }).format(at).replace(",", "");
}

/** "November 2025" of "2025-11". @param {string} month */
export function monthText(month) {
  const at = new Date(`${month}-01T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? month
    : new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", month: "long", year: "numeric" }).format(at);
}

/** As a phone's cell has room for it: "−2,672", "+12.3k", "−1.25M". @param {number | null} net */
export function shortNet(net) {
  const size = net === null ? 0 : Math.abs(net);
  if (net === null || size < 9_999.5) {
    return fmt.signed(net, 0);
  }
  const [unit, word] = size < 999_500 ? [1e3, "k"] : [1e6, "M"], digits = size / unit;
  return `${fmt.signed(net / unit, digits < 9.995 ? 2 : digits < 99.95 ? 1 : 0)}${word}`;
}
