/** What statements book beside trades: cash and transfers, and what became of options. */
import * as fmt from "../core/format.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";
import { scrolled } from "./journal-lists.mjs";
import { dayText } from "./journal-query.mjs";
import { money, symbol, table } from "./journal-table.mjs";

/** @typedef {import("./journal-table.mjs").Column} Column */
/** @typedef {import("./journal-table.mjs").Row} Row */

/** @param {Row} row */
const day = (row) => dayText(row.day);
/** @param {Row} row */
const named = (row) => (row.sym ? symbol(row) : nothing);

/** @type {Column[]} */
const CASH = [
  { key: "day", head: "Day", cls: "soft", show: day },
  { key: "account", head: "Account", cls: "soft", spare: true },
  { key: "what", head: "What", cls: "qt-jwhat", show: (row) => html`<span title=${row.text || nothing}>${row.what}</span>` },
  { key: "amount", head: "Amount", num: true, show: (row) => money(row.amount, row.amount === null ? "What it was worth is not told" : "") },
  { key: "cur", head: "Currency", cls: "soft" },
  { key: "sym", head: "Symbol", show: named },
  { key: "ex", head: "Ex-date", cls: "soft", spare: true, show: (row) => (row.ex ? dayText(row.ex) : nothing) },
  { key: "base", head: "In the base", num: true, spare: true, show: (row) => html`${money(row.base, row.base === null ? "Its rate is not told" : "")}${
    row.base === null || !row.base_cur ? nothing : html` <span class="qt-unit">${row.base_cur}</span>`}` },
];
/** @type {Column[]} */
const CASH_ASIDE = [{ key: "text", head: "Description" }, { key: "sort", head: "Kind" }, { key: "base_cur", head: "Base currency" }];

/** @type {Column[]} */
const OPTIONS = [
  { key: "day", head: "Day", cls: "soft", show: day },
  { key: "account", head: "Account", cls: "soft", spare: true },
  { key: "what", head: "What" },
  { key: "sym", head: "Contract", show: named },
  { key: "under", head: "Underlying", cls: "soft", spare: true },
  { key: "expiry", head: "Expiry", cls: "soft", spare: true, show: (row) => (row.expiry ? dayText(row.expiry) : nothing) },
  { key: "strike", head: "Strike", num: true, spare: true, show: (row) => fmt.number(row.strike, 2) },
  { key: "right", head: "Right", cls: "soft", spare: true },
  { key: "qty", head: "Quantity", num: true, show: (row) => fmt.quantity(row.qty) },
  { key: "proceeds", head: "Proceeds", num: true, spare: true, show: (row) => money(row.proceeds) },
  { key: "ib", head: "Realised at IB", num: true, show: (row) => money(row.ib, "IB's own figure: of an assignment it counts the premium with the stock") },
  { key: "cur", head: "Currency", cls: "soft", spare: true },
];

/** @param {any} data @param {Column[]} columns */
const shownOf = (data, columns) => columns.filter(({ key }) => key !== "account" || data.filters.account.length > 1);

/** @param {any} data */
export function cash(data) {
  return data.cash.length ? scrolled("Cash", table("jcash", "Cash", shownOf(data, CASH), data.cash, { by: "day", down: true, aside: CASH_ASIDE }))
    : html`<p class="qt-soft qt-jnone">No booking in this choice.</p>`;
}

/** @param {any} data */
export function options(data) {
  return data.options.length ? scrolled("Option events", table("joptions", "Option events", shownOf(data, OPTIONS), data.options, { by: "day", down: true }))
    : html`<p class="qt-soft qt-jnone">No option was assigned, exercised or expired in this choice, as far as statements tell.</p>`;
}
