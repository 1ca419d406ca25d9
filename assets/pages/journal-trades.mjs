/** The journal's trades: round trips, flat to flat; an open row shows its legs, its note, its tags and its stop. */
import * as fmt from "../core/format.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";
import { dayText } from "./journal-query.mjs";
import { money, symbol, table, whenText } from "./journal-table.mjs";

/** @typedef {import("./journal-table.mjs").Row} Row */
/** @typedef {import("./journal-table.mjs").Column} Column */

/** Trips whose legs are shown. @type {Set<string>} */
const open = new Set();

/** @param {Row} row */
const decimalsOf = (row) => row.dec ?? 2;

/** @param {string | null} id @param {() => void} redraw */
function turn(id, redraw) {
  if (id !== null && !open.delete(id)) {
    open.add(id);
  }
  redraw();
}

/** @param {Row} row */
const rollTag = (row) => (row.campaign ? "rolled" : row.rolls.some((/** @type {any} */ roll) => roll.joined === null) ? "roll?" : "");

/** What is not ordinary about a trip. @param {Row} row */
function outcome(row) {
  return html`${rollTag(row) ? html`<span class="qt-tag" title="A futures month closed and the next one opened: open the trade">${rollTag(row)}</span>` : nothing}${row.state === "open" ? html`<span class="qt-tag">open</span>` : nothing}${
    row.before ? html`<span class="qt-tag" title="Its beginning is not in the journal">opened before</span>` : nothing}${
    row.pending ? html`<span class="qt-tag" title="A commission has not been reported yet">fee pending</span>` : nothing}`;
}

/** Money of a trade; one that is not of the table's currency says its own. @param {Row} row @param {number | null} value @param {string} currency */
const of = (row, value, currency) => html`${money(value, row.lacks)}${row.money !== currency && value !== null
  ? html` <span class="qt-unit">${row.money}</span>` : nothing}`;

/** @param {string} currency @param {() => void} redraw @returns {Column[]} */
function columns(currency, redraw) {
  return [
    { key: "sym", head: "Symbol", show: (row) => html`<button type="button" class="qt-jopen bi bi-chevron-${open.has(row.id) ? "down" : "right"}"
      aria-expanded=${String(open.has(row.id))} aria-label=${`Executions of ${row.sym}`} data-jtrip=${row.id}
      @click=${() => turn(row.id, redraw)}></button>${symbol(row)}` },
    { key: "account", head: "Account", cls: "soft", spare: true },
    { key: "side", head: "Side", show: (row) => (row.side === "long" ? `${fmt.UP} long` : `${fmt.DOWN} short`) },
    { key: "opened", head: "Opened", time: true, cls: "soft", spare: true },
    { key: "closed", head: "Closed", time: true, cls: "soft", spare: true,
      show: (row) => (row.closed === null ? html`<span class="qt-soft">${fmt.MISSING}</span>` : whenText(row.closed)) },
    { key: "held", head: "Held", num: true, unit: "s", spare: true, show: (row) => fmt.held(row.held) },
    { key: "qty", head: "Quantity", num: true, spare: true, show: (row) => fmt.quantity(row.qty) },
    { key: "entry", head: "Entry", num: true, spare: true, show: (row) => fmt.number(row.entry, decimalsOf(row)) },
    { key: "exit", head: "Exit", num: true, spare: true, show: (row) => fmt.number(row.exit, decimalsOf(row)) },
    { key: "gross", head: `Gross, ${currency}`, save: "Gross", num: true, spare: true, show: (row) => of(row, row.gross, currency) },
    { key: "fees", head: "Fees", num: true, spare: true, show: (row) => fmt.number(row.fees, 2) },
    { key: "net", head: `Net, ${currency}`, save: "Net", num: true, show: (row) => of(row, row.net, currency) },
    { key: "mae", head: "MAE", num: true, spare: true, show: (row) => money(row.mae, row.went_why || "The most that it was behind, before fees") },
    { key: "mfe", head: "MFE", num: true, spare: true, show: (row) => money(row.mfe, row.went_why || "The most that it was ahead, before fees") },
    { key: "ib", head: "IB differs", num: true, spare: true,
      show: (row) => html`<span class=${row.ib_tone ? "" : "qt-soft"} data-tone=${row.ib_tone || nothing} title=${row.ib_why}>${
        row.ib === 0 ? "agrees" : fmt.signed(row.ib, 2)}</span>` },
    { key: "r", head: "R", num: true, spare: true,
      show: (row) => (row.r === null ? html`<span data-tone="missing" title="No stop was noted">${fmt.MISSING}</span>` : fmt.signed(row.r, 2)) },
    { key: "tags", head: "Tags", show: (row) => html`<span class="qt-tags">${outcome(row)}${
      row.tags.map((/** @type {string} */ tag) => html`<span class="qt-tag">${tag}</span>`)}${
      row.note ? html`<i class="bi bi-pencil-fill" title=${row.note} role="img" aria-label="has a note"></i>` : nothing}</span>` },
  ];
}

/** What goes into the file beside what is shown. @type {Column[]} */
const ASIDE = [
  { key: "money", head: "Money in" }, { key: "cur", head: "Currency of the contract" }, { key: "state", head: "State" }, { key: "day", head: "Trade date of the last close" },
  { key: "note", head: "Note" }, { key: "source", head: "Source" },
];

const LEGS = ["Time", "What", "Quantity", "Price", "Gross", "Fees", "Source", "Execution id"];

/** @param {Row} row */
function legs(row) {
  return html`<table class="qt-table qt-jlegs"><caption class="visually-hidden">Executions of ${row.sym}</caption><thead><tr>${
    LEGS.map((head, i) => html`<th scope="col" class=${i > 1 && i < 6 ? "num" : ""}>${head}</th>`)}</tr></thead>
    <tbody>${row.legs.map((/** @type {any} */ leg) => html`<tr><td data-at=${leg.at}>${whenText(leg.at)}</td><td>${leg.what}${
      leg.split ? html` <span class="qt-soft" title="This execution closed one trip and opened the next">part of ${fmt.quantity(leg.split)}</span>` : nothing}</td>
      <td class="num">${fmt.quantity(leg.qty)}</td><td class="num">${fmt.number(leg.price, decimalsOf(row))}</td><td class="num">${
      leg.gross === null ? "" : money(leg.gross)}</td><td class="num">${leg.fee === null
      ? html`<span class="qt-soft">pending</span>` : html`${fmt.number(leg.fee, 2)}${leg.fee_cur === row.cur ? "" : ` ${leg.fee_cur}`}`}</td>
      <td class="soft">${leg.source}</td><td class="soft qt-jid">${leg.id}</td></tr>`)}</tbody></table>`;
}

/** @param {Row} row @param {(roll: any, joined: boolean) => void} join */
function rolls(row, join) {
  return row.rolls.map((/** @type {any} */ roll) => html`<p class="qt-jroll"><span>${roll.into ? "Rolled into" : "Rolled from"} <b>${roll.name}</b>${
    roll.joined === null ? "?" : roll.joined ? ": one campaign." : ": two trades."}</span>
    ${roll.joined === true ? nothing : html`<button type="button" class="qt-button qt-button-small" @click=${() => join(roll, true)}>One campaign</button>`}
    ${roll.joined === false ? nothing : html`<button type="button" class="qt-button qt-button-small qt-button-quiet" @click=${() => join(roll, false)}>Two trades</button>`}</p>`);
}

/** What belongs to an open row beside its executions. @param {Row} row @param {(roll: any, joined: boolean) => void} join */
function facts(row, join) {
  const cost = row.ib_cost, whole = row.campaign;
  return html`${row.story ? html`<p class="qt-soft">${row.story}</p>` : nothing}${rolls(row, join)}${
    whole ? html`<p class="qt-soft">Campaign of ${whole.n} trades (${whole.names.join(", ")}): net ${money(whole.net)} ${whole.cur}.</p>` : nothing}${
    cost ? html`<p class="qt-soft">IB's average cost: ${fmt.number(cost.price, decimalsOf(row))} for ${fmt.quantity(cost.qty)} at the end of ${dayText(cost.day)}${
      cost.same ? "" : ", another quantity than is held now"}; lots here go first in, first out.</p>` : nothing}`;
}

/**
 * @param {any} data
 * @param {() => void} redraw
 * @param {(row: Row) => unknown} note the form of a trip's note, tags and stop
 * @param {(roll: any, joined: boolean) => void} join two trades of a roll, for one campaign or for two
 */
export function trades(data, redraw, note, join) {
  const shown = columns(data.money.currency, redraw).filter(({ key }) => key !== "account" || data.filters.account.length > 1);
  const below = (/** @type {Row} */ row) => (open.has(row.id) ? html`<tr data-aside="1" class="qt-jbelow"><td colspan=${shown.length}>
    ${facts(row, join)}<div class="qt-scroll-x" tabindex="0" role="group" aria-label=${
    `Executions of ${row.sym}`}>${legs(row)}</div>${note(row)}</td></tr>` : nothing);
  return html`<div class="qt-scroll-x" tabindex="0" role="group" aria-label="Trades">${
    table("trades", "Trades", shown, data.trades, { by: "opened", below, cls: "qt-jtrades", aside: ASIDE })}</div>`;
}
