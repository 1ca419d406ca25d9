/** The journal's tables: sorted by a click on a head, the newest first at first, some hundred rows until more are asked for. */
import * as clock from "../core/clock.mjs";
import * as fmt from "../core/format.mjs";
import { saves } from "../core/save.mjs";
import { nameOf } from "../core/values.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";

/** @typedef {Record<string, any>} Row with an `id` */
/**
 * `value` is what it is sorted by and what is saved of it; `show` what stands there, else the value; `unit` of its numbers;
 * `spare` = leaves on a narrow screen; `save` = its head in a file where that is another one.
 * @typedef {{key: string, head: string, save?: string, num?: boolean, unit?: string, cls?: string, spare?: boolean,
 *   time?: boolean, value?: (row: Row) => any, show?: (row: Row) => unknown}} Column
 */
/** @typedef {{by: string, down: boolean, most: number}} View */

const MOST = 100;
/** @type {Map<string, View>} */
const views = new Map();
let redraw = () => {};

/** Called when a table wants to be drawn anew. @param {() => void} fn */
export function onSorted(fn) {
  redraw = fn;
}

/** @param {Column | undefined} column whether its greatest comes first */
const isDown = (column) => Boolean(column?.num || column?.time);

/** @param {string} name @param {string} by @param {Column[]} columns @param {boolean} [down] @returns {View} */
function viewOf(name, by, columns, down) {
  const known = views.get(name) ?? { by, down: down ?? isDown(columns.find(({ key }) => key === by)), most: MOST };
  views.set(name, known);
  return known;
}

/** @param {Column} column @param {Row} row */
const valueOf = (column, row) => (column.value ? column.value(row) : row[column.key]) ?? null;

/** Missing values last, whichever way. @param {Row[]} rows @param {Column} column @param {boolean} down */
export function sorted(rows, column, down) {
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const one = valueOf(column, a), other = valueOf(column, b);
    if (one === null || other === null) {
      return one === other ? 0 : one === null ? 1 : -1;
    }
    return sign * (typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other)));
  });
}

/** @param {Column} column @param {Row} row */
function shown(column, row) {
  if (column.show) {
    return column.show(row);
  }
  const value = valueOf(column, row);
  if (value === null || value === "") {
    return html`<span data-tone="missing">${fmt.MISSING}</span>`;
  }
  return column.time ? whenText(value) : value;
}

/** "10 Nov 2025 09:31:05". @param {number} at UTC epoch seconds of the market's clock */
export function whenText(at) {
  return `${clock.clockText(at, "date")} ${clock.clockText(at, "hms")}`;
}

/** @param {Row} row */
export function symbol(row) {
  return row.con ? html`<a href="/symbol/${row.con}" class="qt-sym" title=${row.sym}>${nameOf(row.sym)}</a>`
    : html`<b class="qt-sym">${row.sym ?? fmt.MISSING}</b>`;
}

/** Money with its sign. @param {number | null | undefined} value @param {string} [title] @param {number} [decimals] */
export function money(value, title, decimals = 2) {
  return html`<span data-tone=${fmt.isMissing(value) ? "missing" : fmt.tone(value, decimals)}
    title=${title || nothing}>${fmt.signed(value, decimals)}</span>`;
}

/**
 * @param {string} name of its view and of what is saved
 * @param {string} caption
 * @param {Column[]} columns
 * @param {Row[]} rows
 * @param {{by: string, down?: boolean, below?: (row: Row) => unknown, cls?: string, aside?: Column[]}} more `by` = sorted by
 *   that at first, `down` = its greatest first whatever it is; `below` = what stands under an open row; `aside` = columns
 *   that are saved, but not shown
 */
export function table(name, caption, columns, rows, { by, down, below, cls = "", aside = [] }) {
  const view = viewOf(name, by, columns, down), column = columns.find(({ key }) => key === view.by) ?? columns[0];
  const inOrder = sorted(rows, column, view.down), seen = inOrder.slice(0, view.most), all = [...columns, ...aside];
  saves(name, () => ({
    title: caption,
    columns: all.map(({ head, save, num, unit }) => ({ head: save ?? head, kind: num ? "number" : "text", unit: unit ?? "" })),
    rows: inOrder.map((row) => all.map((each) => {
      const value = valueOf(each, row);
      return each.time && value !== null ? { at: value } : Array.isArray(value) ? value.join(", ") : value;
    })),
  }));
  const sort = (/** @type {Column} */ each) => {
    Object.assign(view, view.by === each.key ? { down: !view.down } : { by: each.key, down: isDown(each) });
    redraw();
  };
  const more = () => {
    view.most += MOST * 2;
    redraw();
  };
  return html`<table class="qt-table qt-jtable ${cls}" data-saves=${name}><caption class="visually-hidden">${caption}</caption>
    <thead><tr>${columns.map((each) => html`<th scope="col" class=${classOf(each)}
      aria-sort=${each.key === column.key ? (view.down ? "descending" : "ascending") : "none"}><button type="button" class="qt-sort"
      @click=${() => sort(each)}>${each.head}${each.key === column.key ? html`<i aria-hidden="true">${view.down ? " ↓" : " ↑"}</i>` : nothing}</button></th>`)}</tr></thead>
    <tbody>${seen.map((row) => html`<tr data-id=${row.id}>${columns.map((each) =>
      html`<td class=${classOf(each)}>${shown(each, row)}</td>`)}</tr>${below ? below(row) : nothing}`)}</tbody></table>
    ${inOrder.length > seen.length ? html`<button type="button" class="qt-button qt-button-small qt-jmore" @click=${more}>Show more:
      ${fmt.number(inOrder.length - seen.length)} rows are not drawn</button>` : nothing}`;
}

/** @param {Column} column */
const classOf = (column) => [column.num ? "num" : "", column.cls ?? "", column.spare ? "qt-spare" : ""].filter(Boolean).join(" ");
