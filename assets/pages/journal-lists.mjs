/** The journal's plain lists: executions, signals and what became of them, changes of settings; and groups of figures. */
import * as fmt from "../core/format.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";
import { money, symbol, table } from "./journal-table.mjs";

/** @typedef {import("./journal-table.mjs").Column} Column */
/** @typedef {import("./journal-table.mjs").Row} Row */

/** @param {string} label @param {unknown} inner */
export const scrolled = (label, inner) => html`<div class="qt-scroll-x" tabindex="0" role="group" aria-label=${label}>${inner}</div>`;

/** @type {Column[]} */
const EXECUTIONS = [
  { key: "at", head: "Time", time: true, cls: "soft" },
  { key: "account", head: "Account", cls: "soft", spare: true },
  { key: "sym", head: "Symbol", show: symbol },
  { key: "what", head: "What", show: (row) => html`${row.what}${row.state === "in force" ? nothing
    : html` <span class="qt-tag" title="It counts in no sum">${row.state}</span>`}${row.liquidation ? html` <span class="qt-tag">liquidation</span>` : nothing}` },
  { key: "qty", head: "Quantity", num: true, show: (row) => fmt.quantity(row.qty) },
  { key: "price", head: "Price", num: true, show: (row) => html`${fmt.number(row.price, row.dec)}${row.price_pending
    ? html` <span class="qt-soft" title="The exchange may still change it">pending</span>` : nothing}` },
  { key: "value", head: "Value", num: true, spare: true, show: (row) => fmt.number(row.value, 2) },
  { key: "cur", head: "Currency", cls: "soft", spare: true },
  { key: "fee", head: "Commission", num: true, show: (row) => (row.fee === null
    ? html`<span class="qt-soft" title="Its report has not come yet">pending</span>`
    : html`<span title=${row.fee < 0 ? "A rebate" : ""}>${fmt.number(row.fee, 2)}${row.fee_cur === row.cur ? "" : ` ${row.fee_cur}`}</span>`) },
  { key: "ib", head: "Realised at IB", num: true, spare: true, show: (row) => money(row.ib, "IB's own figure: a check, never the source of ours") },
  { key: "day", head: "Trade date", cls: "soft", spare: true },
  { key: "venue", head: "Exchange", cls: "soft", spare: true },
  { key: "source", head: "Source", cls: "soft", spare: true },
];
/** @type {Column[]} */
const EXECUTIONS_ASIDE = [
  { key: "taxes", head: "Taxes", num: true }, { key: "fee_cur", head: "Commission currency" }, { key: "order", head: "Order" },
  { key: "ref", head: "Order reference" }, { key: "id", head: "Execution id" }, { key: "state", head: "State" },
];

/** @param {any} data */
export function executions(data) {
  const shown = EXECUTIONS.filter(({ key }) => key !== "account" || data.filters.account.length > 1);
  return scrolled("Executions", table("executions", "Executions", shown, data.executions, { by: "at", aside: EXECUTIONS_ASIDE }));
}

/** @param {string} key @param {string} head @returns {Column} */
const move = (key, head) => ({ key, head, num: true, unit: "ATR", spare: key !== "m30", show: (row) => money(row[key]) });

/** @type {Column[]} */
const SIGNALS = [
  { key: "at", head: "Time", time: true, cls: "soft" },
  { key: "sym", head: "Symbol", show: symbol },
  { key: "side", head: "Side", show: (row) => (row.side === "long" ? `${fmt.UP} long` : `${fmt.DOWN} short`) },
  { key: "score", head: "Score", num: true, show: (row) => fmt.number(row.score, 2) },
  { key: "scans", head: "In scans", cls: "soft", spare: true },
  { key: "taken", head: "Taken", show: (row) => (row.after === null ? html`<span class="qt-soft" title=${row.why || nothing}>${row.taken}</span>`
    : html`<b title=${row.why}>${row.taken}</b>`) },
  { key: "after", head: "After", num: true, unit: "s", spare: true, show: (row) => fmt.held(row.after) },
  { key: "net", head: "Net of the trade", num: true, spare: true, show: (row) => (row.net === null ? fmt.MISSING : html`${money(row.net)} ${row.cur}`) },
  move("m5", "5 min"), move("m15", "15 min"), move("m30", "30 min"), move("m60", "60 min"),
];

/** @type {Column[]} */
const WORTH = [
  { key: "name", head: "Group", value: (row) => row.order, show: (row) => row.name },
  { key: "n", head: "Signals", num: true, show: (row) => fmt.number(row.n) },
  { key: "taken", head: "Taken", num: true, show: (row) => fmt.number(row.taken) },
  { key: "m30", head: "Median, 30 min", num: true, unit: "ATR", show: (row) => money(row.m30) },
  { key: "m30_taken", head: "Taken", num: true, unit: "ATR", spare: true, show: (row) => money(row.m30_taken) },
  { key: "m30_left", head: "Not taken", num: true, unit: "ATR", spare: true, show: (row) => money(row.m30_left) },
  { key: "won", head: "Above 0", num: true, unit: "%", show: (row) => html`<span title=${few(row.n)}>${fmt.share(row.won, 0)}</span>` },
  { key: "net", head: "Net of trades", num: true, spare: true, show: (row) => money(row.net) },
];

/** @param {number} n */
const few = (n) => (n < 20 ? `n = ${n}: too few to mean much` : "");

/** @param {any} data */
export const signals = (data) => scrolled("Signals", table("jsignals", "Signals", SIGNALS, data.signals, { by: "at" }));

/** @param {any} data @param {"score" | "scan"} by */
export function worth(data, by) {
  const caption = by === "score" ? "Signals by score" : "Signals by scan";
  return scrolled(caption, table(`worth-${by}`, caption, WORTH, data.groups[by], { by: by === "score" ? "name" : "n" }));
}

/** @type {Column[]} */
const CHANGES = [
  { key: "at", head: "Time", time: true, cls: "soft" },
  { key: "name", head: "Setting" },
  { key: "old", head: "From", cls: "qt-jvalue" },
  { key: "new", head: "To", cls: "qt-jvalue" },
  { key: "who", head: "By", cls: "soft", spare: true },
  { key: "reverted", head: "Taken back", cls: "soft", spare: true, show: (row) => row.reverted || nothing },
];

/** @param {any} data */
export const changes = (data) => scrolled("Setting changes", table("jchanges", "Setting changes", CHANGES, data.changes, { by: "at" }));

/** @param {string} currency @returns {Column[]} */
function groupColumns(currency) {
  return [
    { key: "name", head: "Group", value: (row) => row.order ?? row.name, show: (row) => row.name },
    { key: "n", head: "Trips", num: true, show: (row) => fmt.number(row.n) },
    { key: "wins", head: "Won", num: true, spare: true },
    { key: "losses", head: "Lost", num: true, spare: true },
    { key: "rate", head: "Win rate", num: true, unit: "%", show: (row) => html`<span title=${few(row.n)}>${fmt.share(row.rate, 0)}</span>` },
    { key: "net", head: `Net, ${currency}`, num: true, show: (row) => money(row.net) },
    { key: "mean", head: "Expectancy", num: true, unit: currency, show: (row) => money(row.mean, few(row.n)) },
    { key: "pf", head: "Profit factor", num: true, spare: true,
      show: (row) => (row.pf === null ? html`<span data-tone="missing" title=${row.pf_why}>${fmt.MISSING}</span>` : fmt.number(row.pf, 2)) },
    { key: "r", head: "Mean R", num: true, spare: true, show: (row) => (row.r === null ? fmt.MISSING : fmt.signed(row.r, 2)) },
  ];
}

/** @param {any} data @param {string} by @param {string} caption */
export function group(data, by, caption) {
  const rows = data.groups[by];
  return rows.length ? scrolled(caption, table(`group-${by}`, caption, groupColumns(data.money.currency), rows, {
    by: by === "hour" || by === "weekday" ? "name" : "net" })) : html`<p class="qt-soft qt-jnone">${
    by === "tag" ? "No trade has a tag yet. Open a trade to give it one." : "Nothing closed in this choice."}</p>`;
}

/** Headline figures, each with what it is of. @param {any} data */
export function figures(data) {
  return html`<div class="qt-jtiles">${data.figures.map((/** @type {any} */ tile) => html`<div class="qt-jtile" title=${tile.title || nothing}>
    <div class="qt-label">${tile.label}</div><div class="qt-figure" data-tone=${tile.tone || nothing}>${tile.value}</div>
    <div class="qt-note">${tile.note}</div></div>`)}</div>${data.lacks ? html`<p class="qt-soft qt-jnone">${data.lacks}</p>` : nothing}`;
}
