/**
 * Save the tables of a card as CSV or Excel: what is in sight of them, filtered and sorted as it stands, goes to the server,
 * which makes the file (app/export_route.py). Grids say by `saved` of their columns what a cell holds, light tables have
 * their values in the model, any other table says what it shows, or by `data-value` of a cell what that is.
 */
import { market, now } from "./clock.mjs";
import { all, within } from "./dom.mjs";
import { eachGrid } from "./grid.mjs";
import { model } from "./model.mjs";
import { toast } from "./toast.mjs";
import { shownOf } from "./values.mjs";
import { EXPORT_PATH, LINE_CLASSES } from "./wire.mjs";

/** @typedef {null | number | string | boolean | {at: number}} Value */
/** @typedef {{head: string, kind: string, unit: string}} Head */
/** @typedef {{title: string, columns: Head[], rows: Value[][]}} Table */

/** As app/components/saved.py declares it: head, field, kind, unit. @typedef {[string, string, string, string]} Part */

const NUMBERS = new Set(["number", "age"]);

/** @param {Element} element */
const isSeen = (element) => element.getClientRects().length > 0;

/* ---- grids ---- */
/** @type {Record<string, (row: import("./cells.mjs").Row, field: string) => Value>} */
const KINDS = {
  time: (row, field) => (row[field] ? { at: row[field] } : null),
  wall: (row, field) => (row[field] ? { at: market(row[field]) } : null),
  age: (row, field) => (row[field] ? Math.max(0, Math.round((now() - row[field]) * 10) / 10) : null),
  side: (row, field) => (row[field] ? "short" : "long"),
  lane: (row, field) => (row.state === "live" ? row[field] : row.state),
  class: (row, field) => LINE_CLASSES[row[field]] ?? row[field] ?? null,
};

/** @param {any} value @returns {Value} */
function plain(value) {
  return Array.isArray(value) ? value.join(", ") : value ?? null;
}

/** @param {import("./grid.mjs").Grid} grid @param {string} title @returns {Table} */
function ofGrid(grid, title) {
  /** @type {Part[]} */
  const parts = grid.api.getColumns().flatMap((/** @type {any} */ column) => column.getColDef().context?.saved ?? []);
  /** @type {Value[][]} */
  const rows = [];
  grid.api.forEachNodeAfterFilterAndSort((/** @type {any} */ node) => {
    rows.push(parts.map(([, field, kind]) => (KINDS[kind] ? KINDS[kind](node.data, field) : plain(node.data[field]))));
  });
  return { title, rows, columns: parts.map(([head, , kind, unit]) => ({ head, kind: NUMBERS.has(kind) ? "number" : "text", unit })) };
}

/* ---- tables ---- */
/** A value of the feed (core/values.mjs). @param {any} value @returns {Value} */
function ofFeed(value) {
  if (value && typeof value === "object" && !Array.isArray(value)) {
    if (value.clock && !value.text) {
      return { at: value.at };
    }
    if (value.score !== undefined) {
      return value.score;
    }
    if (value.sym) {
      return (value.text ?? "{sym}").replace("{sym}", value.sym);
    }
  }
  if (Array.isArray(value) && typeof value[0] === "number") {
    return value[0];
  }
  return value === null || value === undefined ? null : shownOf(value).text;
}

/** @param {HTMLElement} cell @returns {Value} */
function ofCell(cell) {
  const { value, at } = cell.dataset;
  if (at) {
    return { at: Number(at) };
  }
  if (value !== undefined) {
    return value !== "" && Number.isFinite(Number(value)) && cell.classList.contains("num") ? Number(value) : value;
  }
  return (cell.innerText || cell.textContent || "").replace(/\s+/g, " ").trim();
}

/** @param {HTMLTableElement} table @param {string} title @returns {Table} */
function ofTable(table, title) {
  const heads = all(table, "thead tr:last-child > *"), body = table.querySelector("tbody[data-qt-rows]");
  const values = body instanceof HTMLElement ? model[`rows:${body.dataset.qtRows}`] ?? {} : null;
  const lines = /** @type {HTMLTableRowElement[]} */ (all(table, "tbody > tr")).filter((line) => isSeen(line) && !("aside" in line.dataset));
  const rows = lines.map((line) => {
    const row = values?.[line.dataset.id ?? ""];
    return Array.from(line.cells).map((cell, i) => (row ? ofFeed(row[heads[i]?.dataset.col ?? ""]) : ofCell(cell)));
  });
  const width = Math.max(heads.length, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_each, i) => {
    const head = heads[i], cells = lines.map((line) => line.cells[i]).filter(Boolean);
    const isNumber = head?.classList.contains("num") || cells.some((cell) => cell.classList.contains("num"));
    return { head: (head?.textContent ?? "").trim(), kind: isNumber ? "number" : "text", unit: head?.dataset.unit ?? "" };
  });
  const kept = columns.map((_column, i) => heads[i]?.dataset.as !== "icon" && heads[i]?.dataset.save !== "no");
  return {
    title: table.caption?.textContent?.trim() || title,
    columns: columns.filter((_column, i) => kept[i]),
    rows: rows.map((row) => columns.map((_column, i) => row[i] ?? null).filter((_value, i) => kept[i])),
  };
}

/** Tables that are not shown whole, by `data-saves`. @type {Map<string, () => Table>} */
const wholes = new Map();

/** What is saved of the table <table data-saves="name">. @param {string} name @param {() => Table} fn */
export function saves(name, fn) {
  wholes.set(name, fn);
}

/** All tables of a card that are in sight. @param {HTMLElement} card @returns {Table[]} */
export function tablesOf(card) {
  const title = card.querySelector("h2")?.textContent ?? "Table";
  /** @type {Table[]} */
  const found = [];
  eachGrid(null, (grid) => {
    if (card.contains(grid.wrapper) && isSeen(grid.wrapper)) {
      found.push(ofGrid(grid, title));
    }
  });
  for (const table of all(card, "table")) {
    const isWithin = table.closest(".qt-grid, .qt-menu") || table.parentElement?.closest("table");   // of an open row
    if (table instanceof HTMLTableElement && isSeen(table) && !isWithin) {
      const whole = wholes.get(table.dataset.saves ?? "");
      found.push(whole ? whole() : ofTable(table, title));
    }
  }
  return found;
}

/* ---- the file ---- */
/** Hand a file that the server made to the person. @param {Response} response */
export async function keep(response) {
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name ? decodeURIComponent(name[1]) : "qtrade";
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {HTMLElement} card @param {string} format "csv" or "xlsx" */
async function save(card, format) {
  const name = card.getAttribute("aria-label") ?? "Table", tables = tablesOf(card);
  if (!tables.some((table) => table.rows.length)) {
    toast({ kind: "info", title: name, text: "There is no row to save yet." });
    return;
  }
  try {
    const response = await fetch(EXPORT_PATH, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name, format, tables }),
    });
    if (!response.ok) {
      throw new Error((await response.json()).error);
    }
    await keep(response);
  } catch (problem) {
    toast({ kind: "error", title: `${name} was not saved`, text: problem instanceof Error ? problem.message : "No answer." });
  }
}

document.addEventListener("click", (event) => {
  const item = within(event, "[data-save]"), card = item?.closest(".qt-card");
  if (item instanceof HTMLButtonElement && card instanceof HTMLElement) {
    item.closest(".qt-menu")?.toggleAttribute("hidden", true);
    document.querySelector(`[data-menu="${item.closest(".qt-menu")?.id}"]`)?.setAttribute("aria-expanded", "false");
    void save(card, item.dataset.save ?? "csv");
  }
});
