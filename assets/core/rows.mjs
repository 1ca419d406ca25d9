/**
 * Light tables and lists: keyed rows whose cells are filled in place, never rebuilt.
 * <tbody data-qt-rows="signals"> in a <table> whose <th data-col="key" data-as="text|score|icon|prose"> say the columns; the
 * part is "rows:signals": {id: {order, key: value}}. data-qt-most limits the rows shown.
 */
import { adoptAll } from "./bind.mjs";
import { all, make, putInOrder, setData } from "./dom.mjs";
import { model, onPart } from "./model.mjs";
import { fill } from "./values.mjs";

/** @typedef {(cell: HTMLElement, value: any) => void} Painter */
/** @typedef {{key: string, paint: Painter, cls: string}} Column */
/** @typedef {{columns: Column[], rows: Map<string, HTMLTableRowElement>, orders: WeakMap<Element, number>}} Table */

/** By name, each of its bodies. @type {Map<string, Map<HTMLElement, Table>>} */
const tables = new Map();
/** @type {Record<string, string>} */
const ICONS = {
  signal: "lightning-charge", ended: "arrow-return-left", refused: "slash-circle", fill: "arrow-left-right",
  info: "info-circle", warning: "exclamation-triangle", error: "x-circle", enter: "arrow-right", leave: "arrow-left",
  pass: "check-lg", fail: "x-lg", unknown: "question-lg", up: "triangle-fill", down: "caret-down-fill", ring: "circle",
  held: "briefcase", session: "clock",
};

/** How a cell shows its value, by data-as. @type {Record<string, Painter>} */
export const painters = {
  text: fill,
  prose: fill,
  /* [icon, tone] */
  icon(cell, value) {
    const [name, tone] = value || ["", ""], icon = /** @type {HTMLElement} */ (cell.firstElementChild ?? make("i"));
    if (!icon.parentElement) {
      icon.setAttribute("role", "img");
      cell.append(icon);
    }
    icon.className = `qt-icon bi bi-${ICONS[name] || "dot"}`;
    setData(icon, "tone", tone || "");
    icon.setAttribute("aria-label", name || "");
  },
  /* {score, bars: [distance %, volume %]}, or any other value as text without bars */
  score(cell, value) {
    if (!cell.firstChild) {
      const pair = make("span", "qt-bars");
      pair.title = "distance above, volume below";
      pair.append(make("i"), make("i"));
      cell.append(make("span"), pair);
    }
    const [text, bars] = all(cell, ":scope > *"), shares = value?.bars;
    fill(text, shares ? value.score : value);
    bars.hidden = !shares;
    if (shares) {
      all(bars, "i").forEach((bar, i) => { bar.style.width = `${shares[i]}%`; });
    }
  },
};

/** @param {HTMLElement} body @returns {Column[]} */
function columnsOf(body) {
  const table = /** @type {HTMLTableElement} */ (body.closest("table"));
  return all(table, "th[data-col]").map((th) =>
    ({ key: th.dataset.col ?? "", paint: painters[th.dataset.as ?? ""] ?? fill, cls: th.className }));
}

/** @param {string} id @param {Column[]} columns */
function newRow(id, columns) {
  const row = make("tr");
  row.dataset.id = id;
  row.append(...columns.map(({ cls }) => make("td", cls)));
  return row;
}

/** @param {HTMLElement} body @param {Table} table */
function sortRows(body, { orders }) {
  const rows = /** @type {HTMLElement[]} */ (Array.from(body.children));
  const isHeld = rows.length > 1 && body.matches(":hover");   // rows do not change places under the pointer
  const sorted = isHeld ? rows : [...rows].sort((a, b) => (orders.get(a) ?? 0) - (orders.get(b) ?? 0));
  if (sorted.some((row, i) => row !== rows[i])) {
    putInOrder(body, sorted);
  }
  const most = Number(body.dataset.qtMost || 1e9);
  sorted.forEach((row, i) => {
    if (row.hidden !== i >= most) {
      row.hidden = i >= most;
    }
  });
}

/** @param {HTMLElement} body @param {Table} table @param {string[]} ids those that have changed */
function draw(body, table, ids) {
  const values = model[`rows:${body.dataset.qtRows}`] ?? {}, { columns, rows, orders } = table;
  for (const id of ids) {
    const known = rows.get(id), value = values[id];
    if (!value) {
      known?.remove();
      rows.delete(id);
      continue;
    }
    const row = known ?? newRow(id, columns);
    if (!known) {
      rows.set(id, row);
      body.append(row);
    }
    orders.set(row, value.order || 0);
    columns.forEach(({ key, paint }, i) => paint(row.cells[i], value[key]));
  }
  sortRows(body, table);
}

adoptAll("[data-qt-rows]", (body) => {
  const name = body.dataset.qtRows ?? "", bodies = tables.get(name) ?? new Map();
  /** @type {Table} */
  const table = { columns: columnsOf(body), rows: new Map(), orders: new WeakMap() };
  tables.set(name, bodies);
  bodies.set(body, table);
  body.addEventListener("mouseleave", () => sortRows(body, table));
  draw(body, table, Object.keys(model[`rows:${name}`] ?? {}));
});

onPart("rows", (name, changed, removed) => {
  tables.get(name)?.forEach((table, body, bodies) => {
    if (body.isConnected) {
      draw(body, table, [...Object.keys(changed), ...removed]);
    } else {
      bodies.delete(body);
    }
  });
});
